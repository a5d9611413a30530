"""The other files of a rule directory: reason codes, exchange rates and models."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from fraudstream.events.money import EXPONENTS
from fraudstream.events.rates import RateTable
from fraudstream.rules.fields import Day, Strict
from fraudstream.rules.schema import FeatureSpec
from fraudstream.rules.states import STATE_SUFFIX


class ReasonCodes(Strict):
    """rules/reason_codes.yml: code -> what it tells a reader of an alert."""

    schema_: Literal["fraudstream.reason_codes/v1"] = Field(alias="schema")
    reason_codes: dict[str, str]


def _rate(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Rate = Annotated[float, BeforeValidator(_rate), Field(gt=0, allow_inf_nan=False)]


class DatedRates(Strict):
    """Units of each currency per unit of the base, from a day on."""

    from_: Day = Field(alias="from")
    per_base: dict[str, Rate]


class Rates(Strict):
    """rules/rates.yml."""

    schema_: Literal["fraudstream.rates/v1"] = Field(alias="schema")
    base: str
    """The currency whose rate is 1."""
    source: str
    """Who publishes the rates."""
    rates: list[DatedRates]
    """In rising order of their days."""

    def table(self) -> RateTable:
        """Return the table; ValueError where a currency is unknown or the dates do not rise."""
        for code in {self.base}.union(*(dated.per_base for dated in self.rates)):
            if code not in EXPONENTS:
                raise ValueError(f"{code} is no ISO 4217 code")
        if any(self.base in dated.per_base for dated in self.rates):
            raise ValueError(f"{self.base} is the base, whose rate is 1: take it out")
        return RateTable(self.base, tuple((dated.from_, dated.per_base) for dated in self.rates))


class Usual(Strict):
    """What is usual for the entity, for the reader of an alert: expressions, which the model never reads."""

    value: str | None = None
    """What lies between the bounds; the input itself unless given."""
    low: str | None = None
    high: str | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Usual:
        if self.low is None and self.high is None:
            raise ValueError("it has no bound: give low, high or both")
        return self

    def texts(self) -> dict[str, str]:
        """Return the expressions that are given, by what they are."""
        return self.model_dump(exclude_none=True)


class ModelInput(Strict):
    """One input of a model: an expression over columns and windows."""

    expr: str
    missing: float | None = None
    """What is put where it has no value; the mean of its earlier values unless given."""
    usual: Usual | None = None
    """Between which values of the entity an alert shows it."""


def _from_text(value: object) -> object:
    return {"expr": value} if isinstance(value, str) else value


Input = Annotated[ModelInput, BeforeValidator(_from_text, json_schema_input_type=str | ModelInput)]
"""A bare text is short for `{expr: text}`."""


class ModelFile(Strict):
    """rules/models/*.yml: what a model reads; how it learns is the scorers' part, kept as it is."""

    schema_: Literal["fraudstream.model/v1"] = Field(alias="schema")
    id: str
    title: str
    windows: dict[str, FeatureSpec] = Field(default_factory=dict)
    features: dict[str, Input] = Field(min_length=1)
    scaler: Any = None
    estimator: Any
    warm_up: Any
    seed: Any
    learn: Any = None
    guard: Any = None
    on_drift: Any = None
    start_from: str | None = None
    """What it has learned when it begins: a file beside this one, written by `fraudstream model export`."""

    @field_validator("start_from")
    @classmethod
    def _lies_beside(cls, value: str | None) -> str | None:
        path = PurePosixPath(value or "")
        if value is not None and (path.suffix != STATE_SUFFIX or path.is_absolute() or ".." in path.parts):
            raise ValueError(
                f"name a file beside this one or below that ends in {STATE_SUFFIX}, not {value!r}"
            )
        return value

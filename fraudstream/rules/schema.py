"""The rule file, schema `fraudstream.rule/v1`: its fields and what each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fraudstream.features.catalogue import OF_EVENTS, WINDOWED, Aggregate, Feature
from fraudstream.rules.durations import parse_duration

RULE_SCHEMA = "fraudstream.rule/v1"
_NAME = r"^[a-z][a-z0-9_]*$"


class Strict(BaseModel):
    """A part of a file: unknown keys are refused, values are not bent into shape."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def _duration(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit: write a duration such as 24h")
    return parse_duration(value) if isinstance(value, str) else value


def _columns(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _date(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no day: write it as 2026-09-01") from None


DurationUs = Annotated[int, BeforeValidator(_duration), Field(gt=0)]
"""Microseconds, written `7d`."""
Columns = Annotated[tuple[str, ...], BeforeValidator(_columns), Field(min_length=1, max_length=3)]
"""One column, or a list of at most three."""
Day = Annotated[date, BeforeValidator(_date)]


class Status(StrEnum):
    """Where a rule stands: only live rules act; shadow rules are evaluated and counted."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class Action(StrEnum):
    """What is done about an event."""

    ALLOW = "allow"
    REVIEW = "review"
    REPORT = "report"
    HOLD = "hold"
    BLOCK = "block"


class FeatureSpec(Strict):
    """One entry of `features:`: an aggregate, what it counts, for whom, and in which window."""

    count: Literal["events"] | None = None
    sum: str | None = None
    avg: str | None = None
    min: str | None = None
    max: str | None = None
    distinct: str | None = None
    last: str | None = None
    time_since_last: Literal["events"] | None = None
    time_since_first: Literal["events"] | None = None
    first_seen: Literal["events"] | None = None
    where: str | None = None
    by: Columns
    for_: Columns | None = Field(None, alias="for")
    window: DurationUs | None = None
    include_current: bool | None = None

    @property
    def aggregate(self) -> Aggregate:
        """The one aggregate that is given."""
        return next(each for each in Aggregate if getattr(self, each) is not None)

    @property
    def value(self) -> str | None:
        """The column that is aggregated, None for the events themselves."""
        return None if self.aggregate in OF_EVENTS else getattr(self, self.aggregate)

    @model_validator(mode="after")
    def _fits(self) -> FeatureSpec:
        given = [each for each in Aggregate if getattr(self, each) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one aggregate of {', '.join(Aggregate)}")
        if (self.aggregate in WINDOWED) != (
            self.window is not None
        ) and self.aggregate not in _MAYBE_WINDOWED:
            need = "needs a window, such as 24h" if self.window is None else "takes no window: remove it"
            raise ValueError(f"{self.aggregate} {need}")
        if self.for_ is not None and len(self.for_) != len(self.by):
            raise ValueError("for: must have as many columns as by")
        return self

    def feature(self, where: object) -> Feature:
        """Return the feature; `last` and `time_since_last` leave out the current event unless told."""
        default = self.aggregate not in _MAYBE_WINDOWED
        current = default if self.include_current is None else self.include_current
        return Feature(
            self.aggregate,
            self.value,
            where,
            self.by,
            self.for_ or self.by,
            self.window,
            current,
        )


_MAYBE_WINDOWED = (Aggregate.LAST, Aggregate.TIME_SINCE_LAST)


class Suppress(Strict):
    """After an alert, further alerts of the rule for the same key are kept back for a while."""

    by: Columns
    for_: DurationUs = Field(alias="for")


class Then(Strict):
    """What a hit does: an action, a score from 0 to 100, and a reason."""

    action: Annotated[Action, Field(strict=False)]
    score: int = Field(ge=0, le=100)
    reason_code: str
    suppress: Suppress | None = None
    alerts_per_hour_max: int | None = Field(None, ge=1)


Bound = int | float | str
"""A number, or the text of a number, a duration or a parameter."""


class BandSpec(Strict):
    """The numbers from `from` (inclusive) to `to` (exclusive), and where a hit there differs from `then`."""

    name: str = Field(pattern=_NAME)
    from_: Bound | None = Field(None, alias="from")
    to: Bound | None = None
    action: Annotated[Action | None, Field(strict=False)] = None
    score: int | None = Field(None, ge=0, le=100)
    reason_code: str | None = None


class Bands(Strict):
    """Maps one number, `of`, to several named outcomes."""

    of: str
    outcomes: list[BandSpec] = Field(min_length=1)


class Outcome(NamedTuple):
    """What a hit does; `band` is None where the rule has none."""

    band: str | None
    action: Action
    score: int
    reason_code: str


class Effective(Strict):
    """The days of event time in which the rule is evaluated: `from` inclusive, `to` exclusive, UTC."""

    from_: Day | None = Field(None, alias="from")
    to: Day | None = None

    @model_validator(mode="after")
    def _rises(self) -> Effective:
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise ValueError("`to` must lie after `from`: the rule would never be evaluated")
        return self


class Case(Strict):
    """One inline test: events before, the event, and what the rule must say, a hit also in which band."""

    name: str
    history: list[dict[str, Any]] | None = None
    event: dict[str, Any] = {}
    scores: dict[str, float] = {}
    expect: Literal["hit", "miss", "not_evaluated"]
    band: str | None = None

    @model_validator(mode="after")
    def _band_is_of_a_hit(self) -> Case:
        if self.band is not None and self.expect != "hit":
            raise ValueError(
                f"only a hit lies in a band: take band out, or write expect: hit in {self.name!r}"
            )
        return self


class Accepted(Strict):
    """A change of the rule that no case can notice, in the words of `fraudstream rules mutate`, and why."""

    change: str
    because: str = Field(min_length=1)


class Tests(Strict):
    """The inline tests; defaults are put under every event."""

    defaults: dict[str, Any] = {}
    history: list[dict[str, Any]] = []
    cases: list[Case]
    accept: list[Accepted] = []

    @model_validator(mode="after")
    def _names_differ(self) -> Tests:
        names = [case.name for case in self.cases]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two cases are named {name!r}: give each its own name")
        return self


Condition = str | Mapping[str, Any]


def _condition(value: object) -> object:
    """Check the shape of `when`: an expression, or all / any of a list, or not of one."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        word, operand = next(iter(value.items()))
        if word == "not":
            return {word: _condition(operand)}
        if word in ("all", "any") and isinstance(operand, list) and operand:
            return {word: [_condition(each) for each in operand]}
    raise ValueError("write an expression, or one of all: [...], any: [...], not: ...")


ParamValue = bool | int | float | str | list[int | float | str]


class RuleSpec(Strict):
    """One rule file."""

    schema_: Literal["fraudstream.rule/v1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$")
    version: int = Field(ge=1)
    title: str
    status: Annotated[Status, Field(strict=False)]
    effective: Effective = Effective()
    owner: str
    severity: Literal["low", "medium", "high", "critical"]
    typology: str
    regulation: list[str] = []
    references: list[str] = []
    rationale: str
    false_positives: list[str] = Field(min_length=1)
    investigate: list[str] = Field(min_length=1)
    params: dict[Annotated[str, Field(pattern=_NAME)], ParamValue] = {}
    features: dict[Annotated[str, Field(pattern=_NAME)], FeatureSpec] = {}
    when: Annotated[Condition, AfterValidator(_condition)]
    bands: Bands | None = None
    then: Then
    tests: Tests

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What a hit may do: one outcome per band, or the only one."""
        then = self.then
        if self.bands is None:
            return (Outcome(None, then.action, then.score, then.reason_code),)
        return tuple(
            Outcome(
                band.name,
                band.action or then.action,
                then.score if band.score is None else band.score,
                band.reason_code or then.reason_code,
            )
            for band in self.bands.outcomes
        )

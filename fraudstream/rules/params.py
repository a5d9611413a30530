"""Parameters: plain values, or values with a unit, as constants of the language."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fraudstream.events.money import EXPONENTS
from fraudstream.rules.durations import DURATION_UNITS, parse_duration
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.tree import UNITS, Constant, Duration, Money, Quantity


class QuantityParam(BaseModel):
    """A parameter with its unit: a currency, km, km_per_h, percent, count, or s, m, h, d, w."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    value: Annotated[int | float, Field(allow_inf_nan=False)]
    unit: str
    description: str | None = None

    @model_validator(mode="after")
    def _has_a_unit(self) -> QuantityParam:
        known = (*EXPONENTS, *UNITS, *DURATION_UNITS)
        if self.unit not in known:
            remedy = did_you_mean(self.unit, known) or "use a currency such as USD, km, percent, count or h"
            raise ValueError(f"{self.unit!r} is no unit: {remedy}")
        if self.unit in DURATION_UNITS and not isinstance(self.value, int):
            raise ValueError(
                f"{self.value} {self.unit} is no duration: write a whole number of a smaller unit"
            )
        return self


ParamValue = bool | int | float | str | list[int | float | str] | QuantityParam


def constant_of(value: ParamValue) -> Constant:
    """Return a parameter as a constant of the language; `24h` is a duration, other texts are texts."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, QuantityParam):
        return _quantity(Decimal(str(value.value)), value.unit)
    try:
        return Duration(parse_duration(str(value)))
    except ValueError:
        return str(value)


def _quantity(value: Decimal, unit: str) -> Constant:
    """Return a number in a unit as a constant: an amount of money, a duration, or a quantity."""
    if unit in EXPONENTS:
        return Money(value, unit)
    if unit in DURATION_UNITS:
        return Duration(int(value) * DURATION_UNITS[unit])
    return Quantity(value, unit)

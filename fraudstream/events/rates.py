"""Dated exchange rates: amounts of any currency in one currency's minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined
from fraudstream.events.money import factor

_RANGE = 2.0**63


@inlined
def converted(minor: Integer, ratio: float) -> tuple[int, bool]:
    """Return minor units times a ratio, rounded half to even, and whether there is such an int64.

    A ratio of 1 leaves the integer as it is; a ratio of NaN gives nothing.
    """
    if ratio == 1.0:
        return minor, True
    nearest = np.rint(minor * ratio)
    fits = abs(nearest) < _RANGE
    return int(nearest) if fits else 0, fits


@dataclass(frozen=True)
class RateTable:
    """Units of each currency per one unit of `base`, by the date from which they hold.

    An event before the first date uses the first; a currency without a rate has no converted amount.
    """

    base: str
    dated: tuple[tuple[date, Mapping[str, float]], ...]

    def __post_init__(self) -> None:
        if not self.dated:
            raise ValueError("a rate table needs at least one date with rates")
        days = [day for day, _ in self.dated]
        if days != sorted(set(days)):
            raise ValueError("the dates of a rate table must rise: sort them, and give each date once")

    @property
    def currencies(self) -> frozenset[str]:
        """Every currency that has a rate at some date, the base included."""
        return frozenset({self.base}.union(*(rates for _, rates in self.dated)))

    @property
    def days_us(self) -> list[int]:
        """The times in microseconds from which the rates of each date hold."""
        return [_microseconds(day) for day, _ in self.dated]

    def ratios(self, currencies: Sequence[str], to: str) -> NDArray[np.float64]:
        """Return minor units of `to` per minor unit [dates, currencies], NaN where there is no rate."""
        rows = [[self._minor_ratio(rates, code, to) for code in currencies] for _, rates in self.dated]
        return np.array(rows)

    def _minor_ratio(self, rates: Mapping[str, float], code: str, to: str) -> float:
        """Minor units of `to` per minor unit of `code`, NaN where a rate is missing."""
        if code == to:
            return 1.0
        both = {self.base: 1.0, **rates}
        if code not in both or to not in both:
            return float("nan")
        return both[to] / both[code] * factor(to) / factor(code)


def _microseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000

"""Dated exchange rates: amounts of any currency in one currency's minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import Numbers
from fraudstream.events.money import factor


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

    def convert(
        self, amounts: Numbers, currencies: Sequence[str | None], time_us: NDArray[np.int64], to: str
    ) -> Numbers:
        """Return n amounts in minor units of `to`, rounded half to even; same currency = same integer."""
        days_us = [_microseconds(day) for day, _ in self.dated]
        period = np.maximum(np.searchsorted(np.array(days_us), time_us, side="right") - 1, 0)
        codes = {code: index for index, code in enumerate(dict.fromkeys(currencies))}
        table = np.array([[self._minor_ratio(each, code, to) for code in codes] for _, each in self.dated])
        ratio = table[period, np.fromiter(map(codes.__getitem__, currencies), np.intp, len(currencies))]
        present = amounts.present & ~np.isnan(ratio)
        minor = np.rint(amounts.values * np.where(present, ratio, 0.0)).astype(np.int64)
        return Numbers(np.where(ratio == 1.0, amounts.values, minor), present)

    def _minor_ratio(self, rates: Mapping[str, float], code: str | None, to: str) -> float:
        """Minor units of `to` per minor unit of `code`, NaN where a rate is missing."""
        if code is None:
            return float("nan")
        if code == to:
            return 1.0
        both = {self.base: 1.0, **rates}
        if code not in both or to not in both:
            return float("nan")
        return both[to] / both[code] * factor(to) / factor(code)


def _microseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000

"""An obvious, slow answer to what every feature should be: keep all events, filter, aggregate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fraudstream.features.catalogue import (
    OF_FIRST,
    OF_LAST,
    SUMMED,
    WINDOWED,
    Aggregate,
    Feature,
    Limits,
)

PANES = 64
MICRO = 10**6

Value = int | float | None


@dataclass(frozen=True)
class Seen:
    """One event as the oracle keeps it; `flags` are the conditions that it meets."""

    time_us: int
    keys: dict[str, int | None]
    values: dict[str, Value]
    flags: frozenset[str]


class WindowOracle:
    """Answers by going through every event seen so far; float columns are those named in `floats`."""

    def __init__(
        self, features: Sequence[Feature], limits: Limits, floats: frozenset[str] = frozenset()
    ) -> None:
        self._features = features
        self._limits = limits
        self._floats = floats
        reaches = [
            (feature.window_us or 0) + feature.offset_us
            for feature in features
            if feature.aggregate in WINDOWED and not self._is_long(feature)
        ]
        self._retention_us = limits.lateness_us + max([1, *reaches])
        self._seen: list[Seen] = []
        self._watermark_us: int | None = None

    def _is_long(self, feature: Feature) -> bool:
        return (feature.window_us or 0) + feature.offset_us > self._limits.exact_us

    def next(self, event: Seen) -> list[Value]:
        """Return the features of the next event of the stream, None where there is no value."""
        before = [event.time_us] if self._watermark_us is None else [self._watermark_us, event.time_us]
        self._watermark_us = max(before)
        behind_us = self._watermark_us - event.time_us
        if behind_us >= self._retention_us and behind_us > 0:
            return [None] * len(self._features)
        answers = [self._answer(feature, event) for feature in self._features]
        self._seen.append(event)
        return answers

    def _answer(self, feature: Feature, event: Seen) -> Value:
        wanted = tuple(event.keys[name] for name in feature.read_by)
        if None in wanted:
            return None
        events = [*self._seen, event] if feature.include_current else self._seen
        mine = [
            seen
            for seen in events
            if tuple(seen.keys[name] for name in feature.by) == wanted
            and (feature.where is None or feature.where in seen.flags)
            and (feature.value is None or seen.values[feature.value] is not None)
        ]
        if feature.aggregate in OF_FIRST:
            return self._first(feature, event.time_us, mine)
        if feature.aggregate in OF_LAST:
            return self._last(feature, event.time_us, mine)
        inside = [seen for seen in mine if self._is_inside(feature, seen, event, mine)]
        return self._aggregate(feature, event, inside)

    def _is_inside(self, feature: Feature, seen: Seen, event: Seen, mine: list[Seen]) -> bool:
        window_us = feature.window_us or 0
        if self._is_long(feature):
            pane_us = -(-window_us // PANES)
            now_us = max([event.time_us, *(each.time_us for each in mine)])
            low = (now_us - feature.offset_us - window_us) // pane_us
            return low <= seen.time_us // pane_us <= (now_us - feature.offset_us) // pane_us
        high_us = event.time_us - feature.offset_us
        low_us = max(high_us - window_us, (self._watermark_us or 0) - self._retention_us)
        return low_us < seen.time_us <= high_us

    def _number(self, feature: Feature, seen: Seen) -> int | float:
        value = seen.values[feature.value or ""]
        assert value is not None
        if feature.value in self._floats and feature.aggregate in SUMMED:
            return round(value * MICRO)
        return value

    def _aggregate(self, feature: Feature, event: Seen, inside: list[Seen]) -> Value:
        kind = feature.aggregate
        if kind is Aggregate.COUNT:
            return len(inside)
        values = [self._number(feature, seen) for seen in inside]
        if kind is Aggregate.DISTINCT:
            return len(set(values))
        if kind in (Aggregate.MIN, Aggregate.MAX):
            return (min if kind is Aggregate.MIN else max)(values, default=None)
        whole = [int(value) for value in values]
        scale = MICRO if feature.value in self._floats else 1
        if kind is Aggregate.SUM:
            return sum(whole) / scale if feature.value in self._floats else sum(whole)
        if kind is Aggregate.MEDIAN:
            return _middle(sorted(whole)[(len(whole) - 1) // 2]) / scale if whole else None
        average = float(sum(whole)) / float(len(whole)) if whole else None
        if kind is Aggregate.AVG:
            return None if average is None else average / scale
        spread = _deviation(whole)
        if kind is Aggregate.STDDEV:
            return None if spread is None else spread / scale
        if event.values[feature.value or ""] is None:
            return None
        own = self._number(feature, event)
        if kind is Aggregate.RATIO:
            return own / average if average else None
        return (own - average) / spread if spread and average is not None else None

    def _last(self, feature: Feature, t_us: int, mine: list[Seen]) -> Value:
        mine = [seen for seen in mine if seen.time_us <= t_us]
        if not mine:
            return None
        # Of equal times the later arrival counts; `max` keeps the first, so the order is turned.
        last = max(reversed(mine), key=lambda seen: seen.time_us)
        if t_us - last.time_us > self._limits.ever_us:
            return None
        if feature.window_us is not None and last.time_us <= t_us - feature.window_us:
            return None
        if feature.aggregate is Aggregate.TIME_SINCE_LAST:
            return t_us - last.time_us
        return last.values[feature.value or ""]

    def _first(self, feature: Feature, t_us: int, mine: list[Seen]) -> Value:
        first_us = newest_us = None
        for seen in mine:
            forgotten = newest_us is not None and seen.time_us - newest_us > self._limits.ever_us
            if first_us is None or newest_us is None or forgotten:
                first_us = newest_us = seen.time_us
            first_us, newest_us = min(first_us, seen.time_us), max(newest_us, seen.time_us)
        if first_us is None or newest_us is None or first_us > t_us:
            return None
        if t_us - newest_us > self._limits.ever_us:
            return None
        return first_us if feature.aggregate is Aggregate.FIRST_SEEN else t_us - first_us


def _deviation(values: list[int]) -> float | None:
    number = len(values)
    if number < 2:
        return None
    numerator = number * sum(value * value for value in values) - sum(values) ** 2
    return math.sqrt(Fraction(numerator, number * (number - 1)))


def _middle(value: int) -> int:
    """Return the middle of the bucket in which a median lies."""
    low, high = 0, 1
    while high <= abs(value):
        low, high = high, max(high + 1, high * 103 // 100)
    middle = (low + high - 1) // 2
    return -middle if value < 0 else middle

"""An obvious, slow answer to what every feature should be: keep all events, filter, aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fraudstream.features.catalogue import Aggregate, Feature


@dataclass(frozen=True)
class Seen:
    """One event as the oracle keeps it; `flags` are the conditions that it meets."""

    time_us: int
    keys: dict[str, int | None]
    values: dict[str, int | None]
    flags: frozenset[str]


class WindowOracle:
    """Answers by going through every event seen so far."""

    def __init__(self, features: Sequence[Feature], lateness_us: int) -> None:
        self._features = features
        self._lateness_us = lateness_us
        windows = [
            feature.window_us or 0
            for feature in features
            if feature.aggregate not in (Aggregate.LAST, Aggregate.TIME_SINCE_LAST)
        ]
        self._retention_us = lateness_us + (max(windows, default=0) or 1)
        self._seen: list[Seen] = []
        self._watermark_us: int | None = None

    def next(self, event: Seen) -> list[int | Fraction | None]:
        """Return the features of the next event of the stream, None where there is no value."""
        before = [event.time_us] if self._watermark_us is None else [self._watermark_us, event.time_us]
        self._watermark_us = max(before)
        behind_us = self._watermark_us - event.time_us
        if behind_us >= self._retention_us and behind_us > 0:
            return [None] * len(self._features)
        self._late = behind_us > self._lateness_us
        self._horizon_us = self._watermark_us - self._retention_us
        answers = [self._answer(feature, event) for feature in self._features]
        self._seen.append(event)
        return answers

    def _answer(self, feature: Feature, event: Seen) -> int | Fraction | None:
        wanted = tuple(event.keys[name] for name in feature.read_by)
        if None in wanted:
            return None
        events = [*self._seen, event] if feature.include_current else self._seen
        mine = [
            seen
            for seen in events
            if tuple(seen.keys[name] for name in feature.by) == wanted
            and seen.time_us <= event.time_us
            and (feature.where is None or feature.where in seen.flags)
            and (feature.value is None or seen.values[feature.value] is not None)
        ]
        return self._aggregate(feature, event.time_us, mine)

    def _aggregate(self, feature: Feature, t_us: int, mine: list[Seen]) -> int | Fraction | None:
        kind, window_us = feature.aggregate, feature.window_us
        if kind in (Aggregate.FIRST_SEEN, Aggregate.TIME_SINCE_FIRST):
            first = min((seen.time_us for seen in mine), default=None)
            if first is None:
                return None
            return first if kind is Aggregate.FIRST_SEEN else t_us - first
        if kind in (Aggregate.LAST, Aggregate.TIME_SINCE_LAST):
            return self._last(feature, t_us, mine)
        low_us = max(t_us - (window_us or 0), self._horizon_us)
        inside = [seen for seen in mine if seen.time_us > low_us]
        if kind is Aggregate.COUNT:
            return len(inside)
        values = [seen.values[feature.value or ""] or 0 for seen in inside]
        if kind is Aggregate.SUM:
            return sum(values)
        if kind is Aggregate.DISTINCT:
            return len(set(values))
        if not values:
            return None
        if kind is Aggregate.AVG:
            return Fraction(sum(values), len(values))
        return min(values) if kind is Aggregate.MIN else max(values)

    def _last(self, feature: Feature, t_us: int, mine: list[Seen]) -> int | None:
        if not mine:
            return None
        # Of equal times the later arrival counts; `max` keeps the first, so the order is turned.
        last = max(reversed(mine), key=lambda seen: seen.time_us)
        if self._late and last.time_us <= self._horizon_us:
            return None
        if feature.window_us is not None and last.time_us <= t_us - feature.window_us:
            return None
        if feature.aggregate is Aggregate.TIME_SINCE_LAST:
            return t_us - last.time_us
        return last.values[feature.value or ""]

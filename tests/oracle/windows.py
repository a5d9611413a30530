"""What every feature is at every event: keep all that counted, filter, aggregate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.conditions import Numeric, Scalar, Scope, convert, read_column, truth
from tests.oracle.language import DAY_US, Column, Converted, Feature, Ruleset
from tests.oracle.messages import LEVEL, Event

EVER_US = 400 * DAY_US
"""A feature without a window forgets after so long."""
PANES = 64
MICRO = 1_000_000
_SCALED = ("sum", "avg", "stddev", "median", "ratio", "zscore")
_MEMORIES = ("last", "time_since_last", "first_seen", "time_since_first")
ON_TIME, LATE, ANCIENT = "on time", "late", "ancient"


@dataclass(frozen=True)
class Counted:
    """An event that a feature counted under a key."""

    t_us: int
    key: tuple[str, ...]
    value: Scalar


@dataclass
class Clock:
    """The watermark, and how far back events are kept; neither ever goes back."""

    lateness_us: int
    exact_us: int
    watermark_us: int = 0
    horizon_us: int = -(2**62)

    def retention_us(self, features: Sequence[Feature]) -> int:
        """Return the lateness plus the longest exact reach, at least a microsecond."""
        reaches = [
            feature.reach_us
            for feature in features
            if feature.aggregate not in _MEMORIES and feature.reach_us <= self.exact_us
        ]
        return max(1, self.lateness_us + max(reaches, default=0))

    def move(self, t_us: int, retention_us: int) -> str:
        """Move to an event and return whether it is on time, late or ancient."""
        self.watermark_us = max(self.watermark_us, t_us)
        self.horizon_us = max(self.horizon_us, self.watermark_us - retention_us)
        behind_us = self.watermark_us - t_us
        if behind_us > 0 and t_us <= self.horizon_us:
            return ANCIENT
        return LATE if behind_us > self.lateness_us else ON_TIME


@dataclass
class Windows:
    """The features of a ruleset and all that each has counted since it is there."""

    ruleset: Ruleset
    clock: Clock
    _counted: dict[Feature, list[Counted]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.features = [feature for rule in self.ruleset.rules for _, feature in rule.features]
        for feature in self.features:
            self._counted.setdefault(cell(feature), [])

    def reload(self, ruleset: Ruleset) -> Windows:
        """Return the windows of another ruleset: what both count goes on, what is new begins now."""
        after = Windows(ruleset, self.clock)
        after._counted = {each: self._counted.get(each, []) for each in after._counted}
        return after

    def retention_us(self) -> int:
        """Return how far back events are kept."""
        return self.clock.retention_us(self.features)

    def advance(self, event: Event, lateness: str) -> Mapping[Feature, Scalar | None]:
        """Return every feature at an event, and count the event."""
        if lateness == ANCIENT:
            return dict.fromkeys(self.features)
        own = {each: self._count(each, event) for each in self._counted}
        values = {}
        for feature in self.features:
            seen, current = self._counted[cell(feature)], own[cell(feature)]
            if current is not None and feature.includes_current:
                seen = [*seen, current]
            values[feature] = self._value(feature, event, seen)
        for each, current in own.items():
            if current is not None and not self._behind_panes(each, current):
                self._counted[each].append(current)
        return values

    def _count(self, feature: Feature, event: Event) -> Counted | None:
        """Return what a feature counts of an event, None where that is nothing."""
        key = event.key(feature.by)
        value = own_value(feature, event, self.ruleset)
        scope = Scope(self.ruleset, event, {}, lambda _: None)
        surely = feature.where is None or truth(feature.where, scope) is True
        return Counted(event.t_us, key, value) if key and value is not None and surely else None

    def _is_long(self, feature: Feature) -> bool:
        return feature.aggregate not in _MEMORIES and feature.reach_us > self.clock.exact_us

    def _behind_panes(self, feature: Feature, current: Counted) -> bool:
        """Tell whether an event is older than the oldest pane of its entity."""
        if not self._is_long(feature):
            return False
        low, _ = self._panes(feature, current.t_us, self._counted[feature], current.key)
        return _pane(feature, current.t_us) < low

    def _panes(
        self, feature: Feature, t_us: int, seen: Sequence[Counted], key: tuple[str, ...]
    ) -> tuple[int, int]:
        """Return the first and the last pane of a long window."""
        newest_us = max([t_us, *(each.t_us for each in seen if each.key == key)])
        end_us = newest_us - feature.offset_us
        return _pane(feature, end_us - (feature.window_us or 0)), _pane(feature, end_us)

    def _value(self, feature: Feature, event: Event, seen: Sequence[Counted]) -> Scalar | None:
        key = event.key(feature.read_by)
        if key is None:
            return None
        mine = [each for each in seen if each.key == key]
        if feature.aggregate in _MEMORIES:
            return _memory(feature, event.t_us, mine)
        if self._is_long(feature):
            low, high = self._panes(feature, event.t_us, seen, key)
            inside = [each for each in mine if low <= _pane(feature, each.t_us) <= high]
        else:
            end_us = event.t_us - feature.offset_us
            low_us = max(end_us - (feature.window_us or 0), self.clock.horizon_us)
            inside = [each for each in mine if low_us < each.t_us <= end_us]
        own = own_value(feature, event, self.ruleset)
        return aggregate(feature, [each.value for each in inside], own)


def _memory(feature: Feature, t_us: int, mine: Sequence[Counted]) -> Scalar | None:
    """Return what is remembered without a window that moves."""
    if feature.aggregate in ("first_seen", "time_since_first"):
        first_us = _first_us(t_us, mine)
        if first_us is None or feature.aggregate == "first_seen":
            return first_us
        return t_us - first_us
    before = [each for each in mine if each.t_us <= t_us]
    if not before:
        return None
    newest_us = max(each.t_us for each in before)
    # Of equal times the later arrival counts.
    last = [each for each in before if each.t_us == newest_us][-1]
    reach_us = EVER_US if feature.window_us is None else min(feature.window_us - 1, EVER_US)
    if t_us - newest_us > reach_us:
        return None
    return last.value if feature.aggregate == "last" else t_us - newest_us


def cell(feature: Feature) -> Feature:
    """Return what features share that count the same: they differ only in who reads, and how."""
    family = {"time_since_last": "last", "time_since_first": "first_seen"}.get(
        feature.aggregate, feature.aggregate
    )
    window_us = None if family in _MEMORIES else feature.window_us
    return Feature(family, feature.value, feature.where, feature.by, (), window_us, feature.offset_us)


def own_value(feature: Feature, event: Event, ruleset: Ruleset) -> Scalar | None:
    """Return what an event brings to a feature, None where it has no value."""
    match feature.value:
        case None:
            return 1
        case Converted(currency):
            return convert(event, currency, ruleset)
        case Column(name):
            value = read_column(event, name)
    if feature.value.name == LEVEL and feature.aggregate in _SCALED and isinstance(value, float):
        return round(Fraction(value) * MICRO)
    return value


def _pane(feature: Feature, t_us: int) -> int:
    return t_us // -(-(feature.window_us or 0) // PANES)


def _first_us(t_us: int, mine: Sequence[Counted]) -> int | None:
    """Return the first time of an entity, which begins anew after it was idle for too long."""
    first_us = newest_us = None
    for each in mine:
        if newest_us is None or first_us is None or each.t_us - newest_us > EVER_US:
            first_us = newest_us = each.t_us
        first_us, newest_us = min(first_us, each.t_us), max(newest_us, each.t_us)
    if first_us is None or newest_us is None or first_us > t_us or t_us - newest_us > EVER_US:
        return None
    return first_us


def aggregate(feature: Feature, values: Sequence[Scalar], own: Scalar | None) -> Scalar | None:
    """Return an aggregate of values; `own` is the event's own value."""
    if feature.aggregate == "count":
        return len(values)
    if feature.aggregate == "distinct":
        return len(set(values))
    numbers: list[Numeric] = [value for value in values if not isinstance(value, str)]
    if feature.aggregate in ("min", "max"):
        pick = min if feature.aggregate == "min" else max
        return pick(numbers) if numbers else None
    assert own is None or isinstance(own, int)
    scale = MICRO if isinstance(feature.value, Column) and feature.value.name == LEVEL else 1
    return _moments(feature.aggregate, [int(number) for number in numbers], own, scale)


def _moments(kind: str, numbers: Sequence[int], own: int | None, scale: int) -> Numeric | None:
    number = len(numbers)
    total = sum(numbers)
    if kind == "sum":
        return total if scale == 1 else total / scale
    if not number:
        return None
    if kind == "median":
        middle = bucket_middle(sorted(numbers)[(number - 1) // 2])
        return middle if scale == 1 else middle / scale
    mean = float(total) / float(number)
    if kind == "avg":
        return mean / scale
    if kind == "ratio":
        return None if own is None or mean == 0 else float(own) / mean
    if number < 2:
        return None
    variance = Fraction(number * sum(each * each for each in numbers) - total * total, number * (number - 1))
    deviation = math.sqrt(variance)
    if kind == "stddev":
        return deviation / scale
    return (
        None
        if own is None or deviation == 0
        else float((own - Fraction(total, number)) / Fraction(deviation))
    )


def bucket_middle(value: int) -> int:
    """Return the middle of a value's bucket: b0 = 0, b(k+1) = max(b(k) + 1, floor(1.03 b(k))), mirrored."""
    if value < 0:
        return -bucket_middle(-value)
    low, high = 0, 1
    while high <= value:
        low, high = high, max(high + 1, high * 103 // 100)
    return (low + high - 1) // 2

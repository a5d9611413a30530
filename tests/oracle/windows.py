"""What every feature is at every event: keep all that counted, filter, aggregate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.aggregates import MICRO, aggregate
from tests.oracle.conditions import truth
from tests.oracle.language import DAY_US, Column, Converted
from tests.oracle.messages import LEVEL, Event
from tests.oracle.rulesets import Feature, Ruleset
from tests.oracle.sameness import same
from tests.oracle.values import Scalar, Scope, convert, read_column

EVER_US = 400 * DAY_US
"""A feature without a window forgets after so long."""
PANES = 64
_SCALED = ("sum", "avg", "stddev", "median", "ratio", "zscore")
_MEMORIES = ("last", "time_since_last", "first_seen", "time_since_first")


@dataclass(frozen=True)
class Counted:
    """An event that a feature counted under a key."""

    t_us: int
    key: tuple[str, ...]
    value: Scalar


@dataclass
class Clock:
    """The watermark, which never goes back; before the first event it lies before all times."""

    lateness_us: int
    exact_us: int
    watermark_us: int = -(2**62)

    def move(self, t_us: int) -> bool:
        """Move to an event and tell whether it is late."""
        self.watermark_us = max(self.watermark_us, t_us)
        return self.watermark_us - t_us > self.lateness_us


@dataclass
class Windows:
    """The features of a ruleset, by the generation in which each began."""

    ruleset: Ruleset
    clock: Clock
    generations: list[Generation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._same = {feature: same(feature) for rule in self.ruleset.rules for _, feature in rule.features}
        wanted = set(self._same.values())
        known = {feature for each in self.generations for feature in each.features}
        # What nobody wants is gone; what is not there yet begins now.
        self.generations = [each.keep(wanted) for each in self.generations if wanted & each.features]
        if wanted - known:
            self.generations.append(Generation(frozenset(wanted - known), self.clock))

    def reload(self, ruleset: Ruleset) -> Windows:
        """Return the windows of another ruleset."""
        return Windows(ruleset, self.clock, self.generations)

    def advance(self, event: Event) -> Mapping[Feature, Scalar | None]:
        """Return every feature at an event, and count the event."""
        found: dict[Feature, Scalar | None] = {}
        for generation in self.generations:
            found |= generation.advance(event, self.ruleset)
        return {feature: found[form] for feature, form in self._same.items()}

    def is_ancient(self, event: Event) -> bool:
        """Tell whether some features do not count an event because it is too old."""
        return any(each.is_ancient(event) for each in self.generations)


class Generation:
    """Features that began together, and all that each has counted since then.

    How far back it reaches stays as it was when it began, whichever of its features go.
    """

    def __init__(self, features: frozenset[Feature], clock: Clock) -> None:
        self.features = features
        self.clock = clock
        exact = [each.reach_us for each in features if each.aggregate not in _MEMORIES]
        longest_us = max((each for each in exact if each <= clock.exact_us), default=0)
        self._retention_us = clock.lateness_us + max(1, longest_us)
        self._counted: dict[Feature, list[Counted]] = {cell(feature): [] for feature in features}

    def keep(self, wanted: Set[Feature]) -> Generation:
        """Return what is left of the generation: its features that are wanted."""
        self.features &= wanted
        return self

    @property
    def _horizon_us(self) -> int:
        return self.clock.watermark_us - self._retention_us

    def is_ancient(self, event: Event) -> bool:
        """Tell whether an event is too old to be counted."""
        return event.t_us <= self._horizon_us

    def advance(self, event: Event, ruleset: Ruleset) -> Mapping[Feature, Scalar | None]:
        """Return every feature at an event, and count the event."""
        if self.is_ancient(event):
            return dict.fromkeys(self.features)
        own = {each: _count(each, event, ruleset) for each in {cell(feature) for feature in self.features}}
        values = {}
        for feature in self.features:
            seen, current = self._counted[cell(feature)], own[cell(feature)]
            if current is not None and feature.includes_current:
                seen = [*seen, current]
            values[feature] = self._value(feature, event, seen, own_value(feature, event, ruleset))
        for each, counted in own.items():
            if counted is not None and not self._behind_panes(each, counted):
                self._counted[each].append(counted)
        return values

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

    def _value(
        self, feature: Feature, event: Event, seen: Sequence[Counted], own: Scalar | None
    ) -> Scalar | None:
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
            low_us = max(end_us - (feature.window_us or 0), self._horizon_us)
            inside = [each for each in mine if low_us < each.t_us <= end_us]
        return aggregate(feature, [each.value for each in inside], own)


def _count(feature: Feature, event: Event, ruleset: Ruleset) -> Counted | None:
    """Return what a feature counts of an event, None where that is nothing."""
    key = event.key(feature.by)
    value = own_value(feature, event, ruleset)
    scope = Scope(ruleset, event, {}, lambda _: None)
    surely = feature.where is None or truth(feature.where, scope) is True
    return Counted(event.t_us, key, value) if key and value is not None and surely else None


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

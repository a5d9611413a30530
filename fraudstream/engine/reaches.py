"""How far back a ruleset looks, and so for how long a gap in the past shows in what it decides."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.gaps import Gap
from fraudstream.engine.watermark import NEVER_US
from fraudstream.events.times import format_time
from fraudstream.features.catalogue import OF_FIRST, Feature, Limits
from fraudstream.features.layout import PANES
from fraudstream.rules.binding import Bound, BoundRule
from fraudstream.rules.references import needed
from fraudstream.rules.schema import Status

if TYPE_CHECKING:
    from fraudstream.engine.step import Settings

FOREVER_US = 2**61


class Reaches:
    """Says of each rule, and of the ruleset as a whole, how far back from an event it looks."""

    def __init__(self, bound: Bound, settings: Settings) -> None:
        self._bound = bound
        self._limits = settings.limits
        self._horizon_us = settings.duplicates.horizon_us

    def of_rule(self, rule_id: str) -> int:
        """Return the reach of a rule with the features of the rules and models that it names; 0: none."""
        return self._rules[rule_id]

    @cached_property
    def longest_us(self) -> int:
        """The reach of a decision: of all live rules and scored typologies, and of what is a duplicate."""
        live = [each.rule.id for each in self._bound.rules if each.rule.spec.status is Status.LIVE]
        reaches = [self._rules[rule_id] for rule_id in live]
        for _, score in self._bound.ruleset.typologies.scored:
            window_us = 0 if score.over is None else score.over.window
            names = {weight.partition(".")[0] for weight in score.weights}
            reaches.append(window_us + max((self._rules.get(name, 0) for name in names), default=0))
        return max([self._horizon_us, *reaches])

    @cached_property
    def _rules(self) -> dict[str, int]:
        by_id = {each.rule.id: each for each in self._bound.rules}
        every = [each.rule for each in self._bound.rules]
        return {
            name: max(map(self._own, [bound, *(by_id[each.id] for each in needed(bound.rule, every))]))
            for name, bound in by_id.items()
        }

    def _own(self, bound: BoundRule) -> int:
        named = [self._bound.features[index] for index in bound.features]
        for each in self._bound.models:
            if each.model.spec.id in bound.models:
                where = each.model.where
                named += [spec.feature(where[name]) for name, spec in each.model.spec.windows.items()]
        return max((reach(feature, self._limits) for feature in named), default=0)


def reach(feature: Feature, limits: Limits) -> int:
    """Return how far before an event a feature may count, in microseconds; FOREVER_US without a bound."""
    if feature.aggregate in OF_FIRST:
        return FOREVER_US
    if feature.window_us is None:
        return limits.ever_us
    back_us = feature.window_us + feature.offset_us
    if back_us > limits.exact_us:
        # A pane that reaches into the window counts as a whole.
        back_us += -(-feature.window_us // PANES)
    return back_us


class Warming:
    """A gap, as the decisions of a ruleset show it.

    What is missing may be dated up to the lateness after the event behind the gap. Whatever looks back beyond
    that from its own event has not seen all that it counts.
    """

    def __init__(self, gap: Gap, reaches: Reaches, lateness_us: int) -> None:
        self._gap = gap
        self._reaches = reaches
        self._complete_us = gap.to_us + lateness_us

    @property
    def until_us(self) -> int:
        """The event time from which on decisions are complete again."""
        return self._until(self._reaches.longest_us)

    def events(self, time_us: NDArray[np.int64]) -> int:
        """Return how many of some events are judged with an incomplete past."""
        return int(np.count_nonzero(time_us < self.until_us))

    def describe(self, time_us: int, rule_ids: Iterable[str]) -> dict[str, Any] | None:
        """Return what an alert on an event says of it, None where the event is judged by a whole past."""
        if time_us >= self.until_us:
            return None
        from_us, to_us = self._gap
        reaches = {rule_id: self._reaches.of_rule(rule_id) for rule_id in rule_ids}
        return {
            "missing": {"from": _written(from_us), "to": format_time(to_us)},
            "until": _written(self.until_us),
            "rules": [
                each for each, back_us in reaches.items() if back_us and time_us < self._until(back_us)
            ],
        }

    def _until(self, back_us: int) -> int:
        return min(self._complete_us + back_us, FOREVER_US)


def _written(us: int) -> str | None:
    return None if us in (NEVER_US, FOREVER_US) else format_time(us)

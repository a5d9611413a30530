"""How far back a ruleset looks, and so for how long a gap in the past shows in what it decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.gaps import Gap
from fraudstream.engine.newcomers import Newcomers
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
SHARE_DIGITS = 4


class Reaches:
    """Says of each rule, and of the ruleset as a whole, how far back from an event it looks."""

    def __init__(self, bound: Bound, settings: Settings) -> None:
        self._bound = bound
        self._limits = settings.limits
        self._horizon_us = settings.duplicates.horizon_us

    def of_rule(self, rule_id: str) -> int:
        """Return the reach of a rule with the features of the rules and models that it names; 0: none."""
        return self._rules[rule_id]

    def of_feature(self, feature: Feature) -> int:
        """Return the reach of a feature."""
        return reach(feature, self._limits)

    def looked_at(self, rule_id: str) -> Mapping[str, Feature]:
        """Return the features that a rule looks at, with those of the rules and models that it names.

        They are named `RULE-ID.name`, or `model.name`.
        """
        return self._looked_at[rule_id]

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
        return {
            name: max(map(self.of_feature, looked_at.values()), default=0)
            for name, looked_at in self._looked_at.items()
        }

    @cached_property
    def _looked_at(self) -> dict[str, dict[str, Feature]]:
        by_id = {each.rule.id: each for each in self._bound.rules}
        every = [each.rule for each in self._bound.rules]
        return {
            name: {
                named: feature
                for each in (bound, *(by_id[other.id] for other in needed(bound.rule, every)))
                for named, feature in self._own(each).items()
            }
            for name, bound in by_id.items()
        }

    def _own(self, bound: BoundRule) -> dict[str, Feature]:
        rule = bound.rule
        named = {
            f"{rule.id}.{name}": spec.feature(rule.where[name]) for name, spec in rule.spec.features.items()
        }
        read = set(map(self._bound.features.__getitem__, bound.features))
        named = {name: feature for name, feature in named.items() if feature in read}
        for each in self._bound.models:
            model = each.model.spec.id
            if model in bound.models:
                where = each.model.where
                named |= {
                    f"{model}.{name}": spec.feature(where[name])
                    for name, spec in each.model.spec.windows.items()
                }
        return named


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
    """What the past lacks, as the decisions of a ruleset show it: a gap, and features that a reload added.

    What is missing may be dated up to the lateness after the event behind the gap. Whatever looks back beyond
    that from its own event has not seen all that it counts. A new feature has missed nothing that is dated
    after the swap.
    """

    def __init__(self, gap: Gap | None, newcomers: Newcomers, reaches: Reaches, lateness_us: int) -> None:
        self._gap = gap
        self._newcomers = newcomers
        self._reaches = reaches
        self._complete_us = NEVER_US if gap is None else gap.to_us + lateness_us

    @property
    def until_us(self) -> int:
        """The event time from which on no decision lacks what is behind the gap."""
        return _after(self._complete_us, self._reaches.longest_us)

    def events(self, time_us: NDArray[np.int64]) -> int:
        """Return how many of some events are judged with a gap in their past."""
        return int(np.count_nonzero(time_us < self.until_us))

    def describe(self, time_us: int, rule_ids: Sequence[str]) -> dict[str, Any] | None:
        """Return what an alert on an event says of it, None where the event is judged by a whole past."""
        until_us = [self.until_us] if time_us < self.until_us else []
        cold = {rule_id: self._cold(rule_id, time_us) for rule_id in rule_ids}
        features = {name: feature for each in cold.values() for name, feature in each.items()}
        until_us += map(self._warm_us, features.values())
        if not until_us:
            return None
        return {
            "missing": self._missing() if time_us < self.until_us else None,
            "until": _written(max(until_us)),
            "rules": [each for each in rule_ids if cold[each] or self._lacks(each, time_us)],
            "features": [self._described(name, each, time_us) for name, each in features.items()],
        }

    def _cold(self, rule_id: str, time_us: int) -> dict[str, Feature]:
        if not self._newcomers:
            return {}
        looked_at = self._reaches.looked_at(rule_id)
        return {name: each for name, each in looked_at.items() if time_us < self._warm_us(each)}

    def _warm_us(self, feature: Feature) -> int:
        """Return the event time from which on a feature has all that it counts."""
        return _after(self._newcomers.missed_us(feature), self._reaches.of_feature(feature))

    def _lacks(self, rule_id: str, time_us: int) -> bool:
        back_us = self._reaches.of_rule(rule_id)
        return back_us > 0 and time_us < _after(self._complete_us, back_us)

    def _missing(self) -> dict[str, str | None] | None:
        if self._gap is None:
            return None
        return {"from": _written(self._gap.from_us), "to": format_time(self._gap.to_us)}

    def _described(self, name: str, feature: Feature, time_us: int) -> dict[str, str | float | None]:
        since_us, back_us = self._newcomers.missed_us(feature), self._reaches.of_feature(feature)
        passed = max(0, time_us - since_us) / back_us
        return {
            "name": name,
            "since": format_time(since_us),
            "until": _written(self._warm_us(feature)),
            "warm": None if back_us == FOREVER_US else round(passed, SHARE_DIGITS),
        }


def _after(us: int, back_us: int) -> int:
    return us if us == NEVER_US else min(us + back_us, FOREVER_US)


def _written(us: int) -> str | None:
    return None if us in (NEVER_US, FOREVER_US) else format_time(us)

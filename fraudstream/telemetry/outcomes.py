"""The outcomes of rules as a counter: added up as arrays, with a bound on its series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from fraudstream.telemetry.bounded import OTHER

HIT = 0
"""The place of hits among the outcomes."""
Key = tuple[str, str]
"""A rule and its status."""


class RuleOutcomes(Collector):
    """Counts the verdicts of every rule by outcome and status.

    Up to `rules_max` rules have series of their own: all of them where there are no more, else those that hit
    first. The others are counted together, by status. A rule that is no longer in force gives up its place
    where another needs one.
    """

    labels = ("rule", "outcome", "status")

    def __init__(
        self,
        name: str,
        documentation: str,
        outcomes: Sequence[str],
        registry: CollectorRegistry,
        rules_max: int,
    ) -> None:
        self.name, self.documentation = name, documentation
        self.rules_max = rules_max
        self._outcomes = tuple(outcomes)
        self._statuses: Mapping[str, str] = {}
        self._own: dict[Key, NDArray[np.int64]] = {}
        """What has series of its own; the counts are rows of `_counts` where the rule still runs."""
        self._others: dict[str, NDArray[np.int64]] = {}
        """What is counted together, by status."""
        self._arrange(())
        registry.register(self)

    def begin(self, statuses: Mapping[str, str]) -> None:
        """Take note of the rules that run from now on, with their statuses."""
        self._statuses = dict(statuses)
        self._arrange(tuple(statuses))

    @property
    def hidden(self) -> int:
        """How many rules that run have no series of their own."""
        return sum(each not in self._own for each in self._statuses.items())

    def add(self, rule_ids: tuple[str, ...], counts: NDArray[np.int64]) -> None:
        """Add the outcomes [rules, outcomes] of a batch."""
        if rule_ids != self._ids:
            self._arrange(rule_ids)
        hit_first = (counts[:, HIT] > 0) & ~self._is_own
        if hit_first.any():
            self._admit(np.flatnonzero(hit_first).tolist())
        self._counts += np.where(self._is_own[:, None], counts, 0)
        if not self._is_own.all():
            for status, mine in self._of_status.items():
                self._others[status] += counts[mine & ~self._is_own].sum(axis=0)

    def _arrange(self, rule_ids: tuple[str, ...]) -> None:
        """Lay the counts out in the order of some rules."""
        self._ids = rule_ids
        # Batches of a ruleset that has just left are still under way.
        self._keys = [(rule, self._statuses.get(rule, "live")) for rule in rule_ids]
        statuses = [status for _, status in self._keys]
        self._of_status = {status: np.array(statuses) == status for status in set(statuses)}
        for status in self._of_status:
            self._others.setdefault(status, np.zeros(len(self._outcomes), np.int64))
        self._counts = np.zeros((len(rule_ids), len(self._outcomes)), np.int64)
        self._is_own = np.zeros(len(rule_ids), np.bool_)
        self._choose()

    def _choose(self) -> None:
        """Give those rules series of their own that had them, and all where there is room for all."""
        has_room = len(self._own.keys() | set(self._keys)) <= self.rules_max
        if not has_room:
            running = set(self._keys)
            self._own = {key: row for key, row in self._own.items() if key in running}
        fits = len(self._keys) <= self.rules_max
        self._admit([index for index, key in enumerate(self._keys) if fits or key in self._own])

    def _admit(self, indexes: Iterable[int]) -> None:
        """Give some rules series of their own, as long as there is room."""
        own = dict(self._own)
        for index in indexes:
            key = self._keys[index]
            if key in own or len(own) < self.rules_max:
                row = self._counts[index]
                row += own.get(key, 0)
                own[key] = row
                self._is_own[index] = True
        # Replaced as a whole: a scrape may be reading the other.
        self._own = own

    def describe(self) -> Iterable[CounterMetricFamily]:
        """Return the family without samples."""
        return [CounterMetricFamily(self.name, self.documentation, labels=self.labels)]

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Return the family with its samples."""
        family = CounterMetricFamily(self.name, self.documentation, labels=self.labels)
        others = {(OTHER, status): counts for status, counts in self._others.items() if counts.any()}
        for (rule, status), counts in (self._own | others).items():
            for outcome, count in zip(self._outcomes, counts.tolist(), strict=True):
                family.add_metric((rule, outcome, status), count)
        return [family]

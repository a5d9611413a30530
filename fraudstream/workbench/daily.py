"""The alerts that a team can look at: the gravest so many of each day."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

from fraudstream.workbench.answers import FRAUD, GENUINE
from fraudstream.workbench.figures import Budgeted


class Ranked(NamedTuple):
    """An alert as it is ranked: by severity, then by score, the earlier first, then in stream order."""

    severity: int
    score: int
    before_us: int
    """The negated time of the event."""
    before: int
    """The negated place in the stream, so that no two are equal."""
    label: int
    rows: Collection[int]


class DailyBudget:
    """Keeps the first `alerts_max` of each day, and no more: its size is days times that."""

    def __init__(self, alerts_max: int) -> None:
        self.alerts_max = alerts_max
        self._days: defaultdict[int, list[Ranked]] = defaultdict(list)
        self._seen = 0

    def add(
        self, day: int, severity: int, score: int, time_us: int, label: int, rows: Collection[int]
    ) -> None:
        """Take an alert of a day in; `rows` are those of the figures that it counts for."""
        self._seen += 1
        alert = Ranked(severity, score, -time_us, -self._seen, label, rows)
        kept = self._days[day]
        if len(kept) < self.alerts_max:
            heapq.heappush(kept, alert)
        else:
            heapq.heappushpop(kept, alert)

    def budgeted(self, row: int) -> Budgeted:
        """Return what became of those that count for a row."""
        labels = [each.label for each in self._kept() if row in each.rows]
        return Budgeted(len(labels), labels.count(FRAUD), labels.count(GENUINE))

    def _kept(self) -> Iterator[Ranked]:
        for kept in self._days.values():
            yield from kept

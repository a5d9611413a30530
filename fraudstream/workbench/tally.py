"""Counts what rules hit and told over a history: one row per rule, and a last one for all of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.features.catalogue import DAY_US
from fraudstream.workbench.answers import FRAUD, GENUINE, Labels

Marks = NDArray[np.bool_]
"""[rows, n], a row per rule and a last one for all."""
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Marked:
    """n events of a batch, and what of them is counted.

    `hits` and `told` are [rows, n]. `values` [n] are in minor units of the base currency, 0 where there is
    none; only those of told and fraudulent events are read.
    """

    time_us: Counts
    hits: Marks
    told: Marks
    labels: Labels
    values: NDArray[Any]


class Tally:
    """What was counted so far.

    Its size is rows squared (the overlap) plus rows times days; how many events there were does not matter.
    """

    def __init__(self, rows: int) -> None:
        self.hits = np.zeros(rows, np.int64)
        self.alerts = np.zeros(rows, np.int64)
        self.fraud_hits = np.zeros(rows, np.int64)
        self.genuine_hits = np.zeros(rows, np.int64)
        self.fraud_alerts = np.zeros(rows, np.int64)
        self.genuine_alerts = np.zeros(rows, np.int64)
        self.value_at_risk = _exact_zeros(rows)
        self.fraud_value = _exact_zeros(rows)
        self.told_value = _exact_zeros(rows)
        self.overlap = np.zeros((rows, rows), np.int64)
        self.alerts_by_day: defaultdict[int, Counts] = defaultdict(lambda: np.zeros(rows, np.int64))
        self.labels = {FRAUD: 0, GENUINE: 0}
        self.fraud_value_all = 0
        self.events = 0

    def add(self, marked: Marked) -> None:
        """Count a batch."""
        fraud, genuine = marked.labels == FRAUD, marked.labels == GENUINE
        self.events += len(marked.time_us)
        self.labels[FRAUD] += int(fraud.sum())
        self.labels[GENUINE] += int(genuine.sum())
        self.fraud_value_all += int(marked.values[fraud].sum())
        self._by_day(marked)
        self._count(marked, fraud, genuine)

    def _by_day(self, marked: Marked) -> None:
        days = marked.time_us // DAY_US
        for day in np.unique(days).tolist():
            self.alerts_by_day[day] += marked.told[:, days == day].sum(axis=1)

    def _count(self, marked: Marked, fraud: NDArray[np.bool_], genuine: NDArray[np.bool_]) -> None:
        some = np.flatnonzero(marked.hits.any(axis=0) | marked.told.any(axis=0))
        if not len(some):
            return
        hits, told, values = marked.hits[:, some], marked.told[:, some], marked.values[some]
        fraud, genuine = fraud[some], genuine[some]
        self.hits += hits.sum(axis=1)
        self.alerts += told.sum(axis=1)
        self.fraud_hits += hits[:, fraud].sum(axis=1)
        self.genuine_hits += hits[:, genuine].sum(axis=1)
        self.fraud_alerts += told[:, fraud].sum(axis=1)
        self.genuine_alerts += told[:, genuine].sum(axis=1)
        _add_values(self.value_at_risk, told, values)
        _add_values(self.fraud_value, hits[:, fraud], values[fraud])
        _add_values(self.told_value, told[:, fraud], values[fraud])
        # Exact: a batch has far fewer events than a float32 can count.
        both = hits.astype(np.float32)
        self.overlap += (both @ both.T).astype(np.int64)


def _exact_zeros(rows: int) -> NDArray[Any]:
    """Return zeros that are integers of any size."""
    zeros = np.empty(rows, object)
    zeros[:] = 0
    return zeros


def _add_values(totals: NDArray[Any], marks: Marks, values: NDArray[Any]) -> None:
    """Add to each row the values of its marked events."""
    rows, events = np.nonzero(marks)
    np.add.at(totals, rows, values[events])

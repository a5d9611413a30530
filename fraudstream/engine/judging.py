"""From the rules' masks to outcomes, for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fraudstream.rules.binding import BoundRule
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.vectors import Truth, Vector


@dataclass(frozen=True)
class Judgement:
    """Of n events and r rules: `hits` bool [r, n], shadow rules included, and outcome counts int64 [r, 3]."""

    hits: NDArray[np.bool_]
    outcomes: NDArray[np.int64]


class Judge:
    """Gives the verdicts of all rules."""

    def __init__(self, rules: Sequence[BoundRule]) -> None:
        self._rules = rules

    def judge(self, vectors: Sequence[Vector], time_us: NDArray[np.int64]) -> Judgement:
        """Return the outcomes of a batch."""
        events = len(time_us)
        hits = np.zeros((len(self._rules), events), np.bool_)
        misses = np.zeros((len(self._rules), events), np.bool_)
        for index, bound in enumerate(self._rules):
            truth = cast(Truth, vectors[bound.when.slot])
            effective = _effective(bound.rule, time_us)
            hits[index] = truth.true if effective is None else truth.true & effective
            misses[index] = truth.false if effective is None else truth.false | ~effective
        hit_counts, miss_counts = np.count_nonzero(hits, axis=1), np.count_nonzero(misses, axis=1)
        outcomes = np.stack([hit_counts, miss_counts, events - hit_counts - miss_counts], axis=1)
        return Judgement(hits, outcomes)


def _effective(rule: Rule, time_us: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """Return the events inside the rule's effective days, None where all are."""
    start_us, end_us = rule.effective_us
    if start_us is None and end_us is None:
        return None
    inside = np.ones(len(time_us), np.bool_)
    if start_us is not None:
        inside &= time_us >= start_us
    if end_us is not None:
        inside &= time_us < end_us
    return inside

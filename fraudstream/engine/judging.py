"""From the rules' masks to outcomes, actions and scores, for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.actions import ACTIONS, SCORE_MAX
from fraudstream.rules.binding import BoundRule
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.schema import Status
from fraudstream.rules.vectors import Truth, Vector


@dataclass(frozen=True)
class Judgement:
    """Of n events and r rules: `hits` [r, n] of live rules, outcome counts [r, 3], actions and scores [n]."""

    hits: NDArray[np.bool_]
    outcomes: NDArray[np.int64]
    action: NDArray[np.int8]
    score: NDArray[np.int16]


class Judge:
    """Combines the verdicts of all rules; a shadow rule is counted, and decides nothing."""

    def __init__(self, rules: Sequence[BoundRule]) -> None:
        self._rules = rules
        self._live = np.array([bound.rule.spec.status is Status.LIVE for bound in rules], np.bool_)
        self._ranks = np.array([ACTIONS.index(bound.rule.spec.then.action) for bound in rules], np.int8)
        self._scores = np.array([bound.rule.spec.then.score for bound in rules], np.int64)

    def judge(self, vectors: Sequence[Vector], time_us: NDArray[np.int64]) -> Judgement:
        """Return outcomes, actions and scores of a batch."""
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
        hits &= self._live[:, None]
        action = np.zeros(events, np.int8)
        score = np.zeros(events, np.int64)
        # Hits are rare: only the rules and events that have one are looked at.
        for row in np.flatnonzero(hits.any(axis=1)):
            where = hits[row]
            action[where] = np.maximum(action[where], self._ranks[row])
            score[where] += self._scores[row]
        return Judgement(hits, outcomes, action, np.minimum(score, SCORE_MAX).astype(np.int16))


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

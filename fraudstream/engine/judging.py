"""From the rules' conditions to outcomes, actions and scores, for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.actions import SCORE_MAX
from fraudstream.events.interning import Interner
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import link
from fraudstream.rules.schema import Status
from fraudstream.rules.vectors import Vectors
from fraudstream.rules.view import View


@dataclass(frozen=True)
class Judgement:
    """Of n events and r rules: `hits` [r, n] of live rules, outcome counts [r, 3], actions and scores [n]."""

    hits: NDArray[np.bool_]
    outcomes: NDArray[np.int64]
    action: NDArray[np.int8]
    score: NDArray[np.int16]
    vectors: Vectors


class Judge:
    """Combines the verdicts of all rules; a shadow rule is counted, and decides nothing."""

    def __init__(self, bound: Bound, interner: Interner) -> None:
        self._live = np.array([each.rule.spec.status is Status.LIVE for each in bound.rules], np.bool_)
        self._linked = link(bound.judge, interner)

    def judge(self, view: View) -> Judgement:
        """Return outcomes, actions and scores of a batch, and the values they came from."""
        inputs = self._linked.inputs(view)
        found = self._linked.run(inputs)
        vectors = Vectors(self._linked, inputs)
        vectors.keep(np.flatnonzero(found.rank).tolist())
        score = np.minimum(found.points, SCORE_MAX).astype(np.int16)
        return Judgement(found.hits & self._live[:, None], found.counts, found.rank, score, vectors)

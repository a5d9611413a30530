"""From the rules' conditions to outcomes, for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.interning import Interner
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import link
from fraudstream.rules.vectors import Vectors
from fraudstream.rules.view import View


@dataclass(frozen=True)
class Judgement:
    """Of n events and r rules: `hits` [r, n], outcome counts [r, 3], and the values that they came from."""

    hits: NDArray[np.bool_]
    outcomes: NDArray[np.int64]
    rule_ids: tuple[str, ...]
    vectors: Vectors


class Judge:
    """Gives the verdicts of all rules."""

    def __init__(self, bound: Bound, interner: Interner) -> None:
        self._linked = link(bound.judge, interner)
        self._rule_ids = tuple(each.rule.id for each in bound.rules)

    def judge(self, view: View) -> Judgement:
        """Return the outcomes of a batch."""
        inputs = self._linked.inputs(view)
        found = self._linked.run(inputs)
        vectors = Vectors(self._linked, inputs)
        vectors.keep(np.flatnonzero(found.hit).tolist())
        return Judgement(found.hits, found.counts, self._rule_ids, vectors)

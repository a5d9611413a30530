"""One pass over a stream with labels that come late: each event is scored by what was known at its time."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
STEP_US = 3_600_000_000
"""Labels are learned once an hour: what becomes known within an hour waits for its end, never the reverse."""


class Learner(Protocol):
    """An online model of two classes; a score is higher where fraud is likelier."""

    def learn(self, x: Matrix, fraud: NDArray[np.bool_]) -> None:
        """Learn rows in their order, each once."""
        ...

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """Score rows, and learn nothing from them."""
        ...


def delayed_scores(
    learner: Learner,
    time_us: NDArray[np.int64],
    x: Matrix,
    fraud: NDArray[np.bool_],
    delay_us: int,
    learned: NDArray[np.bool_],
    scored: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Score the `scored` rows, NaN elsewhere; learn the `learned` rows, each `delay_us` after its time."""
    out = np.full(len(time_us), np.nan)
    lessons, questions = np.flatnonzero(learned), np.flatnonzero(scored)
    starts = np.arange(0, int(time_us[-1]) + STEP_US, STEP_US)
    known = np.searchsorted(time_us[lessons], starts - delay_us, side="right")
    asked = np.searchsorted(time_us[questions], [*starts, starts[-1] + STEP_US])
    taught = 0
    for step, known_now in enumerate(known):
        if known_now > taught:
            rows = lessons[taught:known_now]
            learner.learn(x[rows], fraud[rows])
            taught = known_now
        rows = questions[asked[step] : asked[step + 1]]
        if len(rows):
            out[rows] = learner.score(x[rows])
    return out

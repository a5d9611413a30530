"""How well a model's scores told frauds from genuine events, by the labels that came later."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.drift import Drift

BINS = 1_000
"""Scores are ranks from 0 to 1; a bin is one event in a thousand."""
MEMORY_LABELS = 100_000
"""After so many further labels, a label counts for 1/e of a new one."""
BUDGET = 0.01
"""The share of events whose scores are in the top of `recall_at_1pct`."""
DRIFT_FRAUDS = 25
"""The scores of so many frauds are one observation of drift; ten on each side of a change show it."""
_GROWTH = 1.0 + 1.0 / MEMORY_LABELS
_TURN = 1_000_000
"""So many labels later the weights, which grow by e^10 meanwhile, are scaled back."""


class Skill(NamedTuple):
    """What a model is worth: each None before there were frauds and genuine events.

    `auc` is the chance that a fraud's score is above that of a genuine event, ties counting half (the area
    under the ROC curve). `recall_at_1pct` is the share of frauds whose scores were in the top hundredth of
    all events at their time.
    """

    auc: float | None
    recall_at_1pct: float | None


class Performance:
    """Counts the scores of labelled events, the recent labels counting more.

    What turned out to be fraud is watched for drift: the scores of all events are ranks, and stay what they
    are by their making. Memory: two histograms of 1,000 bins. Where the labels are cut into batches changes
    nothing.
    """

    def __init__(self) -> None:
        self._weights = np.zeros((2, BINS))
        self._seen = np.zeros(1, np.int64)
        self._drift = Drift(1, DRIFT_FRAUDS)

    def learn(self, scores: NDArray[np.float64], fraud: NDArray[np.bool_]) -> int:
        """Take in labelled events; scores [n] as given at their time, NaN where there was none, fraud [n].

        Return how often the scores of frauds have drifted by them.
        """
        given = np.isfinite(scores)
        bins = np.minimum((scores[given] * BINS).astype(np.int64), BINS - 1)
        answers = fraud[given].astype(np.int64)
        start = 0
        while start < len(bins):
            turned = int(self._seen[0]) % _TURN
            stop = min(len(bins), start + _TURN - turned)
            weights = _GROWTH ** np.arange(turned, turned + stop - start)
            np.add.at(self._weights, (answers[start:stop], bins[start:stop]), weights)
            self._seen += stop - start
            if self._seen[0] % _TURN == 0:
                self._weights *= _GROWTH**-_TURN
            start = stop
        return int(self._drift.observe(scores[given & fraud, None])[0])

    def skill(self) -> Skill:
        """Return what the model is worth by the labels so far."""
        genuine, frauds = self._weights
        pairs = genuine.sum() * frauds.sum()
        if not pairs:
            return Skill(None, None)
        below = np.cumsum(genuine) - genuine
        top = frauds[round(BINS * (1 - BUDGET)) :].sum() / frauds.sum()
        return Skill(float((frauds * (below + genuine / 2)).sum() / pairs), float(top))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {"weights": self._weights, "seen": self._seen} | self._drift.arrays()

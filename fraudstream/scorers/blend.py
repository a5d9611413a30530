"""A score of several models' scores, each heard by what it was worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.explanation import strongest
from fraudstream.scorers.protocol import (
    Contribution,
    Matrix,
    Occlusion,
    ScoreBatch,
    Snapshot,
    as_matrix,
)
from fraudstream.scorers.state import capture, check, overwrite

NEAREST = 1e-4
"""How near to 0 and 1 a rank is told apart, so that no single model says all."""
FIRST, LEAST = 0.5, 0.01
"""The weight that each column begins with, and that which it keeps, to be heard where it is alone."""
INTERCEPT = -4.0
"""The log-odds of fraud to begin with: one event in fifty."""
RATE = 0.1
"""AdaGrad's step size."""
_EPSILON = 1e-8


@dataclass(frozen=True)
class _Terms:
    """The terms [n, d] of which a batch's scores are the sum, and the ranks [n, d] that they come from."""

    terms: Matrix
    ranks: Matrix

    def occlude(self, row: int) -> Occlusion:
        """Compare each rank with the middle, whose term is 0."""
        return Occlusion(self.terms[row], self.ranks[row], np.full(self.ranks.shape[1], 0.5))


class Blend:
    """Logistic regression on the log-odds of ranks, with no weight below 0: a logarithmic opinion pool.

    The columns are ranks from 0 to 1, as other models give; a missing one is left out. At first all weights
    are equal. Labels move them, each event as it was scored: by AdaGrad (Duchi, Hazan and Singer 2011) down
    the log loss, so that a model whose score adds nothing to those of the others is hardly heard.
    """

    def __init__(self, features: tuple[str, ...], calibrator: Calibrator) -> None:
        self.features = features
        self._calibrator = calibrator
        self._weights = np.full(len(features), FIRST)
        self._squares = np.zeros(len(features) + 1)
        self._intercept = np.full(1, INTERCEPT)
        self._learned = np.zeros(2, np.int64)
        """How many genuine events, and how many frauds."""
        self._model = f"blend of {', '.join(features)}"

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by the labels learned so far; see `Scorer`."""
        given = as_matrix(x, self.features)
        log_odds, ranks = _log_odds(given)
        terms = self._weights * log_odds
        raw = terms.sum(axis=1)
        calibrated, ready = np.zeros(len(raw)), np.zeros(len(raw), np.bool_)
        any_there = np.isfinite(given).any(axis=1)
        calibrated[any_there], ready[any_there] = self._calibrator.rank(raw[any_there])
        return ScoreBatch(raw, calibrated, ready, given, _Terms(terms, ranks))

    def learn(self, x: Matrix, fraud: NDArray[np.bool_]) -> None:
        """Learn what the ranks were worth; see `LabelScorer`."""
        log_odds, _ = _log_odds(as_matrix(x, self.features))
        _descend(log_odds, fraud, self._weights, self._squares, self._intercept)
        self._learned += [np.count_nonzero(~fraud), np.count_nonzero(fraud)]

    @property
    def scored(self) -> int:
        """How many events it has scored; see `Scorer`."""
        return self._calibrator.seen

    @property
    def learned(self) -> tuple[int, int]:
        """How many genuine events and how many frauds were learned."""
        genuine, frauds = self._learned.tolist()
        return genuine, frauds

    def explain(self, batch: ScoreBatch, row: int, top: int) -> list[Contribution]:
        """Name the ranks above the middle, by weight; see `Scorer`."""
        return strongest(batch, row, top, self.features)

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        return capture(self._model, self._arrays())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; earlier batches can still be explained."""
        check(snapshot, self._model, self._arrays())
        overwrite(snapshot, self._arrays())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        own = {
            "weights": self._weights,
            "squares": self._squares,
            "intercept": self._intercept,
            "learned": self._learned,
        }
        return own | self._calibrator.arrays()


def _log_odds(given: Matrix) -> tuple[Matrix, Matrix]:
    """Return the log-odds of ranks [n, d], 0 where one is missing, and the ranks, then in the middle."""
    ranks = np.where(np.isfinite(given), np.clip(given, NEAREST, 1 - NEAREST), 0.5)
    return np.log(ranks / (1 - ranks)), ranks


@kernel
def _descend(
    x: Matrix,
    fraud: NDArray[np.bool_],
    weights: NDArray[np.float64],
    squares: NDArray[np.float64],
    intercept: NDArray[np.float64],
) -> None:
    """Step down the gradient of the log loss with each row."""
    features = x.shape[1]
    for row in range(x.shape[0]):
        total = intercept[0]
        for feature in range(features):
            total += weights[feature] * x[row, feature]
        slope = 1 / (1 + np.exp(-total)) - (1.0 if fraud[row] else 0.0)
        for feature in range(features):
            step = slope * x[row, feature]
            squares[feature] += step * step
            moved = weights[feature] - RATE / np.sqrt(squares[feature] + _EPSILON) * step
            weights[feature] = max(LEAST, moved)
        squares[features] += slope * slope
        intercept[0] -= RATE / np.sqrt(squares[features] + _EPSILON) * slope

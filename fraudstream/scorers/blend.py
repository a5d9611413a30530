"""A score of several models' scores, each heard by what it was worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.explanation import strongest
from fraudstream.scorers.performance import Performance
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
FRAUDS = 20.0
"""So many frauds weigh as much as the belief that all models are worth the same."""
AUC = 0.75
"""What every model is believed to be worth before there are labels."""


@dataclass(frozen=True)
class _Terms:
    """The terms [n, d] of which a batch's scores are the sum, and the ranks [n, d] that they come from."""

    terms: Matrix
    ranks: Matrix

    def occlude(self, row: int) -> Occlusion:
        """Compare each rank with the middle, whose term is 0."""
        return Occlusion(self.terms[row], self.ranks[row], np.full(self.ranks.shape[1], 0.5))


class Blend:
    """The mean of the log-odds of ranks, those of a model that told frauds better counting more.

    The columns are ranks from 0 to 1, as other models give; a missing one is left out. The weight of a column
    is the log-odds of its AUC over the labels so far, none below one half: so each vote counts as that of
    classifiers of known accuracy does (Nitzan and Paroush 1982).
    """

    def __init__(self, features: tuple[str, ...], calibrator: Calibrator) -> None:
        self.features = features
        self._calibrator = calibrator
        self._performances = [Performance() for _ in features]
        self._learned = np.zeros(2, np.int64)
        self._model = f"blend of {', '.join(features)}"
        self._weights = self._weighed()

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by the labels learned so far; see `Scorer`."""
        given = as_matrix(x, self.features)
        there = np.isfinite(given)
        ranks = np.where(there, np.clip(given, NEAREST, 1 - NEAREST), 0.5)
        votes = self._weights * there
        votes /= np.maximum(votes.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        terms = votes * np.log(ranks / (1 - ranks))
        raw = terms.sum(axis=1)
        calibrated, ready = np.zeros(len(raw)), np.zeros(len(raw), np.bool_)
        any_there = there.any(axis=1)
        calibrated[any_there], ready[any_there] = self._calibrator.rank(raw[any_there])
        return ScoreBatch(raw, calibrated, ready, given, _Terms(terms, ranks))

    def learn(self, x: Matrix, fraud: NDArray[np.bool_]) -> None:
        """Learn what the ranks were worth; see `LabelScorer`."""
        for performance, ranks in zip(self._performances, as_matrix(x, self.features).T, strict=True):
            performance.learn(np.clip(ranks, 0.0, 1.0), fraud)
        self._learned += [np.count_nonzero(~fraud), np.count_nonzero(fraud)]
        self._weights = self._weighed()

    def _weighed(self) -> NDArray[np.float64]:
        """Return the weight of each column [d]; all are equal where none is worth anything."""
        found = [performance.skill().auc for performance in self._performances]
        aucs = np.array([AUC if auc is None else auc for auc in found])
        frauds = float(self._learned[1])
        aucs = np.clip((aucs * frauds + AUC * FRAUDS) / (frauds + FRAUDS), 0.5, 1 - 1e-6)
        weights = np.log(aucs / (1 - aucs))
        return weights if weights.any() else np.ones(len(aucs))

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
        self._weights = self._weighed()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        parts = {
            f"performance.{place}.{name}": array
            for place, performance in enumerate(self._performances)
            for name, array in performance.arrays().items()
        }
        return parts | {"learned": self._learned} | self._calibrator.arrays()

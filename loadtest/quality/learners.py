"""Online learners of two classes, as the harness asks them: River's, and the product's."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.binned_logistic import BinnedLogistic
from fraudstream.scorers.calibration import Calibrator
from loadtest.quality.prequential import Matrix

Flags = NDArray[np.bool_]


class Scaler(Protocol):
    """A River transformer."""

    def learn_one(self, x: dict[int, float]) -> None:
        """Learn one row."""
        ...

    def transform_one(self, x: dict[int, float]) -> dict[int, float]:
        """Scale one row."""
        ...


class RiverLearner:
    """Any classifier of River behind a scaler of River, one row at a time."""

    def __init__(self, scaler: Scaler, classifier: Any) -> None:
        self._scaler = scaler
        self._classifier = classifier

    def learn(self, x: Matrix, fraud: Flags) -> None:
        """Learn rows in their order; see `Learner`."""
        for values, answer in zip(x.tolist(), fraud.tolist(), strict=True):
            row = dict(enumerate(values))
            self._scaler.learn_one(row)
            self._classifier.learn_one(self._scaler.transform_one(row), answer)

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """Return the likelihoods of fraud; see `Learner`."""
        rows = (self._scaler.transform_one(dict(enumerate(values))) for values in x.tolist())
        return np.array([self._classifier.predict_proba_one(row).get(True, 0.0) for row in rows])


class Binned:
    """The product's logistic regression on binned features, by its log-odds."""

    def __init__(self, features: int, first: int = 10_000, rate: float = 0.3) -> None:
        names = tuple(f"f{index}" for index in range(features))
        self._scorer = BinnedLogistic(names, np.full(features, np.nan), Calibrator(1, 2), first, rate)

    def learn(self, x: Matrix, fraud: Flags) -> None:
        """Learn rows in their order; see `Learner`."""
        self._scorer.learn(x, fraud)

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """Return the log-odds of fraud; see `Learner`."""
        return self._scorer.score_and_learn(x).raw

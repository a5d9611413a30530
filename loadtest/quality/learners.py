"""Online learners of two classes: River's, and a fast path that equals one of River's."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from loadtest.quality.prequential import Matrix

Integers = NDArray[np.int64]
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


class Bins:
    """Cuts every feature into bins, whose edges the first rows fix once and for all.

    Half of the edges lie at even steps of the values that occur, however often each does: most features are
    nearly always 0, and all that matters is in the rest. The others lie in the upper tail of the rows.
    """

    _STEPS = 16
    _TAIL = (0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)
    COUNT = _STEPS + len(_TAIL) + 1

    def __init__(self, x: Matrix) -> None:
        steps = np.arange(1, self._STEPS + 1) / (self._STEPS + 1)
        self._edges = np.array(
            [
                np.sort([*np.quantile(np.unique(column), steps), *np.quantile(column, self._TAIL)])
                for column in x.T
            ]
        )

    def of(self, x: Matrix) -> Integers:
        """Return the bin of every value, int64 [n, d]."""
        columns = [
            np.searchsorted(edges, column, side="right")
            for edges, column in zip(self._edges, x.T, strict=True)
        ]
        return np.ascontiguousarray(np.column_stack(columns), np.int64)


class BinnedLogistic:
    """Logistic regression on one weight per bin of each feature, as River's with AdaGrad on one-hot rows.

    A score is a sum with one term per feature, so it says itself what each feature added. The first `first`
    rows fix the bins and are learned when the last of them is there; until then every score is 0.
    """

    def __init__(self, features: int, rate: float = 0.3, intercept_rate: float = 0.01, first: int = 10_000):
        self._rate, self._intercept_rate, self._first = rate, intercept_rate, first
        self._waiting_x = np.empty((0, features))
        self._waiting_fraud = np.empty(0, np.bool_)
        self._bins: Bins | None = None
        self._weights, self._squares = np.zeros((features, Bins.COUNT)), np.zeros((features, Bins.COUNT))
        self._intercept = np.zeros(1)

    def learn(self, x: Matrix, fraud: Flags) -> None:
        """Learn rows in their order; see `Learner`."""
        if self._bins is None:
            self._waiting_x = np.vstack([self._waiting_x, x])
            self._waiting_fraud = np.concatenate([self._waiting_fraud, fraud])
            if len(self._waiting_x) < self._first:
                return
            self._bins = Bins(self._waiting_x[: self._first])
            x, fraud = self._waiting_x, self._waiting_fraud
        _learn(
            self._bins.of(x),
            fraud,
            self._weights,
            self._squares,
            self._intercept,
            self._rate,
            self._intercept_rate,
        )

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """Return the log-odds of fraud; see `Learner`."""
        if self._bins is None:
            return np.zeros(len(x))
        return _log_odds(self._bins.of(x), self._weights, self._intercept)


@kernel
def _log_odds(bins: Integers, weights: Matrix, intercept: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.zeros(len(bins))
    for row in range(len(bins)):
        for column in range(bins.shape[1]):
            out[row] += weights[column, bins[row, column]]
        out[row] += intercept[0]
    return out


@kernel
def _learn(
    bins: Integers,
    fraud: Flags,
    weights: Matrix,
    squares: Matrix,
    intercept: NDArray[np.float64],
    rate: float,
    intercept_rate: float,
) -> None:
    for row in range(len(bins)):
        log_odds = 0.0
        for column in range(bins.shape[1]):
            log_odds += weights[column, bins[row, column]]
        slope = 1 / (1 + np.exp(-log_odds - intercept[0])) - (1.0 if fraud[row] else 0.0)
        intercept[0] -= intercept_rate * slope
        for column in range(bins.shape[1]):
            at = bins[row, column]
            squares[column, at] += slope * slope
            weights[column, at] -= rate / np.sqrt(squares[column, at] + 1e-8) * slope

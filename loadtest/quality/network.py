"""A small neural network that learns online: one hidden layer, one row after the other, AdaGrad."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from loadtest.quality.prequential import Matrix

Vector = NDArray[np.float64]

_WIDEST = 8.0
_RATE = 0.1


class _Layers(NamedTuple):
    """Weights of the hidden layer [h, d] and its intercepts [h], of the output [h] and its intercept [1]."""

    hidden: Matrix
    hidden_intercept: Vector
    output: Vector
    output_intercept: Vector


class OnlineNetwork:
    """32 rectified units on standardised features; the score is the log-odds of fraud."""

    def __init__(self, features: int, seed: int, units: int = 32) -> None:
        random = np.random.default_rng(seed)
        self._layers = _Layers(
            random.normal(0, math.sqrt(2 / features), (units, features)),
            np.zeros(units),
            random.normal(0, math.sqrt(1 / units), units),
            np.array([-4.0]),
        )
        self._squares = _Layers(*(np.full(layer.shape, 0.1) for layer in self._layers))
        self._seen = 0
        self._mean, self._variation = np.zeros(features), np.zeros(features)

    def learn(self, x: Matrix, fraud: NDArray[np.bool_]) -> None:
        """Learn rows in their order, once what is usual has taken them in; see `Learner`."""
        _move_moments(x, self._seen, self._mean, self._variation)
        self._seen += len(x)
        _learn(self._scaled(x), fraud, self._layers, self._squares, _RATE)

    def score(self, x: Matrix) -> Vector:
        """Return the log-odds of fraud; see `Learner`."""
        units = np.maximum(self._scaled(x) @ self._layers.hidden.T + self._layers.hidden_intercept, 0)
        return np.asarray(units @ self._layers.output + self._layers.output_intercept[0])

    def _scaled(self, x: Matrix) -> Matrix:
        deviation = np.sqrt(self._variation / max(self._seen, 1) + 1e-9)
        return np.ascontiguousarray(np.clip((x - self._mean) / deviation, -_WIDEST, _WIDEST))


@kernel
def _move_moments(x: Matrix, seen: int, mean: Vector, variation: Vector) -> None:
    """Take rows into the mean and the sum of squares around it (Welford 1962)."""
    for row in range(len(x)):
        for column in range(x.shape[1]):
            apart = x[row, column] - mean[column]
            mean[column] += apart / (seen + row + 1)
            variation[column] += apart * (x[row, column] - mean[column])


@kernel
def _learn(x: Matrix, fraud: NDArray[np.bool_], layers: _Layers, squares: _Layers, rate: float) -> None:
    for row in range(len(x)):
        units = np.maximum(layers.hidden @ x[row] + layers.hidden_intercept, 0.0)
        log_odds = units @ layers.output + layers.output_intercept[0]
        slope = 1 / (1 + math.exp(-log_odds)) - (1.0 if fraud[row] else 0.0)
        _step(layers.output_intercept, squares.output_intercept, 0, slope, rate)
        for unit in range(len(units)):
            if units[unit] > 0:
                below = slope * layers.output[unit]
                _step(layers.output, squares.output, unit, slope * units[unit], rate)
                _step(layers.hidden_intercept, squares.hidden_intercept, unit, below, rate)
                for column in range(x.shape[1]):
                    _step(layers.hidden[unit], squares.hidden[unit], column, below * x[row, column], rate)


@kernel
def _step(weights: Vector, squares: Vector, at: int, slope: float, rate: float) -> None:
    squares[at] += slope * slope
    weights[at] -= rate * slope / math.sqrt(squares[at] + 1e-6)

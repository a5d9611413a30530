"""Scalers as River computes them, over whole batches and without a chance of another rounding."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.protocol import Matrix, faded

MIDDLE = 0.5
"""Where a feature lies, once scaled, of which no value was ever seen."""


class Scaler(Protocol):
    """Brings features to the scale that a detector needs."""

    def scale(self, filled: Matrix, *, learns: bool = True) -> tuple[Matrix, Matrix]:
        """Return each row twice, both [n, d]: as its score sees it, and as learning sees it.

        A River pipeline scores a row by the statistics of the rows before it. It learns the row by
        statistics that already count it. NaN becomes the middle and counts for nothing. Without `learns`
        the statistics stay what they are, and the rows are the same twice.
        """
        ...

    def fade(self) -> None:
        """Let the rows so far count a tenth, where they have weights."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        ...


@kernel
def _unit(value: float, low: float, high: float) -> float:
    """Scale one value as River does; a feature that never changed lies at 0."""
    span = high - low
    return (value - low) / span if span != 0.0 else 0.0


@kernel
def _scale_min_max(
    filled: Matrix,
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
    learns: bool,
    scored: Matrix,
    learned: Matrix,
) -> None:
    for row in range(filled.shape[0]):
        for feature in range(filled.shape[1]):
            value = filled[row, feature]
            low, high = lows[feature], highs[feature]
            # River's first row is no number on this scale; who learns nothing yet shall get one.
            if np.isnan(value) or (low > high and not learns):
                scored[row, feature] = learned[row, feature] = MIDDLE
                continue
            scored[row, feature] = learned[row, feature] = _unit(value, low, high)
            if learns and (value < low or value > high):
                lows[feature] = low = min(value, low)
                highs[feature] = high = max(value, high)
                learned[row, feature] = _unit(value, low, high)


class MinMax:
    """River's `preprocessing.MinMaxScaler`: the least value seen so far is 0, the greatest is 1."""

    def __init__(self, features: int) -> None:
        self._lows = np.full(features, np.inf)
        self._highs = np.full(features, -np.inf)

    def scale(self, filled: Matrix, *, learns: bool = True) -> tuple[Matrix, Matrix]:
        """Scale by the extremes before each row, and by those that count it."""
        scored, learned = np.empty_like(filled), np.empty_like(filled)
        _scale_min_max(filled, self._lows, self._highs, learns, scored, learned)
        return scored, learned

    def fade(self) -> None:
        """Do nothing: extremes have no weights."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {"scaler.lows": self._lows, "scaler.highs": self._highs}


@kernel
def _scale_standard(
    filled: Matrix,
    counts: NDArray[np.int64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    learns: bool,
    scored: Matrix,
    learned: Matrix,
    half: float,
) -> None:
    for row in range(filled.shape[0]):
        for feature in range(filled.shape[1]):
            value = filled[row, feature]
            if np.isnan(value):
                scored[row, feature] = learned[row, feature] = 0.0
                continue
            mean = means[feature]
            scored[row, feature] = learned[row, feature] = _deviations(value, mean, variances[feature], half)
            if not learns:
                continue
            counts[feature] += 1
            means[feature] += (value - mean) / counts[feature]
            square = (value - mean) * (value - means[feature])
            variances[feature] += (square - variances[feature]) / counts[feature]
            learned[row, feature] = _deviations(value, means[feature], variances[feature], half)


@kernel
def _deviations(value: float, mean: float, variance: float, half: float) -> float:
    """Scale one value as River does; a feature that never changed, or overflows, lies at 0."""
    if variance == 0.0:
        return 0.0
    away = (value - mean) / math.pow(variance, half)
    return away if np.isfinite(away) else 0.0


class Standard:
    """River's `preprocessing.StandardScaler`: deviations from the mean so far (Welford 1962)."""

    def __init__(self, features: int) -> None:
        self._counts = np.zeros(features, dtype=np.int64)
        self._means = np.zeros(features)
        self._variances = np.zeros(features)

    def scale(self, filled: Matrix, *, learns: bool = True) -> tuple[Matrix, Matrix]:
        """Scale by mean and deviation before each row, and by those that count it."""
        scored, learned = np.empty_like(filled), np.empty_like(filled)
        # River takes a power, whose last bit is not always that of a root. An exponent that the compiler does
        # not know it cannot make a root of.
        _scale_standard(filled, self._counts, self._means, self._variances, learns, scored, learned, 0.5)
        return scored, learned

    def fade(self) -> None:
        """Let the rows so far count a tenth; mean and deviation are at first what they were."""
        self._counts[:] = faded(self._counts)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {
            "scaler.counts": self._counts,
            "scaler.means": self._means,
            "scaler.variances": self._variances,
        }


class Unscaled:
    """No scaler: the features lie within [0, 1] already."""

    def scale(self, filled: Matrix, *, learns: bool = True) -> tuple[Matrix, Matrix]:
        """Return the rows as they are, twice."""
        del learns
        whole = np.where(np.isnan(filled), MIDDLE, filled)
        return whole, whole

    def fade(self) -> None:
        """Do nothing: there is no state."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """There is no state."""
        return {}

"""What stands in for a missing value: a constant of the model file, or else what the feature was so far."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.protocol import Matrix, faded


@kernel
def _fill(
    x: Matrix,
    constants: NDArray[np.float64],
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
    learns: bool,
    filled: Matrix,
) -> None:
    """Copy x to `filled` row by row with its gaps closed; with `learns` the values that are there count."""
    for row in range(x.shape[0]):
        for feature in range(x.shape[1]):
            value = x[row, feature]
            if np.isfinite(value):
                if learns:
                    sums[feature] += value
                    counts[feature] += 1
            elif np.isfinite(constants[feature]):
                value = constants[feature]
            else:
                # A sum beyond the largest float is no mean: then the feature is as good as never seen.
                mean = sums[feature] / counts[feature] if counts[feature] > 0 else np.nan
                value = mean if np.isfinite(mean) else np.nan
            filled[row, feature] = value


class Imputer:
    """Replaces missing values by the feature's constant, or by the mean of its values in earlier rows.

    `constants` is float64 [d], NaN for a feature without one. A value that is NaN or infinite is missing.
    Where a feature has no constant and was never seen, NaN stays: the scaler puts it in the middle.
    """

    def __init__(self, constants: NDArray[np.float64]) -> None:
        self._constants = constants
        self._sums = np.zeros(len(constants))
        self._counts = np.zeros(len(constants), dtype=np.int64)

    def fill(self, x: Matrix, *, learns: bool = True) -> Matrix:
        """Return [n, d] without gaps, and learn the values that are there."""
        filled = np.empty_like(x)
        _fill(x, self._constants, self._sums, self._counts, learns, filled)
        return filled

    def fade(self) -> None:
        """Let the values so far count a tenth."""
        fewer = faded(self._counts)
        np.multiply(self._sums, fewer / np.maximum(self._counts, 1), out=self._sums)
        self._counts[:] = fewer

    def means(self) -> NDArray[np.float64]:
        """Return the mean of each feature so far, float64 [d]; NaN where it was never seen."""
        means = np.full(len(self._sums), np.nan)
        np.divide(self._sums, self._counts, out=means, where=self._counts > 0)
        return means

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {"imputer.sums": self._sums, "imputer.counts": self._counts}

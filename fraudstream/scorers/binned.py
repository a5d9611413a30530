"""Bins: cuts every feature into bins, so that a linear model can follow any curve of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.protocol import Matrix

STEPS = 16
TAIL = (0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)
EDGES = STEPS + len(TAIL)
MISSING_BIN = EDGES + 1
"""Behind the bins between the edges: a missing value is a value of its own."""
BINS = MISSING_BIN + 1

Bins = NDArray[np.int64]
"""One row per event, one column per feature: int64 [n, d]."""


class Binning:
    """Cuts every feature into bins, whose edges some rows fix.

    Most of the edges lie at even steps of the values that occur, however often each does: most features are
    nearly always 0, and all that matters is in the rest. The others lie in the upper tail of the rows.
    """

    def __init__(self, features: int) -> None:
        self._edges = np.full((features, EDGES), np.nan)

    def fix(self, x: Matrix) -> None:
        """Lay the edges by rows, float64 [n, d]; NaN and infinite values count as missing."""
        steps = np.arange(1, STEPS + 1) / (STEPS + 1)
        for edges, column in zip(self._edges, x.T, strict=True):
            there = column[np.isfinite(column)]
            # A feature that was never there has one bin for all values, and one for missing ones.
            edges[:] = np.inf
            if len(there):
                edges[:] = np.sort([*np.quantile(np.unique(there), steps), *np.quantile(there, TAIL)])

    def of(self, x: Matrix) -> Bins:
        """Return the bin of every value."""
        bins = np.empty(x.shape, np.int64)
        _into_bins(x, self._edges, bins)
        return bins

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {"binning.edges": self._edges}


@kernel
def _into_bins(x: Matrix, edges: Matrix, bins: Bins) -> None:
    for row in range(x.shape[0]):
        for feature in range(x.shape[1]):
            value = x[row, feature]
            if not np.isfinite(value):
                bins[row, feature] = MISSING_BIN
                continue
            low, high = 0, EDGES
            while low < high:
                middle = (low + high) >> 1
                if edges[feature, middle] <= value:
                    low = middle + 1
                else:
                    high = middle
            bins[row, feature] = low

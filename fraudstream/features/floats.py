"""Floats as integers of the same order, so that one kernel serves both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ALL_BUT_SIGN = np.int64(2**63 - 1)


def sortable(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Map float64 to int64 so that order is kept; -0.0 becomes 0.0."""
    bits = (values + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & _ALL_BUT_SIGN)


def unsortable(integers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Undo `sortable`."""
    return np.ascontiguousarray(integers ^ ((integers >> 63) & _ALL_BUT_SIGN)).view(np.float64)

"""Floats as integers of the same order, so that one kernel serves both."""

from __future__ import annotations

import numpy as np

from fraudstream.events.jit import Integer, inlined

_ALL_BUT_SIGN = 2**63 - 1


@inlined
def integer_of(value: float) -> Integer:
    """Map a float64 to an int64 so that order is kept; -0.0 becomes 0.0."""
    bits = np.float64(value + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & _ALL_BUT_SIGN)


@inlined
def float_of(integer: Integer) -> float:
    """Undo `integer_of`."""
    return np.int64(integer ^ ((integer >> 63) & _ALL_BUT_SIGN)).view(np.float64)

"""Kernels for decimal numbers as they are written: digits in, exact integers and doubles out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined

NOT_EXACT = -1
"""Instead of minor units: there are too many decimals, or too many units."""
DIGITS_MAX = 15
"""So many decimal digits a double carries exactly."""
SCALE_MAX = 22
"""10**22 is the last power of ten that a double carries: a quotient by it is rounded but once."""
MONEY_DIGITS_MAX = 18
"""So many decimal digits an int64 carries."""
_POINT = ord(".") - ord("0")
_POWERS = np.array([10**exponent for exponent in range(19)], np.int64)
FLOAT_POWERS = np.array([float(10**exponent) for exponent in range(SCALE_MAX + 1)])


@inlined
def read_decimal(
    buffer: NDArray[np.uint8], start: Integer, stop: Integer, digits_max: Integer, decimal: NDArray[np.int64]
) -> bool:
    """Read plain digits with or without a point as `decimal[0] / 10**decimal[1]`; False where it is more."""
    value, digits, point = np.int64(0), 0, -1
    for position in range(start, stop):
        digit = np.int64(buffer[position]) - 48
        if digit == _POINT and point < 0 and position > start:
            point = position
            continue
        if digit < 0 or digit > 9:
            return False
        if value > 0 or digit > 0:
            digits += 1
        if digits > digits_max:
            return False
        value = value * 10 + digit
    if point == stop - 1 or start == stop:
        return False
    decimal[0] = value
    decimal[1] = stop - 1 - point if point >= 0 else 0
    return True


@inlined
def read_whole(buffer: NDArray[np.uint8], start: Integer, stop: Integer, decimal: NDArray[np.int64]) -> bool:
    """Read a number that is written with digits alone."""
    whole = read_decimal(buffer, start, stop, DIGITS_MAX, decimal)
    return bool(whole and decimal[1] == 0)


@inlined
def minor_units(decimal: NDArray[np.int64], exponent: Integer, minor_max: Integer) -> Integer:
    """Scale a decimal to minor units; NOT_EXACT where it has too many decimals or is too large."""
    value, scale = decimal[0], decimal[1]
    if scale > exponent:
        if scale - exponent >= len(_POWERS):
            return NOT_EXACT
        power = _POWERS[scale - exponent]
        if value % power != 0:
            return NOT_EXACT
        value //= power
        return value if value <= minor_max else NOT_EXACT
    power = _POWERS[exponent - scale]
    return value * power if value <= minor_max // power else NOT_EXACT

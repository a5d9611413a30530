"""Kernels that write values as text: each writes from a place on, and returns the place behind.

Beyond the end of the buffer nothing is written, so that a caller learns how long it should have been.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined

_DAY_US = 86_400_000_000
_SPACE, _QUOTE, _COMMA, _MINUS, _POINT, _ZERO, _COLON = 32, 34, 44, 45, 46, 48, 58
_T, _Z, _BACKSLASH, _A, _U = 84, 90, 92, 97, 117
_ESCAPES = np.array([8, 98, 9, 116, 10, 110, 12, 102, 13, 114], np.int64)
"""Control characters that JSON has a letter for, each before it."""


@inlined
def put(out: NDArray[np.uint8], at: Integer, byte: Integer) -> Integer:
    """Write a byte."""
    if at < len(out):
        out[at] = byte
    return at + 1


@inlined
def put_decimal(
    out: NDArray[np.uint8], at: Integer, value: Integer, exponent: Integer, grouped: Integer
) -> Integer:
    """Write a whole number with the last `exponent` digits behind a point, thousands apart if `grouped`."""
    if value < 0:
        at = put(out, at, _MINUS)
    # The least of all numbers has no positive counterpart in int64.
    rest = np.uint64(value) if value >= 0 else np.uint64(-(value + 1)) + np.uint64(1)
    digits, more = 1, rest // np.uint64(10)
    while more > 0:
        digits += 1
        more //= np.uint64(10)
    whole = max(digits - exponent, 1)
    length = whole + (exponent + 1 if exponent > 0 else 0) + ((whole - 1) // 3 if grouped else 0)
    place = at + length
    for position in range(whole + max(exponent, 0)):
        if exponent > 0 and position == exponent:
            place -= 1
            put(out, place, _POINT)
        above = position - max(exponent, 0)
        if grouped and above > 0 and above % 3 == 0:
            place -= 1
            put(out, place, _COMMA)
        place -= 1
        put(out, place, _ZERO + np.int64(rest % np.uint64(10)))
        rest //= np.uint64(10)
    return at + length


@inlined
def put_digits(
    out: NDArray[np.uint8], at: Integer, value: Integer, count: Integer, behind: Integer
) -> Integer:
    """Write so many digits, and the character that stands behind them."""
    for position in range(count):
        put(out, at + count - 1 - position, _ZERO + value % 10)
        value //= 10
    return put(out, at + count, behind)


@inlined
def put_time(out: NDArray[np.uint8], at: Integer, time_us: Integer) -> Integer:
    """Write a time in UTC: RFC 3339, with as much of a fraction as there is."""
    days, rest_us = time_us // _DAY_US, time_us % _DAY_US
    # From days since 1970 to year, month and day, counted from 1 March so that the leap day is the last of
    # its year (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    shifted = days + 719_468
    era, day_of_era = shifted // 146_097, shifted % 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    at = put_digits(out, at, year_of_era + era * 400 + (1 if month <= 2 else 0), 4, _MINUS)
    at = put_digits(out, at, month, 2, _MINUS)
    at = put_digits(out, at, day_of_year - (153 * month_from_march + 2) // 5 + 1, 2, _T)
    seconds, fraction_us = rest_us // 1_000_000, rest_us % 1_000_000
    at = put_digits(out, at, seconds // 3_600, 2, _COLON)
    at = put_digits(out, at, seconds // 60 % 60, 2, _COLON)
    at = put_digits(out, at, seconds % 60, 2, _Z)
    if fraction_us:
        put(out, at - 1, _POINT)
        if fraction_us % 1_000:
            return put_digits(out, at, fraction_us, 6, _Z)
        return put_digits(out, at, fraction_us // 1_000, 3, _Z)
    return at


@inlined
def put_in_json(out: NDArray[np.uint8], at: Integer, byte: Integer) -> Integer:
    """Write a byte of a text of JSON, escaped where it must be."""
    if byte >= _SPACE and byte not in (_QUOTE, _BACKSLASH):
        return put(out, at, byte)
    return _escaped(out, at, byte)


@inlined
def _escaped(out: NDArray[np.uint8], at: Integer, byte: Integer) -> Integer:
    """Write a character of a text of JSON that must not stand there as it is."""
    at = put(out, at, _BACKSLASH)
    if byte in (_QUOTE, _BACKSLASH):
        return put(out, at, byte)
    for index in range(0, len(_ESCAPES), 2):
        if byte == _ESCAPES[index]:
            return put(out, at, _ESCAPES[index + 1])
    for digit in (_U, _ZERO, _ZERO, _ZERO + (byte >> 4)):
        at = put(out, at, digit)
    last = byte & 15
    return put(out, at, _ZERO + last if last < 10 else _A + last - 10)

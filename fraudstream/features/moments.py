"""Sums of squares in 128 bits, and the standard deviation from exact moments.

A 128-bit number is (low, high): low holds the lower 64 bits of two's complement, high the signed rest.
"""

from __future__ import annotations

import math

import numpy as np

from fraudstream.events.jit import Integer, inlined

_HALF = 0xFFFFFFFF
_TWO_64 = 18446744073709551616.0


@inlined
def _product(left: Integer, right: Integer) -> tuple[Integer, Integer]:
    """Multiply two uint64; return the lower and the upper half of the product."""
    mask, shift = np.uint64(_HALF), np.uint64(32)
    left_low, left_high = left & mask, left >> shift
    right_low, right_high = right & mask, right >> shift
    low = left_low * right_low
    middle = left_high * right_low + (low >> shift)
    other = left_low * right_high + (middle & mask)
    return (other << shift) | (low & mask), left_high * right_high + (middle >> shift) + (other >> shift)


@inlined
def add_square(low: Integer, high: Integer, value: Integer, step: Integer) -> tuple[Integer, Integer]:
    """Add (step 1) or take away (step -1) the square of an int64."""
    size = np.uint64(abs(value))
    square_low, square_high = _product(size, size)
    before = np.uint64(low)
    if step > 0:
        after = before + square_low
        carry = np.int64(1) if after < before else np.int64(0)
        return np.int64(after), high + np.int64(square_high) + carry
    after = before - square_low
    borrow = np.int64(1) if after > before else np.int64(0)
    return np.int64(after), high - np.int64(square_high) - borrow


@inlined
def add_wide(low: Integer, high: Integer, more_low: Integer, more_high: Integer) -> tuple[Integer, Integer]:
    """Add two numbers of 128 bits."""
    after = np.uint64(low) + np.uint64(more_low)
    carry = np.int64(1) if after < np.uint64(low) else np.int64(0)
    return np.int64(after), high + more_high + carry


@inlined
def deviation(count: Integer, total: Integer, low: Integer, high: Integer) -> float:
    """Return the sample standard deviation from count, sum and sum of squares.

    sqrt((n * sum of squares - sum^2) / (n (n - 1))): the numerator is exact (192 bits), so nothing cancels.
    """
    number = np.uint64(count)
    lowest, carried = _product(number, np.uint64(low))
    middle, highest = _product(number, np.uint64(high))
    middle = middle + carried
    if middle < carried:
        highest += np.uint64(1)
    size = np.uint64(abs(total))
    square_low, square_high = _product(size, size)
    borrow = np.uint64(1) if lowest < square_low else np.uint64(0)
    lowest = lowest - square_low
    if middle < square_high or (middle == square_high and borrow):
        highest -= np.uint64(1)
    middle = middle - square_high - borrow
    numerator = (np.float64(highest) * _TWO_64 + np.float64(middle)) * _TWO_64 + np.float64(lowest)
    return math.sqrt(numerator / (np.float64(count) * np.float64(count - 1)))

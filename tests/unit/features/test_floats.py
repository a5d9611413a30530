"""Floats as integers of the same order."""

from __future__ import annotations

from itertools import pairwise

from fraudstream.events.jit import lean_kernel
from fraudstream.features import floats

float_of = lean_kernel(floats.float_of)
integer_of = lean_kernel(floats.integer_of)
RISING = [-float("inf"), -1e300, -2.5, -5e-324, 0.0, 5e-324, 1.0, 1.0000000000000002, 1e300, float("inf")]


def test_the_order_of_floats_is_the_order_of_their_integers() -> None:
    """From minus infinity to infinity, subnormal numbers included."""
    assert all(integer_of(low) < integer_of(high) for low, high in pairwise(RISING))


def test_the_way_back_gives_the_same_floats() -> None:
    """No bit is lost."""
    assert [float_of(integer_of(value)) for value in RISING] == RISING


def test_the_two_zeros_are_one() -> None:
    """Minus zero equals zero, so it is the same value to a distinct count."""
    assert integer_of(-0.0) == integer_of(0.0)

"""Floats as integers of the same order."""

from __future__ import annotations

import numpy as np

from fraudstream.features.floats import sortable, unsortable

RISING = np.array([-np.inf, -1e300, -2.5, -5e-324, 0.0, 5e-324, 1.0, 1.0000000000000002, 1e300, np.inf])


def test_the_order_of_floats_is_the_order_of_their_integers() -> None:
    """From minus infinity to infinity, subnormal numbers included."""
    assert np.all(np.diff(sortable(RISING).astype(object)) > 0)


def test_the_way_back_gives_the_same_floats() -> None:
    """No bit is lost."""
    assert np.array_equal(unsortable(sortable(RISING)), RISING)


def test_the_two_zeros_are_one() -> None:
    """Minus zero equals zero, so it is the same value to a distinct count."""
    assert sortable(np.array([-0.0])) == sortable(np.array([0.0]))

"""The figures of a back-test as functions of counts."""

from __future__ import annotations

import pytest

from fraudstream.workbench.figures import Budgeted, Caught


def test_the_figures_of_labels() -> None:
    """Of 3 + 9 caught events, 5 frauds in all, worth 400 of 1,000."""
    caught = Caught(frauds=3, genuine=9, fraud_value=400, frauds_all=5, fraud_value_all=1_000)
    assert caught.precision == pytest.approx(3 / 12)
    assert caught.recall == pytest.approx(3 / 5)
    assert caught.false_positive_ratio == pytest.approx(9 / 3)
    assert caught.value_recall == pytest.approx(400 / 1_000)


def test_a_figure_of_nothing_is_none() -> None:
    """A rule without hits has no precision, which is not a precision of zero."""
    nothing = Caught(0, 0, 0, 0, 0)
    assert (nothing.precision, nothing.recall, nothing.false_positive_ratio, nothing.value_recall) == (
        None,
        None,
        None,
        None,
    )
    assert Budgeted(3, 0, 0).precision is None

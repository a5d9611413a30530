"""What stands in for a missing value."""

from __future__ import annotations

import numpy as np

from fraudstream.scorers.imputation import Imputer
from fraudstream.scorers.scaling import MinMax, Unscaled

NAN = np.nan


def test_a_gap_becomes_the_mean_of_earlier_rows() -> None:
    """The mean counts the rows before the gap only, and no filled gap."""
    imputer = Imputer(np.full(1, NAN))
    filled = imputer.fill(np.array([[1.0], [NAN], [3.0], [NAN], [np.inf], [100.0]]))
    assert filled[:, 0].tolist() == [1, 1, 3, 2, 2, 100]
    assert imputer.fill(np.array([[NAN]]))[0, 0] == 104 / 3


def test_a_constant_goes_before_the_mean() -> None:
    """A feature with a constant takes it, whatever was seen."""
    filled = Imputer(np.array([-7.0])).fill(np.array([[NAN], [5.0], [NAN]]))
    assert filled[:, 0].tolist() == [-7, 5, -7]


def test_a_mean_beyond_all_floats_is_no_mean() -> None:
    """Where the sum overflows, the gap stays open, so that nothing infinite is learned."""
    filled = Imputer(np.array([NAN])).fill(np.array([[1.5e308], [1.5e308], [NAN]]))
    assert np.isnan(filled[2, 0])


def test_a_feature_never_seen_lies_in_the_middle() -> None:
    """An open gap is scaled to the middle and does not move the extremes."""
    scaler = MinMax(2)
    scored, learned = scaler.scale(np.array([[NAN, 4.0], [10.0, 6.0], [20.0, NAN], [15.0, 5.0]]))
    assert scored[0, 0] == learned[0, 0] == 0.5
    assert learned[:, 0].tolist() == [0.5, 0.0, 1.0, 0.5]
    assert learned[:, 1].tolist() == [0.0, 1.0, 0.5, 0.5]


def test_without_a_scaler_the_middle_is_one_half() -> None:
    """Unscaled features are taken as they are, and an open gap as one half."""
    scored, learned = Unscaled().scale(np.array([[NAN, 0.25]]))
    assert scored.tolist() == learned.tolist() == [[0.5, 0.25]]


def test_a_row_is_scored_by_the_extremes_before_it() -> None:
    """A new maximum lies above 1 when it is scored, and at 1 when it is learned."""
    scored, learned = MinMax(1).scale(np.array([[0.0], [2.0], [4.0]]))
    assert scored[2, 0] == 2.0
    assert learned[2, 0] == 1.0

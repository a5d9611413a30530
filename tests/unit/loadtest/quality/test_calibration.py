"""Predicted probabilities beside what happened."""

from __future__ import annotations

import numpy as np
import pytest

from loadtest.quality.calibration import probability, reliability, wilson


def test_log_odds_of_nothing_are_a_half() -> None:
    """And those of log 3 three quarters."""
    assert probability(np.array([0.0, np.log(3)])) == pytest.approx([0.5, 0.75])


def test_a_true_probability_lies_within_its_bounds() -> None:
    """Of payments that are frauds as often as was said, each bin says so."""
    random = np.random.default_rng(1)
    said = random.random(20_000)
    bins = [*reliability(said, random.random(20_000) < said)]
    assert sum(each.payments for each in bins) == pytest.approx(20_000, abs=20)
    assert all(each.lowest - 0.02 < each.predicted < each.highest + 0.02 for each in bins)


def test_a_bin_of_few_payments_is_left_out_and_certainty_belongs_to_the_last() -> None:
    """Nine say nothing, ten do."""
    said = np.array([1.0] * 10 + [0.5] * 9)
    assert [each.payments for each in reliability(said, np.ones(19, np.bool_))] == [10]


def test_wilsons_bounds() -> None:
    """The published example: 5 of 10 lie between .237 and .763."""
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)

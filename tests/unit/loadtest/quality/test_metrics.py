"""The metrics are what the handbook says, on examples small enough to reckon by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.quality.metrics import (
    auc_roc,
    average_precision,
    card_precision,
    card_precision_ceiling,
    precision_recall,
)

FRAUD = np.array([True, False, True, False, False])
SCORE = np.array([0.9, 0.8, 0.7, 0.7, 0.1])


def test_auc_counts_pairs_and_halves_ties() -> None:
    """Of six pairs, .9 wins three, .7 loses to .8, ties with .7 and beats .1."""
    assert auc_roc(FRAUD, SCORE) == pytest.approx((3 + 0 + 0.5 + 1) / 6)


def test_average_precision_takes_equal_scores_in_one_step() -> None:
    """Half of the frauds at precision 1, the other half at 2 of 4."""
    assert average_precision(FRAUD, SCORE) == pytest.approx(0.5 * 1 + 0.5 * 2 / 4)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auc_equals_the_count_over_all_pairs(rows: list[tuple[bool, int]]) -> None:
    """The ranks give what comparing every fraud with every genuine payment gives."""
    frauds = [score for is_fraud, score in rows if is_fraud]
    genuine = [score for is_fraud, score in rows if not is_fraud]
    if not frauds or not genuine:
        return
    wins = sum((a > b) + 0.5 * (a == b) for a in frauds for b in genuine)
    fraud, score = np.array([f for f, _ in rows]), np.array([float(s) for _, s in rows])
    assert auc_roc(fraud, score) == pytest.approx(wins / (len(frauds) * len(genuine)))


def test_card_precision_takes_a_cards_highest_payment_and_blocks_what_it_found() -> None:
    """Day 0 alerts cards 1 and 2 and finds card 1; day 1 has lost card 1, alerts 3 and 4, and finds both."""
    day = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    card = np.array([1, 1, 2, 3, 1, 2, 3, 4])
    fraud = np.array([True, False, False, False, True, False, True, True])
    score = np.array([0.1, 0.9, 0.8, 0.7, 1.0, 0.1, 0.5, 0.4])
    assert card_precision(day, card, fraud, score, cards_a_day=2) == pytest.approx((1 / 2 + 2 / 2) / 2)


def test_the_ceiling_of_card_precision_is_below_one_where_few_cards_are_compromised() -> None:
    """One compromised card a day out of two alerts is all that anyone can find."""
    day, card = np.array([0, 0, 1, 1]), np.array([1, 2, 3, 4])
    fraud = np.array([True, False, False, True])
    assert card_precision_ceiling(day, card, fraud, cards_a_day=2) == pytest.approx(0.5)


def test_a_curve_has_a_point_for_each_distinct_score() -> None:
    """The highest finds one of two, with the tie below both are found among four."""
    recall, precision = precision_recall(np.array([1, 0, 1, 0, 0]) == 1, np.array([9.0, 5, 5, 5, 1]))
    assert recall.tolist() == [0.5, 1, 1]
    assert precision.tolist() == [1, 0.5, 0.4]

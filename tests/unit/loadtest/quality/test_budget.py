"""An alert budget goes to the highest keys of each day, and what it found is counted as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.quality.budget import Stream, alerted, ceiling, found, limit_for, recall_curve

DAYS = np.array([0, 0, 0, 1, 1, 1])


def stream() -> Stream:
    """Return two days of three payments: a case of two parts, and one of one part."""
    return Stream(
        period=DAYS,
        entity=np.array([1, 2, 3, 1, 2, 3]),
        amount=np.array([10.0, 20.0, 5.0, 30.0, 5.0, 5.0]),
        fraud=np.array([True, False, False, True, False, True]),
        case=np.array([7, 11, 12, 7, 14, 8]),
    )


def test_each_day_alerts_its_highest_and_of_equal_ones_the_earlier() -> None:
    """Two a day, and never a key that is 0 or missing."""
    key = np.array([0.5, 0.5, 0.5, 0.0, np.nan, 0.1])
    assert alerted(DAYS, key, 2).tolist() == [True, True, False, False, False, True]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 4), st.integers(1, 5))
def test_no_day_has_more_alerts_than_its_budget(drawn: list[int], days: int, budget: int) -> None:
    """What is not alerted of a day is no higher than what is."""
    key = np.array(drawn, np.float64)
    day = np.sort(np.arange(len(key)) % days)
    alerts = alerted(day, key, budget)
    for each in range(days):
        told, left = key[(day == each) & alerts], key[(day == each) & ~alerts]
        assert len(told) == min(budget, (key[day == each] > 0).sum())
        assert not len(told) or not len(left) or told.min() >= left.max()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 5))
def test_a_limit_spends_at_most_the_budget_on_what_it_is_taken_from(drawn: list[int], budget: int) -> None:
    """Ties at the limit are left out together."""
    key = np.array(drawn, np.float64)
    day = np.zeros(len(key), np.int64)
    limit = limit_for(day, key, budget)
    assert (key >= limit).sum() <= max(budget, 0)
    assert limit > 0


def test_a_case_is_found_with_any_of_its_parts() -> None:
    """One alert finds case 7, of 40 of 45; the precision is that of alerts."""
    alerts = np.array([True, True, False, False, False, False])
    got = found(stream(), alerts, alerts.astype(np.float64), 1)
    assert (got.alerts, got.recall, got.precision) == (1.0, 0.5, 0.5)
    assert got.value == pytest.approx(40 / 45)


def test_a_day_without_an_alert_has_no_card_precision() -> None:
    """One of two days alerts one card, which is compromised: a half; who knows everything has one."""
    key = np.array([1.0, 0, 0, 0, 0, 0])
    assert found(stream(), key > 0, key, 1).card_precision == 0.5
    assert found(stream(), key > 1, np.zeros(6), 1).card_precision == 0
    assert ceiling(stream(), 1) == 1


def test_recall_grows_with_the_budget() -> None:
    """Up to all cases."""
    key = np.array([0.1, 0.3, 0.2, 0.1, 0.3, 0.2])
    assert recall_curve(stream(), key, [1, 2, 3]) == [0, 0.5, 1]

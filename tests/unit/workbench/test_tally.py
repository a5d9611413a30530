"""What is counted in batches is what one would count event by event."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.features.catalogue import DAY_US
from fraudstream.workbench.answers import FRAUD, GENUINE, UNKNOWN
from fraudstream.workbench.daily import DailyBudget
from fraudstream.workbench.tally import Marked, Tally

ROWS = 3


class One(NamedTuple):
    """An event as a person would write it down."""

    day: int
    hits: tuple[bool, ...]
    told: tuple[bool, ...]
    label: int
    value: int


marks = st.tuples(*[st.booleans()] * ROWS)
labels = st.sampled_from([FRAUD, GENUINE, UNKNOWN])
events = st.lists(st.builds(One, st.integers(0, 3), marks, marks, labels, st.integers(0, 2**62)), max_size=30)


def marked(batch: list[One]) -> Marked:
    """Return events as columns."""
    return Marked(
        np.array([each.day * DAY_US for each in batch], np.int64),
        np.array([each.hits for each in batch], np.bool_).reshape(-1, ROWS).T,
        np.array([each.told for each in batch], np.bool_).reshape(-1, ROWS).T,
        np.array([each.label for each in batch], np.int8),
        np.array([each.value for each in batch], object),
    )


@given(st.lists(events, max_size=4))
def test_counts_are_those_of_one_by_one(batches: list[list[One]]) -> None:
    """However the events are cut into batches, and whatever sums their values come to."""
    tally = Tally(ROWS)
    for batch in batches:
        tally.add(marked(batch))
    everything = list(itertools.chain(*batches))
    assert tally.events == len(everything)
    assert tally.fraud_value_all == sum(each.value for each in everything if each.label == FRAUD)
    for row in range(ROWS):
        hits = [each for each in everything if each.hits[row]]
        told = [each for each in everything if each.told[row]]
        assert tally.hits[row] == len(hits)
        assert tally.alerts[row] == len(told)
        assert tally.fraud_hits[row] == sum(each.label == FRAUD for each in hits)
        assert tally.genuine_hits[row] == sum(each.label == GENUINE for each in hits)
        assert tally.fraud_alerts[row] == sum(each.label == FRAUD for each in told)
        assert tally.genuine_alerts[row] == sum(each.label == GENUINE for each in told)
        assert tally.value_at_risk[row] == sum(each.value for each in told)
        assert tally.fraud_value[row] == sum(each.value for each in hits if each.label == FRAUD)
        assert tally.told_value[row] == sum(each.value for each in told if each.label == FRAUD)
        for other in range(ROWS):
            assert tally.overlap[row, other] == sum(each.hits[other] for each in hits)
        for day, counts in tally.alerts_by_day.items():
            assert counts[row] == sum(each.day == day for each in told)
    assert set(tally.alerts_by_day) == {each.day for each in everything}


class Told(NamedTuple):
    """An alert as a person would write it down."""

    day: int
    severity: int
    score: int
    time_us: int
    label: int
    row: int


small = st.integers(0, 3)
alerts = st.lists(
    st.builds(Told, st.integers(0, 2), small, small, small, labels, st.integers(0, 1)), max_size=40
)


@given(alerts, st.integers(1, 5))
def test_a_budget_keeps_the_gravest_of_each_day(found: list[Told], alerts_max: int) -> None:
    """By severity, then score, then the earlier one, then the one that came first."""
    budget = DailyBudget(alerts_max)
    for each in found:
        budget.add(each.day, each.severity, each.score, each.time_us, each.label, [each.row])
    ranked = sorted(found, key=lambda each: (-each.severity, -each.score, each.time_us))
    kept = [each for day in range(3) for each in [each for each in ranked if each.day == day][:alerts_max]]
    for row in (0, 1):
        mine = [each.label for each in kept if each.row == row]
        got = budget.budgeted(row)
        assert (got.alerts, got.frauds, got.genuine) == (len(mine), mine.count(FRAUD), mine.count(GENUINE))

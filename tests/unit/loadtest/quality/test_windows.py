"""Windows hold exactly what they say, and read no label before it is known."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.quality.data import DAY_US
from loadtest.quality.windows import days, fraud_streak, sliding
from tests.unit.loadtest.quality.drawn import drawn_payments

DELAY = days(7)
seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(seeds, st.sampled_from([0, 1, 7]), st.sampled_from([1, 7, 30]))
def test_a_window_equals_a_search_of_the_whole_stream(seed: int, offset_days: int, window_days: int) -> None:
    """Count, sum and squares are those of the events that a slow search finds."""
    stream = drawn_payments(60, seed)
    window = sliding(stream.time_us, stream.card, stream.amount, days(window_days), days(offset_days))
    for row, time in enumerate(stream.time_us):
        until = time - days(offset_days)
        past = slice(0, row + 1)
        inside = (
            (stream.card[past] == stream.card[row])
            & (stream.time_us[past] <= until)
            & (stream.time_us[past] > until - days(window_days))
        )
        values = stream.amount[past][inside]
        assert window.events[row] == len(values)
        assert window.total[row] == values.sum()
        assert window.squares[row] == (values**2).sum()


@settings(deadline=None)
@given(seeds)
def test_a_streak_is_the_frauds_since_the_last_known_genuine_payment(seed: int) -> None:
    """Length and age are those of the labels that are known, read one by one."""
    stream = drawn_payments(80, seed, fraud_share=0.5)
    streak = fraud_streak(stream.time_us, stream.terminal, stream.fraud, DELAY)
    for row, time in enumerate(stream.time_us):
        past = slice(0, row + 1)
        known = (stream.terminal[past] == stream.terminal[row]) & (stream.time_us[past] <= time - DELAY)
        labels, times = stream.fraud[past][known], stream.time_us[past][known]
        genuine = np.flatnonzero(~labels)
        begin = genuine[-1] + 1 if len(genuine) else 0
        assert streak.length[row] == (len(labels) - begin if len(labels) else -1)
        assert streak.since_us[row] == (time - times[begin] if begin < len(labels) else 0)


@settings(deadline=None)
@given(seeds)
def test_labels_that_are_not_yet_known_change_nothing(seed: int) -> None:
    """Up to any moment, other labels in the last seven days give the same values."""
    stream = drawn_payments(80, seed, days=25)
    moment = int(stream.time_us[60])
    hidden = stream.fraud ^ (stream.time_us > moment - DELAY)
    seen = stream.time_us <= moment
    before = fraud_streak(stream.time_us, stream.terminal, stream.fraud, DELAY)
    after = fraud_streak(stream.time_us, stream.terminal, hidden, DELAY)
    assert all(np.array_equal(a[seen], b[seen]) for a, b in zip(before, after, strict=True))
    risks = [
        sliding(stream.time_us, stream.terminal, labels.astype(np.int64), 30 * DAY_US, DELAY)
        for labels in (stream.fraud, hidden)
    ]
    assert all(np.array_equal(a[seen], b[seen]) for a, b in zip(*risks, strict=True))

"""A label is learned when it is known, and changes nothing before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from loadtest.quality.data import DAY_US, Payments
from loadtest.quality.features import LABEL_FED, features
from loadtest.quality.learners import Binned
from loadtest.quality.metrics import auc_roc
from loadtest.quality.prequential import STEP_US, Matrix, delayed_scores
from tests.unit.loadtest.quality.drawn import drawn_payments

DELAY = 7 * DAY_US
seeds = st.integers(0, 2**32 - 1)


class Counter:
    """A learner whose score is the number of rows that it has learned."""

    def __init__(self) -> None:
        self.learned: list[float] = []

    def learn(self, x: Matrix, fraud: NDArray[np.bool_]) -> None:
        """Keep the rows."""
        self.learned += x[:, 0].tolist()

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """Count the rows."""
        return np.full(len(x), float(len(self.learned)))


def scored(payments: Payments) -> NDArray[np.float64]:
    """Return the scores of a learner of everything, on features that are read with these labels."""
    table = features(payments, DELAY)
    every = np.ones(len(payments.time_us), np.bool_)
    learner = Binned(len(table.names), first=20)
    return delayed_scores(learner, payments.time_us, table.x, payments.fraud, DELAY, every, every)


@settings(deadline=None)
@given(seeds)
def test_what_was_learned_at_a_score_was_known_at_the_hours_start(seed: int) -> None:
    """Every row is learned once, in order, and as soon as the hour after its delay begins."""
    stream = drawn_payments(60, seed)
    every = np.ones(60, np.bool_)
    learner = Counter()
    rows = np.arange(60.0)[:, None]
    score = delayed_scores(learner, stream.time_us, rows, stream.fraud, DELAY, every, every)
    hour = stream.time_us // STEP_US * STEP_US
    assert score.tolist() == [(stream.time_us <= start - DELAY).sum() for start in hour]
    assert learner.learned == sorted(learner.learned)


def test_only_what_is_asked_is_scored_and_only_what_is_allowed_is_learned() -> None:
    """Elsewhere the score is NaN."""
    time = np.array([0, 1, 8, 9]) * DAY_US
    learner = Counter()
    score = delayed_scores(
        learner,
        time,
        np.arange(4.0)[:, None],
        np.zeros(4, np.bool_),
        DELAY,
        learned=np.array([True, False, True, True]),
        scored=np.array([False, False, True, True]),
    )
    assert np.array_equal(score, [np.nan, np.nan, 1, 1], equal_nan=True)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_labels_of_the_last_seven_days_change_no_feature_and_no_score(seed: int) -> None:
    """Up to any moment, hiding or turning over what is not yet known gives the same bits."""
    stream = drawn_payments(150, seed)
    moment = int(stream.time_us[100])
    unknown = stream.time_us > moment - DELAY
    seen = stream.time_us <= moment
    for labels in (stream.fraud & ~unknown, stream.fraud ^ unknown):
        other = stream.with_labels(labels)
        assert np.array_equal(features(stream, DELAY).x[seen], features(other, DELAY).x[seen])
        assert np.array_equal(scored(stream)[seen], scored(other)[seen])


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_features_without_labels_read_none(seed: int) -> None:
    """Other labels leave them as they are, and the others' names say so."""
    stream = drawn_payments(80, seed)
    table, other = features(stream, DELAY), features(stream.with_labels(~stream.fraud), DELAY)
    assert np.array_equal(table.label_free().x, other.label_free().x)
    assert not any(name.startswith(LABEL_FED) for name in table.label_free().names)


@settings(deadline=None, max_examples=25)
@given(seeds, st.integers(1, 79))
def test_no_feature_reads_what_comes_later(seed: int, length: int) -> None:
    """The first payments have the same features whatever follows."""
    stream = drawn_payments(80, seed)
    first = Payments(
        stream.time_us[:length],
        stream.card[:length],
        stream.terminal[:length],
        stream.amount[:length],
        stream.fraud[:length],
        stream.first_day,
    )
    assert np.array_equal(features(first, DELAY).x, features(stream, DELAY).x[:length])


def test_what_labels_teach_is_found_and_shuffled_labels_teach_nothing() -> None:
    """Where large amounts are fraud the scores say so; labels dealt out anew leave chance."""
    stream = drawn_payments(6_000, seed=3, days=60, cards=200, terminals=50)
    honest = stream.with_labels(stream.amount > 27_000)
    dealt = honest.with_labels(np.random.default_rng(4).permutation(honest.fraud))
    late = stream.time_us > 20 * DAY_US
    assert auc_roc(honest.fraud[late], scored(honest)[late]) > 0.95
    assert auc_roc(dealt.fraud[late], scored(dealt)[late]) == pytest.approx(0.5, abs=0.06)

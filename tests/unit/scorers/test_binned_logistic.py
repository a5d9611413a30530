"""Logistic regression on binned features: it learns from labels as River's does, and names its reasons."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from river import linear_model, optim

from fraudstream.scorers.binned import BINS, MISSING_BIN, Binning
from fraudstream.scorers.binned_logistic import BinnedLogistic
from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.protocol import Direction, LabelScorer, Matrix, Scorer
from tests.unit.scorers.makers import names


def model(features: int, first: int = 100, warm_up: int = 2, missing: float = np.nan) -> BinnedLogistic:
    """Return a model that has learned nothing."""
    return BinnedLogistic(names(features), np.full(features, missing), Calibrator(1, warm_up), first, 0.3)


def raw(scorer: Scorer, x: Matrix) -> NDArray[np.float64]:
    """Return the log-odds of some rows."""
    return scorer.score_and_learn(x).raw


def test_it_learns_what_river_learns_on_one_hot_bins() -> None:
    """The same scores as River's logistic regression with AdaGrad, to rounding, until bins are laid anew."""
    random = np.random.default_rng(1)
    x = random.normal(size=(600, 3))
    x[random.random(x.shape) < 0.1] = np.nan
    fraud = np.nan_to_num(x[:, 0] + x[:, 1]) > 1.5
    fast, binning = model(3, first=300), Binning(3)
    fast.learn(x[:500], fraud[:500])
    binning.fix(x[:300])
    river = linear_model.LogisticRegression(optimizer=optim.AdaGrad(0.3), intercept_lr=0.01)
    for row, answer in zip(binning.of(x[:500]), fraud[:500], strict=True):
        river.learn_one({(column, int(at)): 1.0 for column, at in enumerate(row)}, bool(answer))
    expected = [
        river.predict_proba_one({(column, int(at)): 1.0 for column, at in enumerate(row)})[True]
        for row in binning.of(x[500:])
    ]
    assert 1 / (1 + np.exp(-raw(fast, x[500:]))) == pytest.approx(np.array(expected), rel=1e-9)


def test_how_lessons_are_cut_changes_no_bit() -> None:
    """Bins come from the first rows alone, and rows are learned one by one."""
    random = np.random.default_rng(2)
    x, fraud = random.normal(size=(300, 4)), random.random(300) < 0.2
    whole, pieces, singles = model(4), model(4), model(4)
    whole.learn(x, fraud)
    for begin in range(0, 300, 70):
        pieces.learn(x[begin : begin + 70], fraud[begin : begin + 70])
    for row in range(300):
        singles.learn(x[row : row + 1], fraud[row : row + 1])
    assert np.array_equal(raw(whole, x), raw(pieces, x))
    assert np.array_equal(raw(whole, x), raw(singles, x))
    assert whole.learned == singles.learned == (int((~fraud).sum()), int(fraud.sum()))


def test_bins_grow_with_the_features() -> None:
    """What is 0 in the first lessons, as the past is short, is told apart once the lessons have doubled."""
    random = np.random.default_rng(7)
    x = random.normal(size=(4_000, 2))
    x[:100, 1] = 0
    fraud = x[:, 1] > 1
    learner = model(2)
    learner.learn(x, fraud)
    low, high = raw(learner, np.array([[0.0, 0.5], [0.0, 1.5]]))
    assert low < -2
    assert high > 2


def test_new_bins_keep_what_was_learned() -> None:
    """Where nothing has changed but the edges, scores stay near what they were."""
    random = np.random.default_rng(8)
    x = random.normal(size=(6_400, 2))
    fraud = x[:, 0] + x[:, 1] > 1.5
    learner = model(2, first=1_600)
    learner.learn(x[:-1], fraud[:-1])
    before = raw(learner, x)
    learner.learn(x[-1:], fraud[-1:])
    after = raw(learner, x)
    assert not np.array_equal(before, after)
    assert np.corrcoef(before, after)[0, 1] > 0.99


def test_nobody_is_accused_before_it_has_learned() -> None:
    """No score is ready before the bins are fixed, nor before there was a fraud."""
    learner, x = model(2, first=10), np.ones((20, 2))
    learner.learn(x[:9], np.ones(9, np.bool_))
    assert not learner.score_and_learn(x).ready.any()
    learner = model(2, first=10)
    learner.learn(x, np.zeros(20, np.bool_))
    assert not learner.score_and_learn(x).ready.any()
    learner.learn(x[:1], np.ones(1, np.bool_))
    assert learner.score_and_learn(x).ready.tolist() == [False] * 2 + [True] * 18


def test_scoring_teaches_nothing() -> None:
    """Only labels move the weights."""
    random = np.random.default_rng(3)
    x = random.normal(size=(200, 3))
    learner = model(3)
    learner.learn(x, x[:, 0] > 1)
    assert isinstance(learner, LabelScorer)
    before = raw(learner, x)
    assert np.array_equal(before, raw(learner, x))


def test_rare_values_have_bins_of_their_own() -> None:
    """A feature that is 0 in 99 of 100 rows still tells its other values apart."""
    column = np.concatenate([np.zeros(9_900), np.linspace(1, 100, 100)])[:, None]
    binning = Binning(1)
    binning.fix(column)
    bins = binning.of(np.array([[0.0], [1.0], [50.0], [100.0]]))[:, 0]
    assert len(set(bins.tolist())) == 4
    assert bins.max() < MISSING_BIN < BINS


def test_a_missing_value_has_a_bin_of_its_own_unless_the_file_gives_one() -> None:
    """That a value is missing may be the very sign of fraud."""
    x = np.random.default_rng(4).normal(size=(400, 1))
    gap = np.arange(400) % 4 == 0
    x[gap] = np.nan
    learner, filled = model(1), model(1, missing=0.0)
    for each in (learner, filled):
        each.learn(x, gap)
    (odds,), (of_filled,) = raw(learner, np.array([[np.nan]])), raw(filled, np.array([[np.inf]]))
    assert odds > raw(learner, np.array([[0.0]]))[0]
    assert of_filled == raw(filled, np.array([[0.0]]))[0]


def test_a_feature_that_was_never_there_takes_part_later() -> None:
    """All its values share one bin, which learns."""
    x = np.full((100, 2), np.nan)
    x[:, 1] = np.arange(100)
    learner = model(2)
    learner.learn(x, np.arange(100) % 2 == 0)
    learner.learn(np.ones((50, 2)), np.ones(50, np.bool_))
    assert raw(learner, np.ones((1, 2)))[0] > raw(learner, np.array([[np.nan, 1.0]]))[0]


def test_what_was_kept_as_float32_is_learned_as_it_was_scored() -> None:
    """Both fall into the same bins, also where rounding crosses an edge."""
    x = np.random.default_rng(9).normal(size=(1_000, 3))
    exact, kept = model(3), model(3)
    exact.learn(x, x[:, 0] > 1)
    kept.learn(x.astype(np.float32).astype(np.float64), x[:, 0] > 1)
    assert np.array_equal(raw(exact, x), raw(kept, x))


def test_reasons_are_the_terms_above_their_mean() -> None:
    """The feature that makes frauds is named first, with the side on which it lies."""
    random = np.random.default_rng(5)
    x = random.normal(size=(2_000, 3))
    learner = model(3, first=1_000)
    learner.learn(x, x[:, 2] < -1.5)
    batch = learner.score_and_learn(np.array([[0.0, 0.0, -3.0]]))
    first, *_ = learner.explain(batch, 0, 3)
    assert (first.feature, first.direction, first.value) == (names(3)[2], Direction.LOW, -3.0)
    assert first.contribution > 0

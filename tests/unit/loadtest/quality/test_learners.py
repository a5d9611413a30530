"""The fast learner is River's, and bins hold what they say."""

from __future__ import annotations

import numpy as np
import pytest
from river import linear_model, optim, preprocessing

from loadtest.quality.learners import BinnedLogistic, Bins, RiverLearner
from loadtest.quality.metrics import auc_roc
from loadtest.quality.network import OnlineNetwork


def test_the_fast_path_learns_what_river_learns_on_one_hot_bins() -> None:
    """The same scores as River's logistic regression with AdaGrad, to rounding."""
    random = np.random.default_rng(1)
    x = random.normal(size=(600, 3))
    fraud = x[:, 0] + x[:, 1] > 1.5
    fast = BinnedLogistic(3, rate=0.3, first=200)
    fast.learn(x[:500], fraud[:500])
    bins = Bins(x[:200])
    river = linear_model.LogisticRegression(optimizer=optim.AdaGrad(0.3), intercept_lr=0.01)
    for row, answer in zip(bins.of(x[:500]), fraud[:500], strict=True):
        river.learn_one({(column, int(at)): 1.0 for column, at in enumerate(row)}, bool(answer))
    expected = [
        river.predict_proba_one({(column, int(at)): 1.0 for column, at in enumerate(row)})[True]
        for row in bins.of(x[500:])
    ]
    assert 1 / (1 + np.exp(-fast.score(x[500:]))) == pytest.approx(np.array(expected), rel=1e-9)


def test_how_lessons_are_cut_changes_no_bit() -> None:
    """Bins come from the first rows alone, and rows are learned one by one."""
    random = np.random.default_rng(2)
    x, fraud = random.normal(size=(300, 4)), random.random(300) < 0.2
    whole, pieces = BinnedLogistic(4, first=100), BinnedLogistic(4, first=100)
    whole.learn(x, fraud)
    for begin in range(0, 300, 70):
        pieces.learn(x[begin : begin + 70], fraud[begin : begin + 70])
    assert np.array_equal(whole.score(x), pieces.score(x))


def test_before_the_bins_are_fixed_every_score_is_zero() -> None:
    """Nobody is accused by a model that has not begun."""
    learner = BinnedLogistic(2, first=10)
    learner.learn(np.ones((9, 2)), np.ones(9, np.bool_))
    assert learner.score(np.ones((3, 2))).tolist() == [0, 0, 0]


def test_rare_values_have_bins_of_their_own() -> None:
    """A feature that is 0 in 99 of 100 rows still tells its other values apart."""
    column = np.concatenate([np.zeros(9_900), np.linspace(1, 100, 100)])[:, None]
    bins = Bins(column).of(np.array([[0.0], [1.0], [50.0], [100.0]]))[:, 0]
    assert len(set(bins.tolist())) == 4
    assert bins.max() < Bins.COUNT


def test_any_classifier_of_river_runs_behind_its_scaler() -> None:
    """It learns and scores rows one at a time."""
    learner = RiverLearner(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    x = np.linspace(-1, 1, 200)[:, None]
    learner.learn(x, x[:, 0] > 0)
    low, high = learner.score(np.array([[-1.0], [1.0]]))
    assert low < 0.5 < high


def test_the_network_learns_what_no_line_separates_and_the_same_each_time() -> None:
    """Fraud where two features have the same sign: one pass is enough, and a seed gives the same bits."""
    x = np.random.default_rng(6).normal(size=(6_000, 2))
    fraud = x[:, 0] * x[:, 1] > 0
    first, again = OnlineNetwork(2, seed=1), OnlineNetwork(2, seed=1)
    for network in (first, again):
        network.learn(x[:5_000], fraud[:5_000])
    assert auc_roc(fraud[5_000:], first.score(x[5_000:])) > 0.95
    assert np.array_equal(first.score(x), again.score(x))

"""The harness's learners learn."""

from __future__ import annotations

import numpy as np
from river import linear_model, preprocessing

from loadtest.quality.learners import RiverLearner
from loadtest.quality.metrics import auc_roc
from loadtest.quality.network import OnlineNetwork


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

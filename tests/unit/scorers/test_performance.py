"""What a model is worth by its labels."""

from __future__ import annotations

import numpy as np
import pytest

from fraudstream.scorers.performance import BINS, MEMORY_LABELS, Performance, Skill
from loadtest.quality.metrics import auc_roc


def test_it_is_the_area_under_the_curve() -> None:
    """As the harness computes it from the scores themselves, to a bin."""
    random = np.random.default_rng(1)
    fraud = random.random(4_000) < 0.1
    scores = np.clip(random.normal(np.where(fraud, 0.7, 0.4), 0.2), 0, 1)
    performance = Performance()
    performance.learn(scores, fraud)
    found = performance.skill()
    assert found.auc == pytest.approx(auc_roc(fraud, scores), abs=0.01)
    assert found.recall_at_1pct == pytest.approx((scores[fraud] >= 0.99).mean(), abs=0.01)


def test_without_both_kinds_there_is_nothing_to_tell() -> None:
    """Nor from events that had no score."""
    performance = Performance()
    performance.learn(np.array([0.5, np.nan]), np.array([True, False]))
    assert performance.skill() == Skill(None, None)
    performance.learn(np.array([0.2]), np.array([False]))
    assert performance.skill() == Skill(1.0, 0.0)


def test_what_was_long_ago_counts_less() -> None:
    """A model that turns bad shows it after some hundred thousand labels, however good it was before."""
    performance = Performance()
    count = 4 * MEMORY_LABELS
    fraud = np.arange(count) % 2 == 0
    performance.learn(np.where(fraud, 0.9, 0.1), fraud)
    performance.learn(np.where(fraud, 0.1, 0.9), fraud)
    assert performance.skill().auc == pytest.approx(1 / (1 + np.exp(4)), abs=0.03)


def test_cuts_do_not_show() -> None:
    """Also where the weights are scaled back in between."""
    random = np.random.default_rng(2)
    scores, fraud = random.random(1_200_000), random.random(1_200_000) < 0.5
    whole, pieces = Performance(), Performance()
    whole.learn(scores, fraud)
    for part in np.split(np.arange(len(scores)), [7, 999_999, 1_000_001]):
        pieces.learn(scores[part], fraud[part])
    for name, array in whole.arrays().items():
        assert np.array_equal(array, pieces.arrays()[name])
    assert whole.arrays()["weights"].shape == (2, BINS)

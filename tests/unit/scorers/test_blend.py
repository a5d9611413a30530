"""A blend hears the models that told frauds, and of the others less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.blend import Blend
from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.protocol import Matrix

WARM_UP = 100


def _blend() -> Blend:
    return Blend(("good", "noise"), Calibrator(1, WARM_UP))


def _ranks(rows: int, seed: int = 1) -> tuple[Matrix, NDArray[np.bool_]]:
    """Return the ranks of a model that finds fraud and of one that draws lots, and what is fraud."""
    random = np.random.default_rng(seed)
    fraud = random.random(rows) < 0.05
    x = random.random((rows, 2))
    x[fraud, 0] = 1 - x[fraud, 0] ** 2 / 10
    return x, fraud


def _auc(scores: NDArray[np.float64], fraud: NDArray[np.bool_]) -> float:
    return float((scores[fraud][:, None] > scores[~fraud]).mean())


def test_before_labels_all_count_the_same() -> None:
    """Which column a rank stands in changes nothing."""
    x, _ = _ranks(500)
    assert np.array_equal(_blend().score_and_learn(x).raw, _blend().score_and_learn(x[:, ::-1]).raw)


def test_labels_tell_whom_to_hear() -> None:
    """With labels the blend is as good as its better model nearly, where the plain mean is not."""
    x, fraud = _ranks(3_000)
    blend = _blend()
    plain = _auc(blend.score_and_learn(x).raw, fraud)
    blend.learn(x, fraud)
    later, fraud = _ranks(3_000, seed=2)
    assert _auc(blend.score_and_learn(later).raw, fraud) > _auc(later[:, 0], fraud) - 0.01 > plain
    assert blend.learned == (int((~_ranks(3_000)[1]).sum()), int(_ranks(3_000)[1].sum()))


def test_a_model_that_gave_no_score_is_left_out() -> None:
    """It is no vote for or against; where none gave one there is no rank."""
    x = np.array([[0.9, np.nan], [0.9, 0.9], [np.nan, np.nan]])
    blend = _blend()
    blend.score_and_learn(_ranks(200)[0])
    batch = blend.score_and_learn(x)
    assert batch.raw[1] == 2 * batch.raw[0] > 0
    assert batch.ready.tolist() == [True, True, False]


def test_a_model_below_chance_is_hardly_heard() -> None:
    """Its votes never count against what it says."""
    x, fraud = _ranks(3_000)
    x[:, 1] = 1 - x[:, 0]
    blend = _blend()
    for _ in range(5):
        blend.learn(x, fraud)
    raw = blend.score_and_learn(np.array([[0.7, 0.001], [0.7, 0.999], [0.8, 0.001]])).raw
    assert raw[0] < raw[1] < raw[2]


def test_it_learns_as_rivers_logistic_regression_does() -> None:
    """One row after the other, with AdaGrad for the weights; none falls below the least."""
    x, fraud = _ranks(400)
    blend = _blend()
    blend.learn(x, fraud)
    log_odds = np.log(np.clip(x, 1e-4, 1 - 1e-4) / (1 - np.clip(x, 1e-4, 1 - 1e-4)))
    weights, squares = np.array([0.5, 0.5, -4.0]), np.zeros(3)
    for row, answer in zip(np.column_stack([log_odds, np.ones(400)]), fraud, strict=True):
        step = (1 / (1 + np.exp(-weights @ row)) - answer) * row
        squares += step**2
        weights -= 0.1 * step / np.sqrt(squares + 1e-8)
        weights[:2] = np.maximum(weights[:2], 0.01)
    snapshot = blend.snapshot()
    assert np.allclose(snapshot["weights"], weights[:2], rtol=1e-12)
    assert np.allclose(snapshot["intercept"], weights[2], rtol=1e-12)

"""Scorers and streams that the tests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import anomaly, compose, preprocessing

from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.config import ModelSpec, build_scorer
from fraudstream.scorers.fused import Fused
from fraudstream.scorers.protocol import LabelScorer, Matrix, ScoreBatch, Scorer
from fraudstream.scorers.river_path import RiverPipeline
from fraudstream.scorers.selective import Sparing

FEATURES = ("velocity", "amount", "hour", "age")
"""Not in the order of the alphabet, in which River draws its split features."""
WINDOW = 40
WARM_UP = 100
SEED = 11


def names(count: int) -> tuple[str, ...]:
    """Return `count` feature names whose order is not that of the alphabet."""
    return tuple(f"f{(7 * index + 3) % count:02d}_{index}" for index in range(count))


def spec(
    features: Sequence[str], trees: int, height: int, window: int, scaler: str = "min_max", warm_up: int = 0
) -> ModelSpec:
    """Return a model of half-space trees."""
    estimator = {"kind": "half_space_trees", "trees": trees, "height": height, "window": window}
    return _spec(features, estimator, warm_up or 2 * window, scaler)


def loda_spec(features: Sequence[str], warm_up: int, **estimator: int) -> ModelSpec:
    """Return a model of LODA."""
    return _spec(features, {"kind": "loda", **estimator}, warm_up, "standard")


def _spec(features: Sequence[str], estimator: Mapping[str, Any], warm_up: int, scaler: str) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "id": "test",
            "features": {name: {"expr": name} for name in features},
            "estimator": estimator,
            "scaler": scaler,
            "warm_up": warm_up,
            "seed": SEED,
        }
    )


def river_half_space_trees(trees: int, height: int, window: int) -> Any:
    """Return River's own estimator, without a scaler."""
    return anomaly.HalfSpaceTrees(n_trees=trees, height=height, window_size=window, seed=SEED)


def scaled(estimator: Any) -> Any:
    """Return a River pipeline that scales to [0, 1] first."""
    return compose.Pipeline(preprocessing.MinMaxScaler(), estimator)


def _river(pipeline: Any, silent: int) -> Scorer:
    return RiverPipeline(FEATURES, pipeline, Calibrator(silent, WARM_UP))


def _sparing() -> Scorer:
    """Return a scorer of small blocks, so that it has learned some before its warm-up is over."""
    fused = build_scorer(loda_spec(FEATURES, WARM_UP, projections=30, half_life=100))
    assert isinstance(fused, Fused)
    return Sparing(fused, 1, spares_alerted=True, guard=0.98, block=20)


def _taught(kind: str, scaler: str = "none", learn: str = "all", **estimator: int) -> Scorer:
    """Return a scorer that learns from labels, after its lessons."""
    spec = _spec(FEATURES, {"kind": kind, **estimator}, WARM_UP, scaler)
    scorer = build_scorer(spec.model_copy(update={"learn": learn}))
    assert isinstance(scorer, LabelScorer)
    x = stream(2_000, seed=5, gaps=0.02)
    scorer.learn(x, np.any(x > 0.6, axis=1))
    return scorer


SCORERS: Mapping[str, Callable[[], Scorer]] = {
    "min_max_half_space_trees": lambda: build_scorer(spec(FEATURES, 7, 5, WINDOW, warm_up=WARM_UP)),
    "half_space_trees": lambda: build_scorer(spec(FEATURES, 7, 5, WINDOW, "none", WARM_UP)),
    "loda": lambda: build_scorer(loda_spec(FEATURES, WARM_UP, projections=30, half_life=100)),
    "sparing_loda": _sparing,
    "confirmed_half_space_trees": lambda: _taught(
        "half_space_trees", "min_max", "confirmed_good", trees=25, height=6, window=WINDOW
    ),
    "binned_logistic": lambda: _taught("binned_logistic", first=200),
    "blend": lambda: _taught("blend"),
    "river_half_space_trees": lambda: _river(scaled(river_half_space_trees(7, 5, WINDOW)), WINDOW),
    "river_loda": lambda: _river(anomaly.LODA(n_bins=8, n_random_cuts=10, seed=SEED), 0),
}
"""Every kind of scorer; each must pass the contract."""


def stream(rows: int, seed: int = 0, gaps: float = 0.0) -> Matrix:
    """Return rows of the four features, mostly within [0, 1], with a share of gaps."""
    rng = np.random.default_rng(seed)
    x = rng.beta(2, 5, (rows, len(FEATURES)))
    x[rng.random(x.shape) < gaps] = np.nan
    return x


def scored(scorer: Scorer, x: Matrix, cuts: Sequence[int] = ()) -> list[ScoreBatch]:
    """Send a stream through a scorer, cut before the rows of `cuts`."""
    return [scorer.score_and_learn(part) for part in np.split(x, sorted(cuts))]


def columns(batches: Sequence[ScoreBatch]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Join what several batches gave: raw, calibrated, ready."""
    return (
        np.concatenate([batch.raw for batch in batches]),
        np.concatenate([batch.calibrated for batch in batches]),
        np.concatenate([batch.ready for batch in batches]),
    )


def equal(left: Sequence[ScoreBatch], right: Sequence[ScoreBatch]) -> bool:
    """Say whether two runs gave the same bits, however they were cut."""
    return all(np.array_equal(one, other) for one, other in zip(columns(left), columns(right), strict=True))

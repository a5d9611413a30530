"""The fast path against River itself: equal to the bit on every stream, model and batch size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from river import preprocessing

from fraudstream.scorers.config import build_scorer
from fraudstream.scorers.protocol import Matrix
from fraudstream.scorers.scaling import MinMax, Scaler, Standard
from tests.unit.scorers.makers import (
    SCORERS,
    columns,
    names,
    river_half_space_trees,
    scaled,
    scored,
    spec,
    stream,
)

ROWS = 1_100
MODELS = [(25, 8, 250, 16), (10, 8, 100, 6), (5, 3, 7, 3), (2, 12, 90, 5), (1, 1, 1, 1), (4, 6, 1_000, 2)]
"""trees, height, window, features; the last scores 0 nearly to the end."""
BATCHES = [1, 7, 100, 500]
ANOMALY = Path(__file__).parents[3] / ".." / "shared" / "data" / "anomaly"

Rng = np.random.Generator


def _bursts(rng: Rng, count: int) -> Matrix:
    x = rng.normal(size=(ROWS, count))
    x[300:340] += 30
    x[700:760] -= 9
    return x


def _drift(rng: Rng, count: int) -> Matrix:
    """New extremes come again and again, so that rows are often learned on another scale than scored."""
    days = np.arange(ROWS)[:, None] / 100
    return rng.normal(days, 1 + days / 2, (ROWS, count))


STREAMS: Mapping[str, Callable[[Rng, int], Matrix]] = {
    "uniform": lambda rng, count: rng.random((ROWS, count)),
    "bursts": _bursts,
    "constants": lambda rng, count: np.tile(rng.normal(size=count), (ROWS, 1)),
    "ties": lambda rng, count: rng.integers(-1, 2, (ROWS, count)).astype(np.float64),
    "huge ranges": lambda rng, count: (
        rng.choice([-1, 1], (ROWS, count)) * 10.0 ** rng.integers(-300, 309, (ROWS, count))
    ),
    "drift": _drift,
}


def _river(model: Any, x: Matrix, features: tuple[str, ...]) -> NDArray[np.float64]:
    """Score then learn, row by row."""
    scores = []
    for row in x.tolist():
        values = dict(zip(features, row, strict=True))
        scores.append(float(model.score_one(values)))
        model.learn_one(values)
    return np.array(scores)


@cache
def _case(kind: str, model: tuple[int, int, int, int]) -> tuple[Matrix, NDArray[np.float64]]:
    """Return a stream and the scores that River gives it."""
    x = STREAMS[kind](np.random.default_rng(len(kind)), model[3])
    return x, _river(scaled(river_half_space_trees(*model[:3])), x, names(model[3]))


@pytest.mark.parametrize(
    ("kind", "ours", "scaler"),
    [(kind, MinMax(3), preprocessing.MinMaxScaler()) for kind in STREAMS]
    + [(kind, Standard(3), preprocessing.StandardScaler()) for kind in STREAMS if kind != "huge ranges"],
)
def test_scaler_equals_river(kind: str, ours: Scaler, scaler: Any) -> None:
    """Every scaled value has River's bits, before and after the row is counted."""
    x = STREAMS[kind](np.random.default_rng(1), 3)
    found = ours.scale(x)
    expected: tuple[list[list[float]], list[list[float]]] = ([], [])
    for row in x.tolist():
        values = dict(enumerate(row))
        expected[0].append(list(scaler.transform_one(values).values()))
        scaler.learn_one(values)
        expected[1].append(list(scaler.transform_one(values).values()))
    assert np.array_equal(found, np.array(expected), equal_nan=True)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("kind", STREAMS)
def test_scaled_trees_equal_river(kind: str, model: tuple[int, int, int, int], batch: int) -> None:
    """MinMaxScaler | HalfSpaceTrees gives River's scores, on all kinds of streams and in all batch sizes."""
    x, expected = _case(kind, model)
    scorer = build_scorer(spec(names(model[3]), *model[:3]))
    raw, _, _ = columns(scored(scorer, x, range(batch, ROWS, batch)))
    assert np.array_equal(raw, expected)


def test_streams_are_not_trivial() -> None:
    """The comparison is of many different scores, except where all rows are the same."""
    distinct = {kind: len(np.unique(_case(kind, MODELS[0])[1])) for kind in STREAMS}
    assert distinct.pop("constants") == 1
    assert min(distinct.values()) > 40


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_plain_trees_equal_river(model: tuple[int, int, int, int]) -> None:
    """HalfSpaceTrees without a scaler gives River's scores, also for values outside [0, 1]."""
    features = names(model[3])
    x = np.random.default_rng(5).normal(0.4, 0.4, (ROWS, model[3]))
    raw, _, _ = columns(scored(build_scorer(spec(features, *model[:3], "none")), x, [333]))
    assert np.array_equal(raw, _river(river_half_space_trees(*model[:3]), x, features))


def test_deep_trees_equal_river() -> None:
    """Trees of the greatest height that is allowed give River's scores."""
    x = np.random.default_rng(6).beta(2, 6, (ROWS, 5))
    raw, _, _ = columns(scored(build_scorer(spec(names(5), 2, 15, 400, "none")), x, [500]))
    assert np.array_equal(raw, _river(river_half_space_trees(2, 15, 400), x, names(5)))


def test_gaps_are_closed_alike() -> None:
    """With gaps, the fast path and River's own path behind the protocol agree to the bit."""
    x = stream(600, gaps=0.2)
    x[0] = 0.3
    fast, slow = SCORERS["min_max_half_space_trees"](), SCORERS["river_half_space_trees"]()
    assert np.array_equal(fast.score_and_learn(x).raw, slow.score_and_learn(x).raw)


@pytest.mark.parametrize("name", ["23_mammography", "32_shuttle", "34_smtp"])
def test_published_tables_equal_river(name: str) -> None:
    """The first 3,000 rows of a published anomaly table get River's scores."""
    file = ANOMALY / f"{name}.npz"
    if not file.exists():
        pytest.skip(
            f"{name}.npz is not in ../shared/data/anomaly: put the ADBench table there to compare on it"
        )
    with np.load(file) as table:
        x = table["X"][:3_000].astype(np.float64)
    features = names(x.shape[1])
    scorer = build_scorer(spec(features, 25, 8, 250))
    raw, _, _ = columns(scored(scorer, x, range(500, len(x), 500)))
    assert np.array_equal(raw, _river(scaled(river_half_space_trees(25, 8, 250)), x, features))

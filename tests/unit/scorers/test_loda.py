"""LODA against its own definition, written down once more without haste."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fraudstream.scorers.loda import HALF_WIDTH, PSEUDO, WIDEST, Loda, drawn
from fraudstream.scorers.protocol import Matrix
from tests.unit.scorers.makers import SEED

BINS = 8


def plainly(x: Matrix, projections: int, half_life: int) -> list[float]:
    """Return the mean negative log-density of each row, with every count halved after `half_life` rows."""
    columns, weights = drawn(x.shape[1], projections, SEED)
    counts, total = np.zeros((projections, BINS)), 0.0
    scores = []
    for row in np.clip(x, -WIDEST, WIDEST):
        along = (row[columns] * weights).sum(axis=1)
        at = np.clip(np.floor((along + HALF_WIDTH) / (2 * HALF_WIDTH) * BINS), 0, BINS - 1).astype(int)
        found = counts[np.arange(projections), at]
        scores.append(-np.mean(np.log((found + PSEUDO) / (total + PSEUDO * BINS))))
        counts[np.arange(projections), at] += 1
        total += 1
        counts *= 2 ** (-1 / half_life)
        total *= 2 ** (-1 / half_life)
    return [float(score) for score in scores]


@pytest.mark.parametrize(
    ("rows", "half_life"), [(500, 50_000), (2_000, 30), (10_200, 30)], ids=["keeps", "forgets", "rescales"]
)
def test_scores_are_those_of_the_definition(rows: int, half_life: int) -> None:
    """Also where it forgets fast, and where its weights grow beyond what is scaled back."""
    x = np.random.default_rng(3).normal(size=(rows, 5)) * [1, 1, 3, 30, 0]
    raw, _ = Loda(5, 7, BINS, half_life, SEED).walk(x, x)
    assert raw == pytest.approx(plainly(x, 7, half_life), abs=1e-9)


def test_before_anything_is_learned_nothing_is_unusual() -> None:
    """Every bin of the first row has the same share, wherever it lies."""
    x = np.array([[9.0, -9.0]])
    raw, _ = Loda(2, 5, BINS, 1_000, SEED).walk(x, x)
    assert raw.tolist() == pytest.approx([math.log(BINS)])


@pytest.mark.parametrize(("features", "mixed"), [(1, 1), (2, 2), (4, 2), (5, 3), (34, 6)])
def test_a_direction_is_over_some_features(features: int, mixed: int) -> None:
    """Over the square root of them, rounded up, none twice, and it has length 1."""
    columns, weights = drawn(features, 50, SEED)
    assert columns.shape == weights.shape == (50, mixed)
    assert all(len(set(row)) == mixed for row in columns.tolist())
    assert np.linalg.norm(weights, axis=1) == pytest.approx(np.ones(50))
    assert set(columns.ravel().tolist()) == set(range(features))


def test_a_wild_value_does_not_hide_the_others() -> None:
    """Beyond twenty deviations a value is as far away as any: what else is unusual still tells."""
    usual = np.random.default_rng(4).normal(size=(3_000, 4))
    scores = []
    for row in ([1e30, 0.0, 0.0, 0.0], [20.0, 0.0, 0.0, 0.0], [1e30, 5.0, 0.0, 0.0]):
        x = np.vstack([usual, row])
        scores.append(Loda(4, 100, 40, 50_000, SEED).walk(x, x)[0][-1])
    assert scores[0] == scores[1]
    assert scores[2] > scores[0] + 0.3

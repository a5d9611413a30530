"""Online detectors that learn without labels: each row is scored by the rows before it, then learned."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.config import ModelSpec, build_scorer
from loadtest.quality.prequential import Matrix

Scores = NDArray[np.float64]
Vector = NDArray[np.float64]
Integers = NDArray[np.int64]


def half_space_trees(x: Matrix, seed: int, window: int = 250) -> Scores:
    """Score with River's HalfSpaceTrees 25x8 to the bit."""
    return _raw(x, seed, {"kind": "half_space_trees", "trees": 25, "height": 8, "window": window})


def loda(x: Matrix, seed: int) -> Scores:
    """Score with LODA: 100 histograms of 40 bins, in which a row counts half after 50,000 others."""
    return _raw(x, seed, {"kind": "loda", "projections": 100, "bins": 40, "half_life": 50_000})


def _raw(x: Matrix, seed: int, estimator: Mapping[str, str | int]) -> Scores:
    """Return the raw scores of a scorer of fraudstream."""
    spec = ModelSpec.model_validate(
        {
            "id": "quality",
            "features": {f"f{column}": f"f{column}" for column in range(x.shape[1])},
            "estimator": estimator,
            "warm_up": 10_000,
            "seed": seed,
        }
    )
    return build_scorer(spec).score_and_learn(x).raw


def isolation_forest(
    x: Matrix, seed: int, trees: int = 100, sample: int = 256, recent: int = 4_096, period: int = 50
) -> Scores:
    """Score with an isolation forest whose oldest tree is grown anew every `period` rows.

    A tree is grown from `sample` rows drawn from the `recent` ones. The score is the negative mean depth.
    """
    height = int(np.ceil(np.log2(sample)))
    return _isolation_forest(x, trees, sample, recent, period, height, seed)


@kernel
def _isolation_forest(
    x: Matrix, trees: int, sample: int, recent: int, period: int, height: int, seed: int
) -> Scores:
    np.random.seed(seed)
    nodes = 2 ** (height + 1) - 1
    feature, threshold = np.full((trees, nodes), -1, np.int64), np.zeros((trees, nodes))
    size = np.zeros((trees, nodes), np.int64)
    out = np.zeros(len(x))
    grown = 0
    for row in range(len(x)):
        ready = min(grown, trees)
        for tree in range(ready):
            out[row] -= _depth(x[row], feature[tree], threshold[tree], size[tree]) / ready
        if (row + 1) % period == 0:
            since = max(0, row + 1 - recent)
            seen = row + 1 - since
            drawn = since + np.random.choice(seen, min(sample, seen), replace=False)
            oldest = grown % trees
            _grow(x, drawn, height, feature[oldest], threshold[oldest], size[oldest])
            grown += 1
    return out


@kernel
def _grow(
    x: Matrix, rows: Integers, height: int, feature: Integers, threshold: Vector, size: Integers
) -> None:
    feature[:] = -1
    waiting = [(0, 0, len(rows), 0)]
    while len(waiting) > 0:
        node, begin, end, depth = waiting.pop()
        size[node] = end - begin
        if depth == height or end - begin < 2:
            continue
        column, cut = _drawn_cut(x, rows[begin:end])
        if column < 0:
            continue
        middle = begin
        for place in range(begin, end):
            if x[rows[place], column] < cut:
                rows[place], rows[middle] = rows[middle], rows[place]
                middle += 1
        if begin < middle < end:
            feature[node], threshold[node] = column, cut
            waiting.append((2 * node + 1, begin, middle, depth + 1))
            waiting.append((2 * node + 2, middle, end, depth + 1))


@kernel
def _drawn_cut(x: Matrix, rows: Integers) -> tuple[int, float]:
    """Draw a column that varies and a value inside its range; column -1 where no try found one."""
    for _ in range(12):
        column = np.random.randint(x.shape[1])
        lowest = highest = x[rows[0], column]
        for row in rows:
            lowest, highest = min(lowest, x[row, column]), max(highest, x[row, column])
        if highest > lowest:
            return column, lowest + np.random.random() * (highest - lowest)
    return -1, 0.0


@kernel
def _depth(row: Vector, feature: Integers, threshold: Vector, size: Integers) -> float:
    """Return how deep the row falls, with the usual allowance for what the leaf did not split."""
    node, depth = 0, 0.0
    while feature[node] >= 0:
        node = 2 * node + (1 if row[feature[node]] < threshold[node] else 2)
        depth += 1
    count = size[node]
    if count < 2:
        return depth
    if count == 2:
        return depth + 1
    allowance: float = 2 * (math.log(count - 1) + 0.5772156649) - 2 * (count - 1) / count
    return depth + allowance

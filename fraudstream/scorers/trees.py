"""Half-space trees as flat arrays, grown from the seed as River grows its own: they are equal to the bit."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PADDING = 0.15
"""How far from a range's ends River's half-space trees keep their split points, as a share of the range."""


class Trees(NamedTuple):
    """The inner nodes of T trees in heap order: the children of node p are 2p + 1 and 2p + 2.

    `feature` is uint32 [T, 2^height - 1], `threshold` float64 of the same shape. A value below the threshold
    goes to the left child. `right` is uint32 [2^height - 1], the right child of each node.
    """

    feature: NDArray[np.uint32]
    threshold: NDArray[np.float64]
    right: NDArray[np.uint32]


def grow(features: tuple[str, ...], trees: int, height: int, seed: int) -> Trees:
    """Grow the trees that `river.anomaly.HalfSpaceTrees` grows at its first row, over ranges [0, 1].

    The random numbers come in River's order and the same arithmetic is done with them. River itself takes a
    second to import, and keeps every node as an object, half a gigabyte for 25 trees of height 15.
    """
    inner = 2**height - 1
    forest = Trees(
        np.zeros((trees, inner), dtype=np.uint32),
        np.zeros((trees, inner)),
        np.arange(2, 2 * inner + 1, 2, dtype=np.uint32),
    )
    columns = sorted(range(len(features)), key=lambda column: features[column])
    rng = random.Random(seed)  # nosec B311 # has to repeat
    for feature, threshold in zip(forest.feature, forest.threshold, strict=True):
        _split(dict.fromkeys(columns, (0.0, 1.0)), 0, feature, threshold, rng)
    return forest


def _split(
    limits: dict[int, tuple[float, float]],
    node: int,
    feature: NDArray[np.uint32],
    threshold: NDArray[np.float64],
    rng: random.Random,
) -> None:
    """Split the box of a node, whose columns have these ranges, and those of all nodes below it."""
    if node >= len(feature):
        return
    widths = [high - low for low, high in limits.values()]
    column = rng.choices(list(limits), widths)[0]
    low, high = limits[column]
    at = rng.uniform(low + PADDING * (high - low), high - PADDING * (high - low))
    feature[node], threshold[node] = column, at
    _split({**limits, column: (low, at)}, 2 * node + 1, feature, threshold, rng)
    _split({**limits, column: (at, high)}, 2 * node + 2, feature, threshold, rng)

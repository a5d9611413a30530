"""Half-space trees as flat arrays: River grows them from the seed, so that they are River's to the bit."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from river.tree.padded import make_padded_tree

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

    River itself keeps every node as an object, half a gigabyte for 25 trees of height 15. Here one tree is
    flattened and dropped before the next one grows; the random numbers come in the same order.
    """
    column = {name: index for index, name in enumerate(features)}
    inner = 2**height - 1
    forest = Trees(
        np.zeros((trees, inner), dtype=np.uint32),
        np.zeros((trees, inner)),
        np.arange(2, 2 * inner + 1, 2, dtype=np.uint32),
    )
    rng = random.Random(seed)
    for tree in range(trees):
        limits = dict.fromkeys(sorted(features), (0.0, 1.0))
        root = make_padded_tree(limits, height, PADDING, rng, r_mass=0, l_mass=0)
        _flatten(root, column, forest.feature[tree], forest.threshold[tree])
    return forest


def _flatten(
    root: Any, column: dict[str, int], feature: NDArray[np.uint32], threshold: NDArray[np.float64]
) -> None:
    """Write one River tree into its row of the arrays."""
    waiting = [(root, 0)]
    while waiting:
        node, place = waiting.pop()
        if place < len(feature):
            feature[place] = column[node.feature]
            threshold[place] = node.threshold
            waiting += [(node.left, 2 * place + 1), (node.right, 2 * place + 2)]

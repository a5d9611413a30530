"""The walks of half-space trees: score a row, learn a row, and turn a full window into the next scores.

All rows go through one tree, level by level, before the next tree is taken up. A tree then stays in the
nearest cache, and the steps of different rows do not wait for each other. The order cannot show in the
result: the terms of a score are integers, and no row changes a score before the window is full.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.protocol import Matrix
from fraudstream.scorers.trees import Trees

HEAVY_MAX = 10
"""So many nodes of one level can hold a tenth of a window each."""


class Epoch(NamedTuple):
    """All that scores depend on from one full window to the next; never changed once it is made.

    A River score stops at the first node with less than a tenth of the window's rows. So only the nodes
    above and at these stops matter, few even in deep trees: they are kept here, N at most for each tree.

    `feature` uint32 and `threshold` float64 [T, N]: the split of a node. `right` uint32 [T, N]: its right
    child; the left one stands before it. A stop is its own right child, and its threshold is minus infinity,
    so that a walk stays there. `score` int64 [T, N]: what a row adds that stops there. `depth` int64 [T]:
    steps until every walk has stopped. `usual` float64 [d]: the mean of each scaled feature over that window.
    """

    feature: NDArray[np.uint32]
    threshold: NDArray[np.float64]
    right: NDArray[np.uint32]
    score: NDArray[np.int64]
    depth: NDArray[np.int64]
    usual: NDArray[np.float64]


class Window(NamedTuple):
    """What was learned since the last full window.

    `counts` int32 [T, 2^height]: rows that ended in each leaf. `touched` uint32 [T, M]: the leaves with any
    row, of which `touched_counts` int64 [T] says how many. `sums` float64 [d]: sums of the scaled features.
    `rows` int64 [1]: how many rows it holds.
    """

    counts: NDArray[np.int32]
    touched: NDArray[np.uint32]
    touched_counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    rows: NDArray[np.int64]


def nodes_max(height: int) -> int:
    """How many nodes an epoch needs for each tree: the root, and two children of every heavy node."""
    return 1 + 2 * sum(min(1 << level, HEAVY_MAX) for level in range(height))


@kernel
def _descend(
    rows: Matrix,
    feature: NDArray[np.uint32],
    threshold: NDArray[np.float64],
    right: NDArray[np.uint32],
    depth: int,
    places: NDArray[np.uint32],
) -> None:
    """Write to `places` where each row stands after `depth` steps down one tree."""
    for row in range(places.shape[0]):
        places[row] = 0
    for _ in range(depth):
        for row in range(places.shape[0]):
            node = places[row]
            places[row] = right[node] - (rows[row, feature[node]] < threshold[node])


@kernel
def score_rows(scored: Matrix, epoch: Epoch, totals: NDArray[np.int64], places: NDArray[np.uint32]) -> None:
    """Add the scores of all trees to `totals`, int64 [n]; `places` is scratch, uint32 [n]."""
    for tree in range(epoch.feature.shape[0]):
        right, score = epoch.right[tree], epoch.score[tree]
        _descend(scored, epoch.feature[tree], epoch.threshold[tree], right, epoch.depth[tree], places)
        for row in range(places.shape[0]):
            totals[row] += score[places[row]]


@kernel
def occlude_row(value: NDArray[np.float64], epoch: Epoch, total_max: int) -> NDArray[np.float64]:
    """Return by how much each feature of a row raised its score, float64 [d]."""
    features = len(value)
    # Row 0 is the event itself; in each further row one feature has its usual value.
    variants = np.empty((features + 1, features))
    for variant in range(features + 1):
        variants[variant] = value
        if variant:
            variants[variant, variant - 1] = epoch.usual[variant - 1]
    totals = np.zeros(features + 1, dtype=np.int64)
    score_rows(variants, epoch, totals, np.empty(features + 1, dtype=np.uint32))
    raw = 1 - totals / total_max
    drops: NDArray[np.float64] = raw[0] - raw[1:]
    return drops


@kernel
def learn_rows(
    learned: Matrix, trees: Trees, height: int, window: Window, places: NDArray[np.uint32]
) -> None:
    """Count the rows in the leaves where they end; `places` is scratch, uint32 [n]."""
    inner = trees.feature.shape[1]
    for tree in range(trees.feature.shape[0]):
        _descend(learned, trees.feature[tree], trees.threshold[tree], trees.right, height, places)
        counts, touched, size = window.counts[tree], window.touched[tree], window.touched_counts[tree]
        for row in range(places.shape[0]):
            leaf = places[row] - inner
            if counts[leaf] == 0:
                touched[size] = leaf
                size += 1
            counts[leaf] += 1
        window.touched_counts[tree] = size
    for row in range(learned.shape[0]):
        for feature in range(learned.shape[1]):
            window.sums[feature] += learned[row, feature]
    window.rows[0] += learned.shape[0]


@kernel
def _pass_down(
    counts: NDArray[np.int32],
    leaves: NDArray[np.uint32],
    shift: int,
    right: NDArray[np.uint32],
    nodes: NDArray[np.uint32],
    masses: NDArray[np.int64],
) -> None:
    """Move every touched leaf from its node to the child that it lies under, and its rows with it.

    The bits of a leaf's number, from the highest, are the turns on the way to it; `shift` picks the bit.
    """
    for index in range(leaves.shape[0]):
        node = nodes[index]
        if right[node] != node:
            child = right[node] - 1 + ((leaves[index] >> shift) & 1)
            nodes[index] = child
            masses[child] += counts[leaves[index]]


@kernel
def _prune(
    trees: Trees,
    tree: int,
    height: int,
    counts: NDArray[np.int32],
    leaves: NDArray[np.uint32],
    window_size: int,
    epoch: Epoch,
) -> int:
    """Lay out one tree of the epoch, level by level from the root; return its depth.

    The work goes with the leaves that were touched, not with the size of the tree.
    """
    right, score = epoch.right[tree], epoch.score[tree]
    heap = np.zeros(right.shape[0], dtype=np.int64)
    masses = np.zeros(right.shape[0], dtype=np.int64)
    nodes = np.zeros(leaves.shape[0], dtype=np.uint32)
    masses[0] = score[0] = window_size
    begin, end = 0, 1
    for level in range(height):
        size = end
        for node in range(begin, end):
            # River goes on from a node unless its mass is below this very product.
            if masses[node] >= 0.1 * window_size:
                epoch.feature[tree, node] = trees.feature[tree, heap[node]]
                epoch.threshold[tree, node] = trees.threshold[tree, heap[node]]
                right[node] = size + 1
                heap[size], heap[size + 1] = 2 * heap[node] + 1, 2 * heap[node] + 2
                score[size] = score[size + 1] = score[node]
                size += 2
        if size == end:
            return level
        _pass_down(counts, leaves, height - 1 - level, right, nodes, masses)
        for child in range(end, size):
            score[child] += masses[child] << (level + 1)
        begin, end = end, size
    return height


@kernel
def turn_over(trees: Trees, height: int, window: Window, epoch: Epoch) -> None:
    """Fill a fresh epoch from a full window, and empty the window."""
    window_size = window.rows[0]
    for tree in range(window.counts.shape[0]):
        leaves = window.touched[tree, : window.touched_counts[tree]]
        counts = window.counts[tree]
        epoch.depth[tree] = _prune(trees, tree, height, counts, leaves, window_size, epoch)
        for leaf in leaves:
            counts[leaf] = 0
    for feature in range(window.sums.shape[0]):
        epoch.usual[feature] = window.sums[feature] / window_size
    window.touched_counts[:] = 0
    window.sums[:] = 0.0
    window.rows[0] = 0

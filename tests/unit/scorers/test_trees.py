"""The trees of the fast path beside River's."""

from __future__ import annotations

import random
from typing import Any

import pytest
from river.tree.padded import make_padded_tree

from fraudstream.scorers.trees import PADDING, grow

FEATURES = ("speed", "amount", "hour", "age", "count")


def flattened(root: Any, inner: int) -> list[tuple[str, float]]:
    """Return the inner nodes of a River tree in heap order."""
    nodes = [root]
    for place in range(inner):
        nodes += [nodes[place].left, nodes[place].right]
    return [(node.feature, node.threshold) for node in nodes[:inner]]


@pytest.mark.parametrize("features", [FEATURES, FEATURES[:1]], ids=["five columns", "one column"])
@pytest.mark.parametrize(("height", "seed"), [(1, 0), (4, 1), (8, 42), (10, 7)])
def test_trees_are_rivers_to_the_bit(features: tuple[str, ...], height: int, seed: int) -> None:
    """Every split of three trees in a row, as River draws them from one seed."""
    grown, rng, inner = grow(features, 3, height, seed), random.Random(seed), 2**height - 1
    for tree in range(3):
        limits = dict.fromkeys(sorted(features), (0.0, 1.0))
        root = make_padded_tree(limits, height, PADDING, rng, r_mass=0, l_mass=0)
        names = [features[column] for column in grown.feature[tree]]
        assert [*zip(names, grown.threshold[tree].tolist(), strict=True)] == flattened(root, inner)

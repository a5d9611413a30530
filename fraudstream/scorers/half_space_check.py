"""Whether the saved state of half-space trees can be walked: kernels trust the places that stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.half_space_kernels import Epoch, Window


def is_sound(saved: Mapping[str, NDArray[Any]], height: int, window_size: int) -> bool:
    """Whether no walk leaves the arrays of a state, whose shapes and types are checked already."""
    epoch = Epoch(**{name: saved[f"epoch.{name}"] for name in Epoch._fields})
    window = Window(**{name: saved[f"window.{name}"] for name in Window._fields})
    return _leads_down(epoch, height) and _is_counted(window, window_size)


def _leads_down(epoch: Epoch, height: int) -> bool:
    """Whether each node is a stop, or has both children behind it."""
    nodes = np.arange(epoch.right.shape[1])
    stops = (epoch.right == nodes) & np.isneginf(epoch.threshold)
    splits = (epoch.right >= nodes + 2) & (epoch.right < len(nodes)) & (epoch.feature < len(epoch.usual))
    depths = (epoch.depth >= 0) & (epoch.depth <= height)
    return bool(np.all(stops | splits) and np.all(depths))


def _is_counted(window: Window, window_size: int) -> bool:
    """Whether the touched leaves are those with rows, and every tree has all rows of an unfinished window."""
    rows = int(window.rows[0])
    if not 0 <= rows < window_size or np.any(window.counts < 0):
        return False
    if np.any(window.counts.sum(axis=1, dtype=np.int64) != rows):
        return False
    trees = zip(window.touched, window.touched_counts.tolist(), window.counts, strict=True)
    return all(
        0 <= size <= len(touched) and np.array_equal(np.sort(touched[:size]), np.flatnonzero(counts))
        for touched, size, counts in trees
    )

"""River's half-space trees over whole batches: the same scores to the bit, at many times the speed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.half_space_check import is_sound
from fraudstream.scorers.half_space_kernels import (
    Epoch,
    Window,
    learn_rows,
    nodes_max,
    occlude_row,
    score_rows,
    turn_over,
)
from fraudstream.scorers.protocol import Matrix, Occlusion, ScorerError
from fraudstream.scorers.trees import grow

_INTEGERS_EXACT_MAX = 2**53
"""Up to here float64 holds every integer, so that River's sums of floats are ours of integers."""


@dataclass(frozen=True)
class ForestTrace:
    """The rows of a batch as they were scored, and the epochs that scored them.

    `starts` holds the first row of each epoch; `total_max` is the sum that scores 0.
    """

    scored: Matrix
    starts: Sequence[int]
    epochs: Sequence[Epoch]
    total_max: int

    def occlude(self, row: int) -> Occlusion:
        """Score a row with each feature in turn at its mean over the last full window."""
        epoch = self.epochs[bisect_right(self.starts, row) - 1]
        value = self.scored[row]
        return Occlusion(occlude_row(value, epoch, self.total_max), value, epoch.usual)


class Forest:
    """`river.anomaly.HalfSpaceTrees` over the ranges [0, 1], on rows without gaps.

    Parameters
    ----------
    features
        Names of the d columns; River draws split features in the order of their names.
    trees, height, window
        As River's n_trees, height, window_size. The first `window` rows score 0.
    seed
        Of the random splits.

    Notes
    -----
    Tan, Ting, Liu: Fast Anomaly Detection for Streaming Data, IJCAI 2011.
    """

    def __init__(self, features: tuple[str, ...], trees: int, height: int, window: int, seed: int) -> None:
        self.window_size = window
        self._height = height
        self._total_max = trees * window * (2 ** (height + 1) - 1)
        if self._total_max >= _INTEGERS_EXACT_MAX:
            raise ScorerError(
                f"{trees} trees of height {height} over a window of {window} events reach sums that are "
                "no longer exact: lower one of the three"
            )
        self._trees = grow(features, trees, height, seed)
        self._window = _empty_window(trees, height, window, len(features))
        self._epoch = _empty_epoch(trees, height, len(features))
        # One stop at each root, with the whole sum: every row of the first window scores 0.
        self._epoch.score[:, 0] = self._total_max // trees

    @property
    def name(self) -> str:
        """A name that two forests share only if their trees are the same."""
        digest = sha256(self._trees.feature.tobytes() + self._trees.threshold.tobytes()).hexdigest()
        trees = len(self._trees.feature)
        return f"half_space_trees {trees}x{self._height} window {self.window_size} {digest[:16]}"

    def walk(self, scored: Matrix, learned: Matrix) -> tuple[NDArray[np.float64], ForestTrace]:
        """Score each row of `scored`, then learn that row of `learned`; return raw scores, float64 [n]."""
        totals = np.zeros(len(scored), dtype=np.int64)
        places = np.empty(len(scored), dtype=np.uint32)
        starts, epochs = [], []
        begin = 0
        while begin < len(scored):
            end = min(len(scored), begin + self.window_size - int(self._window.rows[0]))
            starts.append(begin)
            epochs.append(self._epoch)
            part = slice(begin, end)
            score_rows(scored[part], self._epoch, totals[part], places[part])
            learn_rows(learned[part], self._trees, self._height, self._window, places[part])
            if self._window.rows[0] == self.window_size:
                self._next_epoch()
            begin = end
        return 1 - totals / self._total_max, ForestTrace(scored, starts, epochs, self._total_max)

    def score(self, scored: Matrix) -> tuple[NDArray[np.float64], ForestTrace]:
        """Score each row by the last full window; see `Detector`."""
        totals = np.zeros(len(scored), dtype=np.int64)
        score_rows(scored, self._epoch, totals, np.empty(len(scored), dtype=np.uint32))
        return 1 - totals / self._total_max, ForestTrace(scored, [0], [self._epoch], self._total_max)

    def fade(self) -> None:
        """Do nothing: trees know the last full window and nothing before it."""

    def _next_epoch(self) -> None:
        # A new one each time, because the traces of earlier batches still read the old one.
        trees, features = len(self._trees.feature), len(self._window.sums)
        self._epoch = _empty_epoch(trees, self._height, features)
        turn_over(self._trees, self._height, self._window, self._epoch)

    def is_sound(self, saved: Mapping[str, NDArray[Any]]) -> bool:
        """Whether no walk would leave the arrays."""
        return is_sound(saved, self._height, self.window_size)

    def renew(self) -> None:
        """Copy the epoch, so that writing over the state leaves the traces of earlier batches alone."""
        self._epoch = Epoch._make(array.copy() for array in self._epoch)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        window = {f"window.{name}": array for name, array in self._window._asdict().items()}
        return window | {f"epoch.{name}": array for name, array in self._epoch._asdict().items()}


def _empty_window(trees: int, height: int, window: int, features: int) -> Window:
    return Window(
        np.zeros((trees, 2**height), dtype=np.int32),
        np.zeros((trees, min(2**height, window)), dtype=np.uint32),
        np.zeros(trees, dtype=np.int64),
        np.zeros(features),
        np.zeros(1, dtype=np.int64),
    )


def _empty_epoch(trees: int, height: int, features: int) -> Epoch:
    """Return trees of stops only."""
    shape = (trees, nodes_max(height))
    return Epoch(
        np.zeros(shape, dtype=np.uint32),
        np.full(shape, -np.inf),
        np.tile(np.arange(shape[1], dtype=np.uint32), (trees, 1)),
        np.zeros(shape, dtype=np.int64),
        np.zeros(trees, dtype=np.int64),
        np.zeros(features),
    )

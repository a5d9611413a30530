"""Notices that a stream has changed: ADWIN over blocks of events, for every feature and for the score."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.protocol import Matrix, Snapshot
from fraudstream.scorers.state import overwrite

BLOCK = 2_000
"""So many values are one observation: their mean place among the values of the reference."""
BLOCKS_MAX = 500
"""How far back a change is looked for: a million events."""
BLOCKS_MIN = 10
"""On each side of a change."""
CONFIDENCE = 0.002
"""ADWIN's delta, as in River: the chance of a false alarm at any one look."""
ROUNDING = 1e-9
"""What the sums of equal means may differ by."""
_STEPS = 16


class Drift:
    """Looks after some columns; each is compared with itself.

    A value counts by its place among sixteenths of the first block, so that its unit and its outliers do
    not matter; a missing one is ignored. Per block of rows, usually 2,000, one mean place enters the column's
    window. Where any cut of the window has sides whose means differ by more than ADWIN's bound (Bifet and
    Gavalda 2007, with the variance), the column has drifted, and what lies before the cut is forgotten. All
    cuts are tried, where ADWIN tries some; the window is bounded. The bound's second term takes the range
    that the means have, since that of single values would hide all but the grossest changes.

    Where the rows are cut into batches changes nothing.
    """

    def __init__(self, columns: int, block: int = BLOCK) -> None:
        self._edges = np.full((columns, _STEPS - 1), np.nan)
        self._block = np.zeros((block, columns))
        self._means = np.zeros((columns, BLOCKS_MAX))
        self._counts = np.zeros(columns, np.int64)
        """How many means each window holds."""
        self._rows = np.zeros(1, np.int64)

    def observe(self, x: Matrix) -> NDArray[np.int64]:
        """Take in rows [n, columns]; return how often each column has drifted in them, [columns]."""
        found = np.zeros(len(self._counts), np.int64)
        start = 0
        while start < len(x):
            at = self.block - self.missing
            stop = min(len(x), start + self.missing)
            self._block[at : at + stop - start] = x[start:stop]
            self._rows += stop - start
            if self.missing == self.block:
                for column in range(len(found)):
                    found[column] += self._look(column)
            start = stop
        return found

    @property
    def block(self) -> int:
        """How many rows are one observation."""
        return len(self._block)

    @property
    def missing(self) -> int:
        """How many rows the block under way lacks."""
        return self.block - int(self._rows[0]) % self.block

    def steady_events(self) -> list[int]:
        """Return of each column for how many rows, at most so many blocks, it has not drifted."""
        return [int(count) * self.block for count in self._counts]

    def _look(self, column: int) -> bool:
        """Take in the block of a column; return whether it has drifted."""
        # A copy, since else the kernel would be compiled once more for the one that has a single column.
        values = self._block[:, column].copy()
        if np.isnan(self._edges[column, 0]):
            there = values[np.isfinite(values)]
            if len(there):
                self._edges[column] = np.quantile(there, np.arange(1, _STEPS) / _STEPS)
        mean = _mean_place(values, self._edges[column])
        if np.isnan(mean):
            return False
        self._enter(column, mean)
        window = self._means[column, : self._counts[column]]
        cut = last_change(window)
        if cut is None:
            return False
        kept = window[cut:].copy()
        self._means[column, : len(kept)] = kept
        self._counts[column] = len(kept)
        return True

    def _enter(self, column: int, mean: float) -> None:
        count = int(self._counts[column])
        if count == BLOCKS_MAX:
            self._means[column, :-1] = self._means[column, 1:]
            count -= 1
        self._means[column, count] = mean
        self._counts[column] = count + 1

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copy the whole state; its names are its own, so that it may lie beside a scorer's."""
        return {name: array.copy() for name, array in self.arrays().items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; one from before drift was watched is nothing to go on from."""
        if "drift.rows" in snapshot:
            overwrite(snapshot, self.arrays())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {
            "drift.edges": self._edges,
            "drift.block": self._block,
            "drift.means": self._means,
            "drift.counts": self._counts,
            "drift.rows": self._rows,
        }


@kernel
def _mean_place(values: NDArray[np.float64], edges: NDArray[np.float64]) -> float:
    """Return the mean place in [0, 1] of values among edges, ties in the middle; NaN where there is none."""
    total, count = 0, 0
    for value in values:
        if not np.isfinite(value):
            continue
        count += 1
        for edge in edges:
            total += 2 if edge < value else (1 if edge == value else 0)
    return total / (2.0 * count * edges.shape[0]) if count else np.nan


def last_change(window: NDArray[np.float64]) -> int | None:
    """Return the last place where ADWIN would cut a window of means in [0, 1], None where nowhere."""
    count = len(window)
    if count < 2 * BLOCKS_MIN:
        return None
    before = np.arange(BLOCKS_MIN, count - BLOCKS_MIN + 1)
    after = count - before
    sums = np.cumsum(window)[before - 1]
    differ = np.abs(sums / before - (window.sum() - sums) / after)
    harmonic = 1 / (1 / before + 1 / after)
    log = np.log(2 * np.log(count) / CONFIDENCE)
    spread = window.max() - window.min()
    bound = np.sqrt(2 / harmonic * window.var() * log) + 2 / (3 * harmonic) * spread * log
    cuts = before[differ > bound + ROUNDING]
    return int(cuts[-1]) if len(cuts) else None

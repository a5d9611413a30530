"""Scorers that choose what they learn: not what raised an alert, or nothing but what proved to be genuine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.fused import Fused
from fraudstream.scorers.protocol import (
    BATCH_ROWS_MAX,
    Contribution,
    Matrix,
    ScoreBatch,
    Snapshot,
    as_matrix,
)
from fraudstream.scorers.segments import joined
from fraudstream.scorers.state import capture, check, overwrite

Flags = NDArray[np.bool_]


class _Selective:
    """A fused scorer that scores by what it learned, and learns only what it is given to learn.

    Scores are not ranked, and none is ready, until `silent` rows were learned, at least one.
    """

    def __init__(self, fused: Fused, silent: int, policy: str) -> None:
        self._fused = fused
        self._silent = max(1, silent)
        self._model = f"{fused.model}, learning {policy}"
        self._learned = np.zeros(1, np.int64)
        """How many rows."""

    @property
    def _is_taught(self) -> bool:
        return int(self._learned[0]) >= self._silent

    def _learn(self, x: Matrix) -> None:
        self._fused.learn(x)
        self._learned += len(x)

    @property
    def features(self) -> tuple[str, ...]:
        """The columns; see `Scorer`."""
        return self._fused.features

    @property
    def scored(self) -> int:
        """How many events it has scored; see `Scorer`."""
        return self._fused.scored

    def explain(self, batch: ScoreBatch, row: int, top: int) -> list[Contribution]:
        """Compare with the score at each feature's usual value; see `Scorer`."""
        return self._fused.explain(batch, row, top)

    def fade(self) -> None:
        """Let all that was learned count a tenth from now on; see `FadingScorer`."""
        self._fused.fade()

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        return capture(self._model, self._arrays())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; earlier batches can still be explained."""
        check(snapshot, self._model, self._arrays())
        self._fused.check_sound(snapshot)
        self._fused.renew()
        overwrite(snapshot, self._arrays())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return self._fused.arrays() | {"learned": self._learned}


class Sparing(_Selective):
    """Learns events once they were judged, and spares itself those that it is not to learn.

    Rows come in blocks. As a block begins, the block before the last one is learned: by then all of it was
    judged, wherever the stream is cut into batches of at most `block` rows. So a row is scored by what stood
    one to two blocks before it, and the first two blocks say nothing.

    Parameters
    ----------
    spares_alerted
        Whether events that raised an alert are left out.
    guard
        The rank from which on an event is left out, since what is that unusual may be an attack under way;
        None where there is no such rank.
    """

    def __init__(
        self,
        fused: Fused,
        silent: int,
        *,
        spares_alerted: bool,
        guard: float | None,
        block: int = BATCH_ROWS_MAX,
    ) -> None:
        super().__init__(fused, silent, f"blocks of {block} but for {spares_alerted} {guard}")
        self._spares_alerted = spares_alerted
        self._guard = np.inf if guard is None else guard
        self._block = block
        self._rows = np.zeros((2 * block, len(fused.features)))
        self._learnable = np.zeros(2 * block, np.bool_)
        """Of the rows that wait, those that may be learned."""
        self._taken = np.zeros(1, np.int64)
        """How many rows have come."""

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score rows, and learn those of the block before the last; see `Scorer`."""
        given = as_matrix(x, self.features)
        pieces: list[ScoreBatch] = []
        start = 0
        while start < len(given) or not pieces:
            within = int(self._taken[0]) % self._block
            if within == 0 and len(given):
                self._learn_block()
            stop = min(len(given), start + self._block - within)
            pieces.append(self._take(given[start:stop]))
            start = stop
        return joined(pieces)

    def _learn_block(self) -> None:
        """Learn what lies where the next block will."""
        if self._taken[0] >= 2 * self._block:
            place = int(self._taken[0]) % (2 * self._block)
            there = slice(place, place + self._block)
            self._learn(self._rows[there][self._learnable[there]])

    def _take(self, x: Matrix) -> ScoreBatch:
        piece = self._fused.score(x)
        if self._is_taught:
            piece = self._fused.ranked(piece)
        else:
            self._fused.pass_over(len(x))
        place = int(self._taken[0]) % (2 * self._block)
        self._rows[place : place + len(x)] = x
        self._learnable[place : place + len(x)] = ~(piece.ready & (piece.calibrated >= self._guard))
        self._taken += len(x)
        return piece

    def judged(self, alerted: Flags) -> None:
        """Leave out the rows of the last batch that raised an alert; see `JudgedScorer`."""
        if self._spares_alerted:
            # The last rows, also where their batch came in parts.
            rows = int(self._taken[0]) - len(alerted) + np.flatnonzero(alerted)
            self._learnable[rows % (2 * self._block)] = False

    def _arrays(self) -> dict[str, NDArray[Any]]:
        own = {"rows": self._rows, "learnable": self._learnable, "taken": self._taken}
        return super()._arrays() | own


class Confirmed(_Selective):
    """Learns events once their labels say that they were genuine, and no others."""

    def __init__(self, fused: Fused, silent: int) -> None:
        super().__init__(fused, silent, "confirmed")
        self._frauds = np.zeros(1, np.int64)

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by what was confirmed so far; see `Scorer`."""
        # Rounded, since that is how inputs wait for their labels: what is learned must be what was scored.
        given = as_matrix(x, self.features)
        with np.errstate(over="ignore"):
            rounded = given.astype(np.float32).astype(np.float64)
        batch = replace(self._fused.score(rounded), x=given)
        return self._fused.ranked(batch) if self._is_taught else batch

    @property
    def learned(self) -> tuple[int, int]:
        """How many genuine events were learned, and how many frauds were told and left out."""
        return int(self._learned[0]), int(self._frauds[0])

    def learn(self, x: Matrix, fraud: Flags) -> None:
        """Learn the genuine ones; see `LabelScorer`."""
        self._learn(as_matrix(x, self.features)[~fraud])
        self._frauds += np.count_nonzero(fraud)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return super()._arrays() | {"frauds": self._frauds}

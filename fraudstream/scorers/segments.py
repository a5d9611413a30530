"""Batches that were scored piece by piece, joined to one that explains as they do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fraudstream.scorers.protocol import Occlusion, ScoreBatch, Trace


@dataclass(frozen=True)
class _Traces:
    """The traces of pieces, and the row with which each begins."""

    starts: Sequence[int]
    traces: Sequence[Trace]

    def occlude(self, row: int) -> Occlusion:
        """Ask the trace of the piece in which a row lies."""
        piece = bisect_right(self.starts, row) - 1
        return self.traces[piece].occlude(row - self.starts[piece])


def joined(pieces: Sequence[ScoreBatch]) -> ScoreBatch:
    """Return one batch of at least one piece, in their order."""
    if len(pieces) == 1:
        return pieces[0]
    # An empty piece has no rows to explain, and would hide the one that begins at the same row.
    full = [piece for piece in pieces if len(piece.raw)] or [pieces[0]]
    starts = np.cumsum([0, *(len(piece.raw) for piece in full)])[:-1].tolist()
    return ScoreBatch(
        np.concatenate([piece.raw for piece in full]),
        np.concatenate([piece.calibrated for piece in full]),
        np.concatenate([piece.ready for piece in full]),
        np.concatenate([piece.x for piece in full]),
        _Traces(starts, [piece.trace for piece in full]),
    )

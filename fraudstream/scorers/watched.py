"""A scorer that is watched for drift, and what follows once it has drifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.drift import BLOCK, Drift
from fraudstream.scorers.protocol import (
    BATCH_ROWS_MAX,
    FadingScorer,
    LabelScorer,
    Matrix,
    ScoreBatch,
    Scorer,
    Snapshot,
)
from fraudstream.scorers.segments import joined
from fraudstream.scorers.state import overwrite

SCORE = "score"
"""What has drifted where it is no feature: the raw score ..."""
PERFORMANCE = "performance"
"""... or the scores of what turned out to be fraud."""
_NEVER = 0


OnDrift = Literal["warn", "learn_faster", "rules_only"]
"""What follows, beside telling it, where a model's features, score or performance have drifted."""


class Watched:
    """A scorer, and what watches what it reads and gives, from when it is ready.

    What follows a drift begins a batch's length after the event that showed it, by which all its batch is
    scored: so where the stream is cut into batches of at most 1,000 changes nothing. It begins once for all
    drifts within `rest` events: a scorer that learns faster fades once, one that rests is not ready for so
    long.
    """

    def __init__(self, scorer: Scorer, on_drift: OnDrift, rest: int) -> None:
        self.scorer = scorer
        self._on_drift = on_drift
        self._rest = rest
        self._drift = Drift(len(scorer.features) + 1, BLOCK)
        self._rows = np.zeros(1, np.int64)
        """How many rows were scored."""
        self._acts = np.full(2, _NEVER, np.int64)
        """From which row what follows a drift begins, and with which it ends."""

    def go_on_from(self, other: Watched) -> None:
        """Go on with another one's scorer and with what was watched; what follows a drift stays its own."""
        self.scorer = other.scorer
        self._drift, self._rows, self._acts = other._drift, other._rows, other._acts

    def score_and_learn(self, x: Matrix) -> tuple[ScoreBatch, Counter[str]]:
        """Score and learn rows [n, d]; return also how often each feature, or the score, has drifted."""
        pieces = []
        for part, fades in self._parts(x):
            if fades and isinstance(self.scorer, FadingScorer):
                self.scorer.fade()
            pieces.append(self.scorer.score_and_learn(part))
        batch = joined(pieces)
        drifted = self._observe(batch)
        first = int(self._rows[0])
        self._rows += len(x)
        if self._on_drift == "rules_only" and self._acts[1] > _NEVER:
            numbers = np.arange(first, first + len(x))
            rests = (numbers >= self._acts[0]) & (numbers < self._acts[1])
            ready = batch.ready & ~rests
            batch = replace(batch, ready=ready, calibrated=np.where(ready, batch.calibrated, 0.0))
        return batch, drifted

    def _parts(self, x: Matrix) -> Iterator[tuple[Matrix, bool]]:
        """Cut a batch where the scorer is to fade; say of each part whether it does so before it."""
        at = int(self._acts[0] - self._rows[0])
        due = self._on_drift == "learn_faster" and self._acts[1] > _NEVER and 0 <= at < len(x)
        if not due:
            yield x, False
            return
        if at:
            yield x[:at], False
        yield x[at:], True

    def _observe(self, batch: ScoreBatch) -> Counter[str]:
        """Watch the rows that the scorer was ready for: before, windows fill up, which is no drift."""
        names = [*self.scorer.features, SCORE]
        values, ready = np.column_stack([batch.x, batch.raw]), np.flatnonzero(batch.ready)
        drifted: Counter[str] = Counter()
        start = 0
        while start < len(ready):
            # Only with its last row does a block show a drift, so that is the row at which to act.
            rows = ready[start : start + self._drift.missing]
            start += len(rows)
            seen = self._drift.observe(values[rows])
            if seen.any():
                drifted.update({names[place]: int(seen[place]) for place in np.flatnonzero(seen)})
                self._act(int(self._rows[0] + rows[-1]) + BATCH_ROWS_MAX)
        return drifted

    def performance_drifted(self) -> None:
        """Take note that what turned out to be fraud got other scores lately: what follows begins now."""
        self._act(int(self._rows[0]))

    def _act(self, row: int) -> None:
        if row >= self._acts[1]:
            self._acts[0] = row
        # A drift of performance may come before what is to follow an earlier one has begun.
        self._acts[1] = max(int(self._acts[1]), row + self._rest)

    @property
    def rests(self) -> bool:
        """Whether the next event would be left to the rules for now."""
        is_due = bool(self._acts[0] <= self._rows[0] < self._acts[1])
        return self._on_drift == "rules_only" and is_due

    def warm(self, rows: int) -> None:
        """Take in so many made-up rows, and explain one, so that all is compiled: to be thrown away.

        Where labels teach, so many lessons come before, one of them a fraud.
        """
        made_up = np.zeros((rows, len(self.scorer.features)))
        if isinstance(self.scorer, LabelScorer):
            self.scorer.learn(made_up, np.arange(rows) == 0)
        self._drift.observe(np.zeros((BLOCK, len(self.scorer.features) + 1)))
        self.scorer.explain(self.scorer.score_and_learn(made_up), 0, 1)

    def steady_events(self) -> dict[str, int]:
        """Return of each feature, and of the score, for how many events at most it has not drifted."""
        return dict(zip([*self.scorer.features, SCORE], self._drift.steady_events(), strict=True))

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        own = {name: array.copy() for name, array in self._arrays().items()}
        return {**self.scorer.snapshot(), **self._drift.snapshot(), **own}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; one from before drift was watched is nothing to go on from for that part."""
        self.scorer.restore(snapshot)
        self._drift.restore(snapshot)
        if all(name in snapshot for name in self._arrays()):
            overwrite(snapshot, self._arrays())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"watch.rows": self._rows, "watch.acts": self._acts}

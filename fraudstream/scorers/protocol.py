"""What every scorer is: scores and learns a batch, says why, and can be saved and restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
"""One row per event, one column per feature: float64 [n, d], C-contiguous."""
Snapshot = Mapping[str, NDArray[Any] | str]
"""A scorer's whole state, by name: arrays, and texts that say which model they belong to."""
BATCH_ROWS_MAX = 1_000
"""So many events are scored and judged at once, at most: what follows from a judgement waits for so many."""
FADE = 10
"""What was learned counts so many times less once it fades."""


class ScorerError(ValueError):
    """A scorer was given what it cannot take: features of another shape, or another model's snapshot."""


class Direction(StrEnum):
    """Where a value lies, seen from what is usual for its feature."""

    HIGH = "high"
    LOW = "low"
    USUAL = "usual"
    MISSING = "missing"


class Contribution(NamedTuple):
    """What one feature added to a raw score; `value` is in the feature's own unit, None where missing."""

    feature: str
    contribution: float
    value: float | None
    direction: Direction


class Occlusion(NamedTuple):
    """What became of one row's raw score when each feature in turn was replaced by its usual value.

    All are float64 [d]. `drop` is score minus score without the feature's own value; `value` and `usual` are
    on the scale on which the model compared them.
    """

    drop: NDArray[np.float64]
    value: NDArray[np.float64]
    usual: NDArray[np.float64]


class Trace(Protocol):
    """What a scorer remembers of one batch to explain its rows later, by the model of that moment."""

    def occlude(self, row: int) -> Occlusion:
        """Score one row again, once per feature, by the model that scored it."""
        ...


@dataclass(frozen=True)
class ScoreBatch:
    """The scores of n events.

    Attributes
    ----------
    raw
        float64 [n], the estimator's own score; higher is more unusual.
    calibrated
        float64 [n] in [0, 1], the share of earlier raw scores that are lower; 0 where not ready.
    ready
        bool [n], False while the model warms up: such a score must not be acted on.
    x
        float64 [n, d], the features as given, NaN where missing.
    trace
        What `Scorer.explain` reads; it keeps the model of that moment alive, so let the batch go when done.
    """

    raw: NDArray[np.float64]
    calibrated: NDArray[np.float64]
    ready: NDArray[np.bool_]
    x: Matrix
    trace: Trace


class Scorer(Protocol):
    """An online anomaly model. Where a stream is cut into batches never changes a bit of what it gives."""

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that it scores, in their order."""
        ...

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by the state that all rows before it left, then learn it.

        NaN and infinite values count as missing. ScorerError unless `x` is [n, len(features)].
        """
        ...

    @property
    def scored(self) -> int:
        """How many events it has scored; of those before it was ready some may not count."""
        ...

    def explain(self, batch: ScoreBatch, row: int, top: int) -> list[Contribution]:
        """Name the features that raised a row's raw score, the strongest first, at most `top`.

        The list is shorter where fewer features raised it. All the cost of explaining is paid here.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot, to the same bits; ScorerError where it is of another model."""
        ...


@runtime_checkable
class LabelScorer(Scorer, Protocol):
    """A scorer that learns nothing as it scores, and all from events whose labels are known later."""

    @property
    def learned(self) -> tuple[int, int]:
        """How many genuine events and how many frauds were learned."""
        ...

    def learn(self, x: Matrix, fraud: NDArray[np.bool_]) -> None:
        """Learn events, in the order in which their labels became known: x [n, d] as scored, fraud [n]."""
        ...


@runtime_checkable
class JudgedScorer(Scorer, Protocol):
    """A scorer that learns events only once they were judged."""

    def judged(self, alerted: NDArray[np.bool_]) -> None:
        """Take note which events [n] of the last batch raised an alert."""
        ...


@runtime_checkable
class FadingScorer(Scorer, Protocol):
    """A scorer that can learn faster for a while."""

    def fade(self) -> None:
        """Let all that was learned count a tenth from now on."""
        ...


def faded(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a tenth of each count; what was seen at all stays seen."""
    return -(-counts // FADE)


def as_matrix(x: Matrix, features: tuple[str, ...]) -> Matrix:
    """Copy the features of a batch, so that the caller may use its array again."""
    copy = np.array(x, dtype=np.float64, order="C")
    if copy.ndim != 2 or copy.shape[1] != len(features):
        names = ", ".join(features)
        raise ScorerError(
            f"features of shape {copy.shape} were given: give [events, {len(features)}], the columns {names}"
        )
    return copy

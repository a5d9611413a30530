"""A batch as programs see it: its columns, the features and the scores, as matrices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch
from fraudstream.rules.vm_code import Inputs


class Frame(Protocol):
    """The values of all features: ints and floats [features, n], known [features, n]."""

    @property
    def ints(self) -> NDArray[np.int64]:
        """Whole numbers, money, times, durations and codes of texts."""

    @property
    def floats(self) -> NDArray[np.float64]:
        """Other numbers."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where a feature has a value."""


class NoFrame(NamedTuple):
    """Before the windows are walked there are no features."""

    ints: NDArray[np.int64] = np.empty((0, 0), np.int64)
    floats: NDArray[np.float64] = np.empty((0, 0), np.float64)
    known: NDArray[np.bool_] = np.empty((0, 0), np.bool_)


_NO_SCORES = np.empty((0, 0), np.float64)
_NO_VERDICTS = np.empty((0, 0), np.uint8)


class View:
    """One batch; `features` and `scores` are filled in as the engine gets to them.

    A score is a float64 [n] by model, NaN where it gave none.
    """

    def __init__(self, batch: EventBatch) -> None:
        self.batch = batch
        self.features: Frame = NoFrame()
        self.scores: dict[str, NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return len(self.batch)

    def inputs(self, models: Mapping[str, int]) -> Inputs:
        """Return what a program reads that reads these models."""
        batch, features = self.batch, self.features
        return Inputs(
            batch.time_us,
            batch.codes,
            batch.ints,
            batch.ints_known,
            batch.floats,
            batch.floats_known,
            features.ints,
            features.floats,
            features.known,
            self._scores(models) if models else _NO_SCORES,
            _NO_VERDICTS,
        )

    def _scores(self, models: Mapping[str, int]) -> NDArray[np.float64]:
        if len(models) == len(self.scores) == 1 and models.keys() == self.scores.keys():
            return next(iter(self.scores.values()))[None, :]
        scores = np.full((len(models), len(self)), np.nan)
        for model, row in models.items():
            if model in self.scores:
                scores[row] = self.scores[model]
        return scores


def take(inputs: Inputs, events: NDArray[np.intp]) -> Inputs:
    """Return the inputs of some events, in their order."""
    by_event = [_taken(matrix, events) for matrix in inputs[1:-1]]
    return Inputs(inputs.time_us[events], *by_event, inputs.verdicts)  # type: ignore[call-arg, arg-type]


def _taken(matrix: NDArray[np.generic], events: NDArray[np.intp]) -> NDArray[np.generic]:
    return np.take(matrix, events, axis=1) if matrix.shape[0] else matrix

"""Runs any River anomaly pipeline as it is, at River's speed: the reference for the fast paths."""

from __future__ import annotations

import pickle
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.careful_pickle import read_pickle
from fraudstream.scorers.explanation import strongest
from fraudstream.scorers.imputation import Imputer
from fraudstream.scorers.protocol import (
    Contribution,
    Matrix,
    Occlusion,
    ScoreBatch,
    ScorerError,
    Snapshot,
    as_matrix,
)
from fraudstream.scorers.scaling import MIDDLE
from fraudstream.scorers.state import capture, check, entry, overwrite

REPLAY_ROWS_MAX = 4_096
"""An explanation replays at most so many rows; a longer stretch makes saving rarer and explaining slower."""
_PIPELINE = "pipeline"


@dataclass
class _Stretch:
    """The model as it was at one moment, and the rows that it met since: `rows[:used]`, float64 [_, d]."""

    saved: bytes
    rows: Matrix
    used: int = 0


@dataclass(frozen=True)
class ReplayTrace:
    """Where the rows of a batch lie: from row `starts[i]` on, they are `stretches[i].rows[offsets[i]:]`."""

    features: tuple[str, ...]
    starts: Sequence[int]
    offsets: Sequence[int]
    stretches: Sequence[_Stretch]

    def occlude(self, row: int) -> Occlusion:
        """Rebuild the model before the row; score the row with each feature in turn at its mean so far."""
        part = bisect_right(self.starts, row) - 1
        stretch, place = self.stretches[part], self.offsets[part] + row - self.starts[part]
        pipeline, imputer = pickle.loads(stretch.saved)  # nosec B301 # saved by this process, just before
        for earlier in _filled(imputer, stretch.rows[:place]):
            _advance(pipeline, self.features, earlier)
        usual = np.nan_to_num(imputer.means(), nan=MIDDLE)
        value = _filled(imputer, stretch.rows[place : place + 1])[0]
        variants = np.tile(value, (len(value) + 1, 1))
        np.fill_diagonal(variants[1:], usual)
        scores = [_score(pipeline, self.features, variant) for variant in variants]
        raw = np.nan_to_num(scores, nan=0.0, posinf=0.0, neginf=0.0)
        return Occlusion(raw[0] - raw[1:], value, usual)


class RiverPipeline:
    """Any River anomaly detector, or pipeline that ends in one, behind the protocol of `Scorer`.

    Parameters
    ----------
    features
        Names of the columns, which become the keys of River's dicts.
    pipeline
        An object with River's `score_one` and `learn_one`; it must be possible to pickle it.
    calibrator
        Ranks its scores.
    missing
        float64 [d], what stands for a missing value; NaN where that is the feature's mean so far.

    Notes
    -----
    Before any value of a feature is seen, 0.5 stands for its mean: a pipeline has no scale of which that
    would be the middle. A score that is no finite number becomes 0 and is never ready.

    The snapshot holds a pickle, of which only what River is made of is read back.
    """

    def __init__(
        self,
        features: tuple[str, ...],
        pipeline: Any,
        calibrator: Calibrator,
        missing: NDArray[np.float64] | None = None,
    ) -> None:
        self.features = features
        self._pipeline = pipeline
        self._imputer = Imputer(np.full(len(features), np.nan) if missing is None else missing)
        self._calibrator = calibrator
        self._model = f"river {pipeline} of {', '.join(features)}"
        self._stretch = self._new_stretch()

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by the state before it, then learn it; see `Scorer`."""
        given = as_matrix(x, self.features)
        raw = np.zeros(len(given))
        starts, offsets, stretches = [], [], []
        begin = 0
        while begin < len(given):
            if self._stretch.used == REPLAY_ROWS_MAX:
                self._stretch = self._new_stretch()
            stretch = self._stretch
            end = min(len(given), begin + REPLAY_ROWS_MAX - stretch.used)
            starts.append(begin)
            offsets.append(stretch.used)
            stretches.append(stretch)
            raw[begin:end] = self._walk(given[begin:end])
            begin = end
        calibrated, ready = self._calibrator.rank(raw)
        raw[~np.isfinite(raw)] = 0.0
        return ScoreBatch(
            raw, calibrated, ready, given, ReplayTrace(self.features, starts, offsets, stretches)
        )

    def _walk(self, x: Matrix) -> list[float]:
        stretch = self._stretch
        stretch.rows[stretch.used : stretch.used + len(x)] = x
        stretch.used += len(x)
        return [_advance(self._pipeline, self.features, row) for row in _filled(self._imputer, x)]

    @property
    def scored(self) -> int:
        """How many events it has scored; see `Scorer`."""
        return self._calibrator.seen

    def explain(self, batch: ScoreBatch, row: int, top: int) -> list[Contribution]:
        """Compare with the score at each feature's mean so far, by a replay of the model; see `Scorer`."""
        return strongest(batch, row, top, self.features)

    def snapshot(self) -> Snapshot:
        """Copy the whole state, the pipeline as the bytes of a pickle."""
        pipeline = np.frombuffer(pickle.dumps(self._pipeline), dtype=np.uint8)
        return {**capture(self._model, self._arrays()), _PIPELINE: pipeline.copy()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; earlier batches can still be explained."""
        check(snapshot, self._model, self._arrays())
        self._pipeline = read_pickle(entry(snapshot, _PIPELINE).tobytes())
        overwrite(snapshot, self._arrays())
        self._stretch = self._new_stretch()

    def _new_stretch(self) -> _Stretch:
        try:
            saved = pickle.dumps((self._pipeline, self._imputer))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ScorerError(
                f"the pipeline {self._pipeline} cannot be saved ({error}): "
                "use named functions in place of lambdas"
            ) from None
        return _Stretch(saved, np.empty((REPLAY_ROWS_MAX, len(self.features))))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return self._imputer.arrays() | self._calibrator.arrays()


def _filled(imputer: Imputer, x: Matrix) -> Matrix:
    """Close the gaps of some rows, those of features never seen as well."""
    return np.nan_to_num(imputer.fill(x), nan=MIDDLE)


def _score(pipeline: Any, features: tuple[str, ...], row: NDArray[np.float64]) -> float:
    return float(pipeline.score_one(dict(zip(features, row.tolist(), strict=True))))


def _advance(pipeline: Any, features: tuple[str, ...], row: NDArray[np.float64]) -> float:
    """Score a row, then learn it."""
    values = dict(zip(features, row.tolist(), strict=True))
    score = pipeline.score_one(values)
    pipeline.learn_one(values)
    return float(score)

"""The scorer of everyday use: imputer, scaler, detector and calibrator as one, without a dict on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.explanation import strongest
from fraudstream.scorers.imputation import Imputer
from fraudstream.scorers.protocol import Contribution, Matrix, ScoreBatch, Snapshot, Trace, as_matrix
from fraudstream.scorers.scaling import Scaler
from fraudstream.scorers.state import capture, check, damaged, entry, overwrite


class Detector(Protocol):
    """The part that says how unusual a row is, on rows without gaps."""

    @property
    def name(self) -> str:
        """A name that two detectors share only if one's state means the same to the other."""
        ...

    def walk(self, scored: Matrix, learned: Matrix) -> tuple[NDArray[np.float64], Trace]:
        """Score each row of `scored`, then learn that row of `learned`; return raw scores, float64 [n]."""
        ...

    def score(self, scored: Matrix) -> tuple[NDArray[np.float64], Trace]:
        """Score each row by what was learned so far, and learn nothing."""
        ...

    def fade(self) -> None:
        """Let all that was learned count a tenth, where it has weights."""
        ...

    def is_sound(self, saved: Mapping[str, NDArray[Any]]) -> bool:
        """Whether saved arrays of the right shapes can be gone on from: no kernel may leave its arrays."""
        ...

    def renew(self) -> None:
        """Make sure that writing over the state leaves the traces of earlier batches alone."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        ...


class Fused:
    """Scores one event after the other, as a River pipeline of a scaler and a detector would.

    With half-space trees raw scores are River's to the bit on rows without gaps; gaps are closed before
    River's part begins.
    """

    def __init__(
        self,
        features: tuple[str, ...],
        imputer: Imputer,
        scaler: Scaler,
        detector: Detector,
        calibrator: Calibrator,
    ) -> None:
        self.features = features
        self._imputer = imputer
        self._scaler = scaler
        self._detector = detector
        self._calibrator = calibrator
        self.model = f"{detector.name} on {type(scaler).__name__} of {', '.join(features)}"

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by the state before it, then learn it; see `Scorer`."""
        given = as_matrix(x, self.features)
        scored, learned = self._scaler.scale(self._imputer.fill(given))
        raw, trace = self._detector.walk(scored, learned)
        calibrated, ready = self._calibrator.rank(raw)
        return ScoreBatch(raw, calibrated, ready, given, trace)

    def score(self, x: Matrix) -> ScoreBatch:
        """Score rows by what was learned so far, without ranks."""
        given = as_matrix(x, self.features)
        scored, _ = self._scaler.scale(self._imputer.fill(given, learns=False), learns=False)
        raw, trace = self._detector.score(scored)
        return ScoreBatch(raw, np.zeros(len(raw)), np.zeros(len(raw), np.bool_), given, trace)

    def ranked(self, batch: ScoreBatch) -> ScoreBatch:
        """Return a batch with ranks, and count its scores."""
        calibrated, ready = self._calibrator.rank(batch.raw)
        return replace(batch, calibrated=calibrated, ready=ready)

    def pass_over(self, rows: int) -> None:
        """Count rows of the warm-up whose scores say nothing."""
        self._calibrator.pass_over(rows)

    def learn(self, x: Matrix) -> None:
        """Learn rows, and score none."""
        self._detector.walk(*self._scaler.scale(self._imputer.fill(as_matrix(x, self.features))))

    def fade(self) -> None:
        """Let all that was learned count a tenth from now on; see `FadingScorer`."""
        for part in (self._imputer, self._scaler, self._detector, self._calibrator):
            part.fade()

    @property
    def scored(self) -> int:
        """How many events it has scored; see `Scorer`."""
        return self._calibrator.seen

    def explain(self, batch: ScoreBatch, row: int, top: int) -> list[Contribution]:
        """Compare with the score at each feature's usual value; see `Scorer`."""
        return strongest(batch, row, top, self.features)

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        return capture(self.model, self.arrays())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; earlier batches can still be explained."""
        check(snapshot, self.model, self.arrays())
        self.check_sound(snapshot)
        self.renew()
        overwrite(snapshot, self.arrays())

    def check_sound(self, snapshot: Snapshot) -> None:
        """Raise ScorerError where a snapshot of the right shapes would lead a kernel out of its arrays."""
        if not self._detector.is_sound({name: entry(snapshot, name) for name in self._detector.arrays()}):
            raise damaged("detector")

    def renew(self) -> None:
        """Make sure that writing over the state leaves earlier batches alone."""
        self._detector.renew()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return (
            self._imputer.arrays()
            | self._scaler.arrays()
            | self._detector.arrays()
            | self._calibrator.arrays()
        )

"""The scorer of everyday use: River's MinMaxScaler and HalfSpaceTrees, fused and fast."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.explanation import strongest
from fraudstream.scorers.forest import Forest
from fraudstream.scorers.imputation import Imputer
from fraudstream.scorers.protocol import Contribution, Matrix, ScoreBatch, Snapshot, as_matrix
from fraudstream.scorers.scaling import Scaler
from fraudstream.scorers.state import capture, check, overwrite


class HalfSpaceTrees:
    """Scores as `river.compose.Pipeline(MinMaxScaler(), HalfSpaceTrees())` does, one event after the other.

    Raw scores are River's to the bit on rows without gaps; gaps are closed before River's part begins.
    """

    def __init__(
        self,
        features: tuple[str, ...],
        imputer: Imputer,
        scaler: Scaler,
        forest: Forest,
        calibrator: Calibrator,
    ) -> None:
        self.features = features
        self._imputer = imputer
        self._scaler = scaler
        self._forest = forest
        self._calibrator = calibrator
        self._model = f"{forest.name} on {type(scaler).__name__} of {', '.join(features)}"

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by the state before it, then learn it; see `Scorer`."""
        given = as_matrix(x, self.features)
        scored, learned = self._scaler.scale(self._imputer.fill(given))
        raw, trace = self._forest.walk(scored, learned)
        calibrated, ready = self._calibrator.rank(raw)
        return ScoreBatch(raw, calibrated, ready, given, trace)

    def explain(self, batch: ScoreBatch, row: int, top: int) -> list[Contribution]:
        """Compare with the score at each feature's mean over the last full window; see `Scorer`."""
        return strongest(batch, row, top, self.features)

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        return capture(self._model, self._arrays())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; earlier batches can still be explained."""
        check(snapshot, self._model, self._arrays())
        self._forest.renew()
        overwrite(snapshot, self._arrays())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return (
            self._imputer.arrays() | self._scaler.arrays() | self._forest.arrays() | self._calibrator.arrays()
        )

"""Any River pipeline behind the protocol: replays, odd scores, and pipelines that cannot be saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from river import anomaly, compose

from fraudstream.scorers import river_path
from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.protocol import ScorerError
from fraudstream.scorers.river_path import RiverPipeline
from tests.unit.scorers.makers import FEATURES, SCORERS, equal, scored, stream


class _Odd:
    """Gives NaN where the amount is below one half, infinity where the hour is."""

    def learn_one(self, x: dict[str, float]) -> None:
        """Learn nothing."""

    def score_one(self, x: dict[str, Any]) -> float:
        """Give an odd score."""
        if x["amount"] < 0.5:
            return float("nan")
        return float("inf") if x["hour"] < 0.5 else 0.8


def test_explanations_are_equal_across_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often the model is saved changes no explanation, nor does a batch across two stretches."""
    x = stream(300, gaps=0.1)
    make = SCORERS["river_half_space_trees"]
    whole_scorer = make()
    whole = whole_scorer.score_and_learn(x)
    monkeypatch.setattr(river_path, "REPLAY_ROWS_MAX", 32)
    scorer = make()
    batches = scored(scorer, x, [100])
    assert equal(batches, [whole])
    for row in (99, 127, 128, 129, 255, 299):
        batch, place = (batches[0], row) if row < 100 else (batches[1], row - 100)
        assert scorer.explain(batch, place, 4) == whole_scorer.explain(whole, row, 4)


def test_odd_scores_are_zero_and_not_ready() -> None:
    """A River score that is no finite number becomes 0 and may not be acted on."""
    scorer = RiverPipeline(FEATURES, _Odd(), Calibrator(0, 1))
    batch = scorer.score_and_learn(np.array([[1.0, 1, 1, 1], [1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1]]))
    assert batch.raw.tolist() == [0.8, 0.8, 0, 0]
    assert batch.ready.tolist() == [False, True, False, False]
    assert scorer.explain(batch, 3, 4) == []


def test_pipelines_that_cannot_be_saved_are_refused() -> None:
    """A lambda inside a pipeline is refused at once, with the remedy."""
    pipeline = compose.FuncTransformer(lambda x: x) | anomaly.HalfSpaceTrees(seed=1)
    with pytest.raises(ScorerError, match="use named functions in place of lambdas"):
        RiverPipeline(FEATURES, pipeline, Calibrator(250, 500))

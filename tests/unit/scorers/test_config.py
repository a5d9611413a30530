"""The model file: what it takes, what it refuses, and what is built from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from river import anomaly, compose, preprocessing

from fraudstream.scorers.config import ModelSpec, build_scorer
from fraudstream.scorers.forest import Forest
from fraudstream.scorers.protocol import ScorerError

DOCUMENT = {
    "id": "usual-payments",
    "features": {"velocity": {"expr": "count_1h", "missing": 0.0}, "amount": "amount_usd"},
    "estimator": {"kind": "half_space_trees", "trees": 5, "height": 4, "window": 50},
    "warm_up": 100,
    "seed": 7,
}


def _document(**changes: Any) -> dict[str, Any]:
    return {**DOCUMENT, **changes}


def _estimator(**changes: Any) -> dict[str, Any]:
    return _document(estimator={"kind": "half_space_trees", **changes})


def _river(name: str, **parameters: Any) -> dict[str, Any]:
    return _document(estimator={"kind": "river", "name": name, "parameters": parameters})


def test_a_model_file_is_read_whole() -> None:
    """Names keep their order, a bare text is an expression, and the scaler is min_max unless it says else."""
    spec = ModelSpec.model_validate(DOCUMENT)
    assert list(spec.features) == ["velocity", "amount"]
    assert spec.features["amount"].expr == "amount_usd"
    assert spec.features["velocity"].missing == 0.0
    assert spec.scaler == "min_max"


def test_the_scaler_is_the_estimators_usual_one() -> None:
    """LODA's histograms lie over deviations, half-space trees split between 0 and 1."""
    document = _document(estimator={"kind": "loda"}, warm_up=2)
    assert ModelSpec.model_validate(document).scaler == "standard"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (_document(teach=True), "Extra inputs"),
        (_document(learn="none"), "'all', 'not_alerted' or 'confirmed_good'"),
        (_document(guard=0), "greater than 0"),
        (_document(learn="confirmed_good", guard=0.99), "labels are the guard: take guard out"),
        (_document(estimator={"kind": "blend"}, guard=0.99), "take them out for blend"),
        (
            _document(estimator={"kind": "blend"}, on_drift="learn_faster"),
            "let on_drift be warn or rules_only",
        ),
        (_document(on_drift="stop"), "'warn', 'learn_faster' or 'rules_only'"),
        (_document(features={}), "at least 1 item"),
        (_document(features={"amount": {"expr": "amount", "missing": float("nan")}}), "finite number"),
        (_document(scaler="robust"), "'min_max', 'standard' or 'none'"),
        (_document(scaler="standard"), "half_space_trees needs the scaler min_max or none, not standard"),
        (_document(estimator={"kind": "loda"}, scaler="none"), "loda needs the scaler standard, not none"),
        (_document(estimator={"kind": "loda", "bins": 2}), "greater than or equal to 4"),
        (_document(seed="7"), "valid integer"),
        (_document(id="../etc"), "match pattern"),
        (_document(warm_up=50), "write at least 100"),
        (_estimator(height=16), "less than or equal to 15"),
        (_estimator(trees=100, height=15), "at most 2,097,152 leaves are kept: lower one of them"),
        (
            _document(estimator={"kind": "isolation_forest"}),
            "expected tags: 'half_space_trees', 'loda', 'binned_",
        ),
        (_river("Oracle"), "River has no detector 'Oracle': write one of HalfSpaceTrees, LODA, "),
        (_river("GaussianScorer"), "River has no detector 'GaussianScorer'"),
        (_river("OneClassSVM", mu=0.1), "OneClassSVM takes no mu: it takes nu, "),
        (_river("LODA", n_bins="ten"), "LODA refuses these parameters: "),
    ],
)
def test_a_bad_model_file_is_refused(document: dict[str, Any], message: str) -> None:
    """Each mistake gives one message that says what may stand there."""
    with pytest.raises(ValidationError, match=message) as error:
        ModelSpec.model_validate(document)
    assert error.value.error_count() == 1


def test_the_model_file_decides_the_scores() -> None:
    """Seed, scaler and the constants for gaps of the file all reach the scorer."""
    x = np.random.default_rng(0).random((300, 2))
    x[::3, 0] = np.nan
    other_gaps = _document(features={"velocity": "count_1h", "amount": "amount_usd"})
    documents = [DOCUMENT, _document(seed=8), _document(scaler="none"), other_gaps]
    scores = [build_scorer(ModelSpec.model_validate(each)).score_and_learn(x).raw for each in documents]
    again = build_scorer(ModelSpec.model_validate(DOCUMENT)).score_and_learn(x).raw
    assert np.array_equal(scores[0], again)
    assert all(not np.array_equal(scores[0], other) for other in scores[1:])


def test_sums_that_floats_cannot_hold_are_refused() -> None:
    """A forest whose sums could be rounded, and so differ from River's, is not made."""
    with pytest.raises(ScorerError, match="no longer exact: lower one of the three"):
        Forest(("amount",), trees=100, height=15, window=2**32, seed=1)


def test_any_detector_of_river_is_at_hand() -> None:
    """It scores as River's own pipeline does, with the file's seed, scaler and constants for gaps."""
    x = np.random.default_rng(0).random((300, 2))
    gaps = x.copy()
    gaps[::3, 0] = np.nan
    spec = ModelSpec.model_validate({**_river("LODA", n_random_cuts=20), "scaler": "min_max"})
    model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.LODA(n_random_cuts=20, seed=7))
    expected = []
    for velocity, amount in np.nan_to_num(gaps, nan=0.0).tolist():
        row = {"velocity": velocity, "amount": amount}
        expected.append(model.score_one(row))
        model.learn_one(row)
    assert build_scorer(spec).score_and_learn(gaps).raw.tolist() == expected

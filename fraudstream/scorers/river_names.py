"""Finds a detector of River by its name, and puts it behind the scaler that a model file asks for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from river import anomaly, base, compose, preprocessing

from fraudstream.scorers.protocol import ScorerError

DETECTORS: Mapping[str, type[base.AnomalyDetector]] = {
    name: found
    for name, found in inspect.getmembers(anomaly, inspect.isclass)
    if issubclass(found, base.AnomalyDetector)
}
"""River's detectors that learn without labels."""
SCALERS: Mapping[str, type[Any]] = {
    "min_max": preprocessing.MinMaxScaler,
    "standard": preprocessing.StandardScaler,
}


def pipeline(name: str, parameters: Mapping[str, bool | int | float | str], scaler: str, seed: int) -> Any:
    """Return a River pipeline; a detector that draws numbers gets the seed unless the file gives it one.

    ScorerError where River has no such detector, or it takes no such parameters.
    """
    detector = DETECTORS.get(name)
    if detector is None:
        raise ScorerError(f"River has no detector {name!r}: write one of {', '.join(sorted(DETECTORS))}")
    accepted = inspect.signature(detector).parameters
    if unknown := [each for each in parameters if each not in accepted]:
        raise ScorerError(
            f"River's {name} takes no {', '.join(unknown)}: it takes {', '.join(accepted) or 'nothing'}"
        )
    drawn = {"seed": seed} if "seed" in accepted else {}
    try:
        made = detector(**{**drawn, **parameters})
        # Some parameters show only here that they are of the wrong kind.
        tried = made.clone()
        for value in (0.2, 0.8):
            tried.score_one({"feature": value})
            tried.learn_one({"feature": value})
    except Exception as error:
        raise ScorerError(f"River's {name} refuses these parameters: {error}") from None
    steps = [SCALERS[scaler]()] if scaler in SCALERS else []
    return compose.Pipeline(*steps, made)

"""Turns what occlusion found into the few reasons that a person reads."""

from __future__ import annotations

import math

import numpy as np

from fraudstream.scorers.protocol import Contribution, Direction, Occlusion, ScoreBatch


def strongest(batch: ScoreBatch, row: int, top: int, features: tuple[str, ...]) -> list[Contribution]:
    """Return the features whose own value raised the score of a row, the strongest first, at most `top`.

    Features that raised it equally keep the order of `features`.
    """
    found = batch.trace.occlude(row)
    order = np.argsort(-found.drop, kind="stable")[:top]
    return [
        Contribution(
            features[feature],
            float(found.drop[feature]),
            float(value) if math.isfinite(value := batch.x[row, feature]) else None,
            _direction(float(value), found, int(feature)),
        )
        for feature in order
        if found.drop[feature] > 0
    ]


def _direction(given: float, found: Occlusion, feature: int) -> Direction:
    if not math.isfinite(given):
        return Direction.MISSING
    if found.value[feature] > found.usual[feature]:
        return Direction.HIGH
    return Direction.LOW if found.value[feature] < found.usual[feature] else Direction.USUAL

"""Turns what occlusion found into the few reasons that a person reads."""

from __future__ import annotations

import math

from fraudstream.scorers.protocol import Contribution, Direction, ScoreBatch


def strongest(batch: ScoreBatch, row: int, top: int, features: tuple[str, ...]) -> list[Contribution]:
    """Return the features whose own value raised the score of a row, the strongest first, at most `top`.

    Features that raised it equally keep the order of `features`.
    """
    found = batch.trace.occlude(row)
    drops = found.drop.tolist()
    raising = [feature for feature, drop in enumerate(drops) if drop > 0]
    raising.sort(key=drops.__getitem__, reverse=True)
    given, values, usual = batch.x[row].tolist(), found.value.tolist(), found.usual.tolist()
    return [
        Contribution(
            features[feature],
            drops[feature],
            given[feature] if math.isfinite(given[feature]) else None,
            _direction(given[feature], values[feature], usual[feature]),
        )
        for feature in raising[:top]
    ]


def _direction(given: float, value: float, usual: float) -> Direction:
    if not math.isfinite(given):
        return Direction.MISSING
    if value > usual:
        return Direction.HIGH
    return Direction.LOW if value < usual else Direction.USUAL

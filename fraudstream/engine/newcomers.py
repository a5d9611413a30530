"""The features that a reload has added, and what of the past they have not counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fraudstream.engine.watermark import NEVER_US
from fraudstream.features.catalogue import Feature
from fraudstream.rules.binding import Bound


class Newcomers:
    """Remembers up to which event time the features of a ruleset may have missed events.

    A feature that has been there from the first event on, or that was back-filled, has missed none.
    """

    def __init__(self, bound: Bound) -> None:
        self._features = bound.features
        self._missed_us: dict[Feature, int] = {}

    def __bool__(self) -> bool:
        return bool(self._missed_us)

    def missed_us(self, feature: Feature) -> int:
        """Return the newest time of an event that a feature may have missed, NEVER_US: it has seen all."""
        return self._missed_us.get(feature, NEVER_US)

    def adopt(self, old: Newcomers, missed_us: Mapping[Feature, int]) -> None:
        """Go on from those of another ruleset; `missed_us` says it of each feature that this one has not."""
        missed = {**old._missed_us, **missed_us}
        self._missed_us = {
            feature: missed[feature]
            for feature in self._features
            if missed.get(feature, NEVER_US) != NEVER_US
        }

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state."""
        return {"missed_us": np.array([self.missed_us(each) for each in self._features], np.int64)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of the same ruleset."""
        times = np.asarray(state["missed_us"]).tolist()
        missed = dict(zip(self._features, times, strict=True))
        self._missed_us = {feature: us for feature, us in missed.items() if us != NEVER_US}

"""Counts the past for features that a ruleset adds, beside the engine that goes on by the old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.features import FeatureStage
from fraudstream.engine.reaches import FOREVER_US, reach
from fraudstream.engine.watermark import NEVER_US, Watermark
from fraudstream.events.appends import Appends
from fraudstream.events.interning import Interner
from fraudstream.features.catalogue import Feature
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound
from fraudstream.rules.view import View

if TYPE_CHECKING:
    from fraudstream.engine.step import Settings


class Backfill:
    """The features of events that a prepared ruleset adds, over messages that the engine has folded before.

    Its texts have the codes of the engine's `interner`, so it is folded in the same thread, between batches.
    What is dated after `watermark_us` less the reach of the features, and less the lateness, is all that they
    can still read. Such an event, and one that it may repeat, was appended at `appended_from_us` or later:
    nothing is dated more than the setting `ahead_us` after its append.
    """

    def __init__(
        self,
        bound: Bound,
        features: Sequence[Feature],
        settings: Settings,
        interner: Interner,
        watermark_us: int,
    ) -> None:
        limits = settings.limits
        self._features = features
        self._ahead_us = settings.ahead_us
        self._lateness_us = limits.lateness_us
        longest_us = max(reach(feature, limits) for feature in features)
        self._from_us = (
            NEVER_US if longest_us >= FOREVER_US else watermark_us - limits.lateness_us - longest_us
        )
        self.appended_from_us = max(0, self._from_us - settings.duplicates.horizon_us - settings.ahead_us)
        """From which append time on history is to be folded, in microseconds since 1970 UTC."""
        self.store = FeatureStore(features, settings.schema, limits)
        self._stage = FeatureStage(replace(bound, features=list(features)), interner, [self.store])
        self._intake = settings.intake(interner)
        self._watermark = Watermark()
        self._is_whole = True
        self._first_us: int | None = None

    def lack(self) -> None:
        """Take note that some of what was to be folded is gone."""
        self._is_whole = False

    def fold(self, values: Sequence[bytes | None], appended_us: NDArray[np.int64]) -> None:
        """Count the events of n messages that were appended at `appended_us` [n]; arguments as of `step`."""
        batch, _, _ = self._intake.take(values, Appends(appended_us, self._ahead_us))
        if not len(batch):
            return
        if self._first_us is None:
            self._first_us = int(batch.time_us[0])
        self._stage.advance(View(batch), self._watermark.advance(batch.time_us))

    def finish(self, watermark_us: int) -> Mapping[Feature, int]:
        """Date the state, at the watermark of the swap.

        Return for each feature the newest time of an event that it may have missed, NEVER_US where there is
        none. What is gone is taken to be dated at most the lateness after the first event that is there.
        """
        first_us = watermark_us if self._first_us is None else self._first_us + self._lateness_us
        since_us = self._from_us if self._is_whole else min(watermark_us, first_us)
        if since_us != NEVER_US:
            self.store.date(since_us)
        return dict.fromkeys(self._features, NEVER_US if self._is_whole else since_us)

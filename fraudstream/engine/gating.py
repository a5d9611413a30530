"""Which keys an event may pass under, where each worker keeps the entities of some keys only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch


class Gate(Protocol):
    """Lets an event be counted and read under those keys only whose entities are kept here."""

    def through(self, batch: EventBatch, gates: Sequence[tuple[str, ...]]) -> NDArray[np.int32]:
        """Return the batch's codes, and behind them those of each list of columns that may pass."""

"""Drops events whose id was accepted before, within a horizon of event time and of ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.known_ids import IDS_MAX, KnownIds
from fraudstream.events.batch import Ids


@dataclass(frozen=True)
class Horizon:
    """An accepted id is known for `horizon_us` of event time and for the next `ids_max` accepted ids."""

    horizon_us: int = 86_400_000_000
    ids_max: int = 1_000_000

    def __post_init__(self) -> None:
        if not 1 <= self.ids_max <= IDS_MAX:
            raise ValueError(f"ids_max is {self.ids_max}: choose 1 to {IDS_MAX}")


class Duplicates:
    """Tells which events are the first with their ids."""

    def __init__(self, horizon: Horizon) -> None:
        self._horizon_us = horizon.horizon_us
        self._known = KnownIds(horizon.ids_max)

    def first_seen(self, ids: Ids, time_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for n events in stream order whether each is accepted: the first with its id."""
        return self._known.accept(ids, time_us, self._horizon_us)

    @property
    def bytes(self) -> int:
        """How many bytes of memory the ids take."""
        return self._known.bytes

    def snapshot(self) -> dict[str, Any]:
        """Return the remembered ids, the oldest first: `hashes` uint64 [n, 2] and `time_us` int64 [n]."""
        return self._known.snapshot()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Remember the ids of a snapshot instead, as many of the last as there is room for."""
        self._known.restore(snapshot)

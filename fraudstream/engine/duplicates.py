"""Drops events whose id was accepted before, within a horizon of event time and of ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.id_ring import FREE, Ring, accept, fill_table
from fraudstream.events.batch import Ids

_SIZE_MIN = 1_024


@dataclass(frozen=True)
class Horizon:
    """An accepted id is known for `horizon_us` of event time and for the next `ids_max` accepted ids."""

    horizon_us: int = 86_400_000_000
    ids_max: int = 1_000_000

    def __post_init__(self) -> None:
        if not 1 <= self.ids_max <= 2**29:
            raise ValueError(f"ids_max is {self.ids_max}: choose 1 to {2**29}")


class Duplicates:
    """Remembers the last `ids_max` accepted ids: 32 to 40 bytes each, allocated as they come.

    An id is kept as 128 bits of two hashes. With the default million ids known, the odds that a new id is
    taken for one of them are 10**6 / 2**128, below 1e-32 per event. The hashes have no secret: ids must be
    given by the payment processor, not chosen by its customers.
    """

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._ring = _empty(min(horizon.ids_max, _SIZE_MIN))

    def first_seen(self, ids: Ids, time_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for n events in stream order whether each is accepted: the first with its id."""
        events = len(ids)
        self._make_room(events)
        fresh = np.empty(events, np.bool_)
        accept(self._ring, ids.data, ids.ends, time_us, fresh, self._horizon.horizon_us)
        return fresh

    @property
    def bytes(self) -> int:
        """How many bytes of memory the ids take."""
        return sum(each.nbytes for each in self._ring)

    def _make_room(self, events: int) -> None:
        """Enlarge the ring before it would turn, as long as it is smaller than `ids_max`."""
        size, accepted = len(self._ring.time_us), int(self._ring.accepted[0])
        if size == self._horizon.ids_max or accepted + events <= size:
            return
        larger = min(self._horizon.ids_max, max(2 * size, accepted + events))
        self._enter(self._ring.hashes[:accepted], self._ring.time_us[:accepted], larger)

    def _enter(self, hashes: NDArray[np.uint64], time_us: NDArray[np.int64], size: int) -> None:
        """Begin a ring with these ids, the oldest first."""
        ring, count = _empty(size), len(time_us)
        ring.hashes[:count], ring.time_us[:count], ring.accepted[0] = hashes, time_us, count
        fill_table(ring)
        self._ring = ring

    def snapshot(self) -> dict[str, Any]:
        """Return the remembered ids, the oldest first: `hashes` uint64 [n, 2] and `time_us` int64 [n]."""
        size, accepted = len(self._ring.time_us), int(self._ring.accepted[0])
        order = np.arange(max(0, accepted - size), accepted) % size
        return {"hashes": self._ring.hashes[order], "time_us": self._ring.time_us[order]}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Remember the ids of a snapshot instead, the last `ids_max` of them."""
        kept = slice(-self._horizon.ids_max, None)
        hashes, time_us = snapshot["hashes"][kept], snapshot["time_us"][kept]
        size = max(len(time_us), min(self._horizon.ids_max, _SIZE_MIN))
        self._enter(hashes, time_us, size)


def _empty(size: int) -> Ring:
    slots = 1 << (2 * size).bit_length()
    return Ring(
        hashes=np.empty((size, 2), np.uint64),
        time_us=np.empty(size, np.int64),
        table=np.full(slots, FREE, np.int32),
        accepted=np.zeros(1, np.int64),
    )

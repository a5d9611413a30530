"""Remembers the last accepted ids, and where each stands among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.id_ring import FREE, Ring, accept, fill_table, places_in
from fraudstream.events.batch import Ids

_SIZE_MIN = 1_024
IDS_MAX = 2**29


class KnownIds:
    """Remembers the last `ids_max` accepted ids: 32 to 40 bytes each, allocated as they come.

    The n-th accepted id stands at the place `n % size`, until that is taken again. An id is kept as 128 bits
    of two hashes. With a million ids known, the odds that a new id is taken for one of them are
    10**6 / 2**128, below 1e-32 per event. The hashes have no secret: ids must be given by the payment
    processor, not chosen by its customers.
    """

    def __init__(self, ids_max: int) -> None:
        self._ids_max = ids_max
        self._ring = _empty(min(ids_max, _SIZE_MIN))

    @property
    def size(self) -> int:
        """How many places there are by now."""
        return len(self._ring.time_us)

    @property
    def accepted(self) -> int:
        """How many ids were accepted, as far as the places tell."""
        return int(self._ring.accepted[0])

    @property
    def bytes(self) -> int:
        """How many bytes of memory the ids take."""
        return sum(each.nbytes for each in self._ring)

    @property
    def time_us(self) -> NDArray[np.int64]:
        """The times [size] of the ids by their places."""
        return self._ring.time_us

    def accept(self, ids: Ids, time_us: NDArray[np.int64], horizon_us: int) -> NDArray[np.bool_]:
        """Accept n ids in stream order, but not what was accepted within the horizon; tell which."""
        self._make_room(len(ids))
        fresh = np.empty(len(ids), np.bool_)
        accept(self._ring, ids.data, ids.ends, time_us, fresh, horizon_us)
        return fresh

    def places(self, ids: Ids) -> NDArray[np.int64]:
        """Return the place [n] of each id, that of its last acceptance; -1 where it is not known."""
        places = np.empty(len(ids), np.int64)
        places_in(self._ring, ids.data, ids.ends, places)
        return places

    def _make_room(self, ids: int) -> None:
        """Enlarge the ring before it would turn, as long as it is smaller than `ids_max`."""
        if self.size == self._ids_max or self.accepted + ids <= self.size:
            return
        larger = min(self._ids_max, max(2 * self.size, self.accepted + ids))
        self._enter(self._ring.hashes[: self.accepted], self._ring.time_us[: self.accepted], larger)

    def _enter(self, hashes: NDArray[np.uint64], time_us: NDArray[np.int64], size: int) -> None:
        """Begin a ring with these ids, the oldest first."""
        ring, count = _empty(size), len(time_us)
        ring.hashes[:count], ring.time_us[:count], ring.accepted[0] = hashes, time_us, count
        fill_table(ring)
        self._ring = ring

    def order(self) -> NDArray[np.int64]:
        """Return the places of the remembered ids, the oldest first."""
        return np.arange(max(0, self.accepted - self.size), self.accepted) % self.size

    def snapshot(self) -> dict[str, Any]:
        """Return the remembered ids in their order: `hashes` uint64 [n, 2] and `time_us` int64 [n]."""
        order = self.order()
        return {"hashes": self._ring.hashes[order], "time_us": self._ring.time_us[order]}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Remember the ids of a snapshot instead, the last `ids_max` of them; they stand from place 0 on."""
        kept = slice(-self._ids_max, None)
        hashes, time_us = snapshot["hashes"][kept], snapshot["time_us"][kept]
        size = max(len(time_us), min(self._ids_max, _SIZE_MIN))
        self._enter(hashes, time_us, size)


def _empty(size: int) -> Ring:
    slots = 1 << (2 * size).bit_length()
    return Ring(
        hashes=np.empty((size, 2), np.uint64),
        time_us=np.empty(size, np.int64),
        table=np.full(slots, FREE, np.int32),
        accepted=np.zeros(1, np.int64),
    )

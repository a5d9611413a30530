"""The kernels of known ids: a ring of the last accepted ones, found through a hash table."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.hashing import other_hash, text_hash
from fraudstream.events.jit import Integer, inlined, kernel

FREE = -1


class Ring(NamedTuple):
    """All state: the n-th accepted id (from 0) stands at `n % size`; `table` holds places in the ring.

    `hashes` is uint64 [size, 2], `time_us` int64 [size], `table` int32 [a power of two above 2 * size],
    `accepted` int64 [1], how many ids were accepted ever.
    """

    hashes: NDArray[np.uint64]
    time_us: NDArray[np.int64]
    table: NDArray[np.int32]
    accepted: NDArray[np.int64]


@inlined
def _home(hashed: Integer, table: NDArray[np.int32]) -> Integer:
    return np.int64(hashed & np.uint64(table.shape[0] - 1))


@inlined
def _slot_of(ring: Ring, first: Integer, second: Integer) -> Integer:
    """Return the slot of the table that leads to an id, or the free one where it belongs."""
    last = ring.table.shape[0] - 1
    slot = _home(first, ring.table)
    while ring.table[slot] != FREE:
        place = ring.table[slot]
        if ring.hashes[place, 0] == first and ring.hashes[place, 1] == second:
            return slot
        slot = (slot + 1) & last
    return slot


@inlined
def _forget(ring: Ring, place: Integer) -> None:
    """Take the id at a place of the ring out of the table, unless it was accepted again since."""
    table = ring.table
    gap = _slot_of(ring, ring.hashes[place, 0], ring.hashes[place, 1])
    if table[gap] != place:
        return
    last = table.shape[0] - 1
    after = (gap + 1) & last
    while table[after] != FREE:
        wanted = _home(ring.hashes[table[after], 0], table)
        # The entry may move into the gap unless its home lies cyclically after the gap.
        if ((after - wanted) & last) >= ((after - gap) & last):
            table[gap] = table[after]
            gap = after
        after = (after + 1) & last
    table[gap] = FREE


@kernel
def accept(
    ring: Ring,
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    time_us: NDArray[np.int64],
    fresh: NDArray[np.bool_],
    horizon_us: int,
) -> None:
    """Fill `fresh` [n], and enter the ids of the events that are."""
    size = ring.time_us.shape[0]
    start = np.int64(0)
    for event in range(ends.shape[0]):
        length = ends[event] - start
        first = text_hash(data, start, length, 0)
        second = other_hash(data, start, length)
        start = ends[event]
        slot = _slot_of(ring, first, second)
        known = ring.table[slot]
        fresh[event] = known == FREE or abs(time_us[event] - ring.time_us[known]) >= horizon_us
        if not fresh[event]:
            continue
        place = ring.accepted[0] % size
        if ring.accepted[0] >= size:
            _forget(ring, place)
            slot = _slot_of(ring, first, second)
        ring.hashes[place, 0], ring.hashes[place, 1] = first, second
        ring.time_us[place] = time_us[event]
        ring.table[slot] = place
        ring.accepted[0] += 1


@kernel
def places_in(
    ring: Ring, data: NDArray[np.uint8], ends: NDArray[np.int64], places: NDArray[np.int64]
) -> None:
    """Fill `places` [n] with where the ids stand in the ring, FREE where one is not known."""
    start = np.int64(0)
    for event in range(ends.shape[0]):
        length = ends[event] - start
        first = text_hash(data, start, length, 0)
        second = other_hash(data, start, length)
        start = ends[event]
        places[event] = ring.table[_slot_of(ring, first, second)]


@kernel
def fill_table(ring: Ring) -> None:
    """Enter the ids of the ring in an empty table, the latest of equal ones."""
    size, accepted = ring.time_us.shape[0], ring.accepted[0]
    for number in range(max(0, accepted - size), accepted):
        place = number % size
        ring.table[_slot_of(ring, ring.hashes[place, 0], ring.hashes[place, 1])] = place

"""An open-addressing hash map from two int64 keys to one int64 value, for use inside kernels.

A map is an array [capacity, 3]: two keys and a value, so that a search touches one line of the cache. Linear
probing with backward-shift deletion, so no tombstones pile up. A free place has `table[place, 0]` FREE;
callers keep the load at or below `LOAD_MAX` with `grown`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined, lean_kernel

FREE = -1
LOAD_MAX = 0.75


@inlined
def mixed(bits: Integer) -> Integer:
    """Return a well mixed uint64 of 64 bits (the finaliser of splitmix64, Steele et al. 2014)."""
    hashed = np.uint64(bits)
    hashed = (hashed ^ (hashed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashed = (hashed ^ (hashed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashed ^ (hashed >> np.uint64(31))


@inlined
def home(first: Integer, second: Integer, capacity: Integer) -> Integer:
    """Return the preferred place of a key; the capacity is a power of two."""
    bits = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(second)
    return np.int64(mixed(bits) & np.uint64(capacity - 1))


@inlined
def find(table: NDArray[np.int64], first: Integer, second: Integer) -> Integer:
    """Return the place of a key, or the free place where it belongs."""
    capacity = table.shape[0]
    place = home(first, second, capacity)
    while table[place, 0] != FREE and (table[place, 0] != first or table[place, 1] != second):
        place = (place + 1) & (capacity - 1)
    return place


@inlined
def remove(table: NDArray[np.int64], place: Integer) -> None:
    """Free a place and close the gap behind it."""
    capacity = table.shape[0]
    gap = place
    after = (gap + 1) & (capacity - 1)
    while table[after, 0] != FREE:
        wanted = home(table[after, 0], table[after, 1], capacity)
        # The entry may move into the gap unless its home lies cyclically after the gap.
        if ((after - wanted) & (capacity - 1)) >= ((after - gap) & (capacity - 1)):
            for word in range(3):
                table[gap, word] = table[after, word]
            gap = after
        after = (after + 1) & (capacity - 1)
    table[gap, 0] = FREE


@lean_kernel
def _copy_all(table: NDArray[np.int64], larger: NDArray[np.int64]) -> None:
    for place in range(table.shape[0]):
        if table[place, 0] != FREE:
            target = find(larger, table[place, 0], table[place, 1])
            for word in range(3):
                larger[target, word] = table[place, word]


def empty(capacity: int) -> NDArray[np.int64]:
    """Return an empty map; the capacity must be a power of two."""
    return np.full((capacity, 3), FREE, np.int64)


def grown(table: NDArray[np.int64], entries_max: int) -> NDArray[np.int64]:
    """Return the map, enlarged where `entries_max` entries would load it above `LOAD_MAX`."""
    capacity = len(table)
    if entries_max <= capacity * LOAD_MAX:
        return table
    while capacity * LOAD_MAX < entries_max:
        capacity *= 2
    larger = empty(capacity)
    _copy_all(table, larger)
    return larger

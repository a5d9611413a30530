"""An open-addressing hash map from two int64 keys to one int64 value, for use inside kernels.

Linear probing with backward-shift deletion, so no tombstones pile up. A free place has `keys[place, 0]` -1;
callers keep the load at or below one half with `grown`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, lean_kernel

FREE = -1


@lean_kernel
def home(first: Integer, second: Integer, capacity: Integer) -> Integer:
    """Return the preferred place of a key (splitmix64 finaliser; capacity is a power of two)."""
    mixed = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(second)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return np.int64(mixed & np.uint64(capacity - 1))


@lean_kernel
def find(keys: NDArray[np.int64], first: Integer, second: Integer) -> Integer:
    """Return the place of a key, or the free place where it belongs."""
    capacity = keys.shape[0]
    place = home(first, second, capacity)
    while keys[place, 0] != FREE and (keys[place, 0] != first or keys[place, 1] != second):
        place = (place + 1) & (capacity - 1)
    return place


@lean_kernel
def remove(keys: NDArray[np.int64], values: NDArray[np.int64], place: Integer) -> None:
    """Free a place and close the gap behind it."""
    capacity = keys.shape[0]
    gap = place
    after = (gap + 1) & (capacity - 1)
    while keys[after, 0] != FREE:
        wanted = home(keys[after, 0], keys[after, 1], capacity)
        # The entry may move into the gap unless its home lies cyclically after the gap.
        if ((after - wanted) & (capacity - 1)) >= ((after - gap) & (capacity - 1)):
            keys[gap, 0], keys[gap, 1] = keys[after, 0], keys[after, 1]
            values[gap] = values[after]
            gap = after
        after = (after + 1) & (capacity - 1)
    keys[gap, 0] = FREE


@lean_kernel
def _copy_all(
    keys: NDArray[np.int64],
    values: NDArray[np.int64],
    new_keys: NDArray[np.int64],
    new_values: NDArray[np.int64],
) -> None:
    for place in range(keys.shape[0]):
        if keys[place, 0] != FREE:
            target = find(new_keys, keys[place, 0], keys[place, 1])
            new_keys[target, 0], new_keys[target, 1] = keys[place, 0], keys[place, 1]
            new_values[target] = values[place]


def empty(capacity: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return an empty map; the capacity must be a power of two."""
    return np.full((capacity, 2), FREE, np.int64), np.zeros(capacity, np.int64)


def grown(
    keys: NDArray[np.int64], values: NDArray[np.int64], entries_max: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the map, enlarged where `entries_max` entries would load it above one half."""
    capacity = len(keys)
    if entries_max * 2 <= capacity:
        return keys, values
    while capacity < entries_max * 2:
        capacity *= 2
    new_keys, new_values = empty(capacity)
    _copy_all(keys, values, new_keys, new_values)
    return new_keys, new_values

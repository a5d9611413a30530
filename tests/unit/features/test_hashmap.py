"""The hash map of the kernels against a dict."""

from __future__ import annotations

import numpy as np

from fraudstream.events.jit import lean_kernel
from fraudstream.features import hashmap
from fraudstream.features.hashmap import FREE, empty, grown

find = lean_kernel(hashmap.find)
remove = lean_kernel(hashmap.remove)


def test_the_map_agrees_with_a_dict_through_insertions_and_removals() -> None:
    """Thousands of random insertions and removals in a small, crowded map leave what a dict holds."""
    random = np.random.default_rng(3)
    table = empty(64)
    truth: dict[tuple[int, int], int] = {}
    for step in range(3_000):
        key = (int(random.integers(0, 12)), int(random.integers(-1, 4)))
        place = find(table, *key)
        assert (table[place, 0] != FREE) == (key in truth)
        if key in truth and random.random() < 0.6:
            remove(table, place)
            del truth[key]
        elif len(truth) < 48:
            table[place] = (*key, step)
            truth[key] = step
    assert {(first, second): value for first, second, value in table.tolist() if first != FREE} == truth


def test_a_map_grows_before_it_is_three_quarters_full_and_keeps_its_entries() -> None:
    """Growing moves every entry to where it is found again."""
    table = empty(8)
    for number in range(6):
        table[find(table, number, -1)] = (number, -1, 10 * number)
    assert grown(table, 6) is table
    larger = grown(table, 100)
    assert len(larger) == 256
    assert [int(larger[find(larger, number, -1), 2]) for number in range(6)] == [0, 10, 20, 30, 40, 50]

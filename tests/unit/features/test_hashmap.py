"""The hash map of the kernels against a dict."""

from __future__ import annotations

import numpy as np

from fraudstream.features.hashmap import FREE, empty, find, grown, remove


def test_the_map_agrees_with_a_dict_through_insertions_and_removals() -> None:
    """Thousands of random insertions and removals in a small, crowded map leave what a dict holds."""
    random = np.random.default_rng(3)
    keys, values = empty(64)
    truth: dict[tuple[int, int], int] = {}
    for step in range(3_000):
        key = (int(random.integers(0, 12)), int(random.integers(-1, 4)))
        place = find(keys, *key)
        assert (keys[place, 0] != FREE) == (key in truth)
        if key in truth and random.random() < 0.6:
            remove(keys, values, place)
            del truth[key]
        elif len(truth) < 32:
            keys[place], values[place] = key, step
            truth[key] = step
    assert {
        (int(first), int(second)): int(value)
        for (first, second), value in zip(keys, values, strict=True)
        if first != FREE
    } == truth


def test_a_map_grows_before_it_is_half_full_and_keeps_its_entries() -> None:
    """Growing moves every entry to where it is found again."""
    keys, values = empty(8)
    for number in range(4):
        place = find(keys, number, -1)
        keys[place], values[place] = (number, -1), 10 * number
    assert grown(keys, values, 4)[0] is keys
    larger, moved = grown(keys, values, 100)
    assert len(larger) == 256
    assert [int(moved[find(larger, number, -1)]) for number in range(4)] == [0, 10, 20, 30]

"""What is estimated, and what is exact though it looks so: distinct counts, medians, moments."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from fraudstream.events.jit import lean_kernel
from fraudstream.features import buckets, hyperloglog, moments
from fraudstream.features.buckets import BOUNDS
from fraudstream.features.catalogue import Feature, Limits
from fraudstream.features.state import Frame
from fraudstream.features.store import FeatureStore
from tests.unit.features.drawn import SCHEMA, feature
from tests.unit.features.test_store import one_entity

bucket_of = lean_kernel(buckets.bucket_of)
middle_of = lean_kernel(buckets.middle_of)
add_square = lean_kernel(moments.add_square)
deviation = lean_kernel(moments.deviation)
clear = lean_kernel(hyperloglog.clear)
pair_of = lean_kernel(hyperloglog.pair_of)
set_rank = lean_kernel(hyperloglog.set_rank)
rank_of = lean_kernel(hyperloglog.rank_of)
estimated = lean_kernel(hyperloglog.estimated)
FIVE_SIGMA = 5 * 1.04 / math.sqrt(hyperloglog.REGISTERS)
WINDOW = 200_000


def walked(given: Feature, values: NDArray[np.int64], limits: Limits) -> tuple[FeatureStore, Frame]:
    """Return the store, and the last frame, of one entity with a value at each tick."""
    store = FeatureStore([given], SCHEMA, limits)
    frame = None
    for start in range(0, len(values), 5_000):
        batch = values[start : start + 5_000]
        frame = one_entity(store, range(start, start + len(batch)), batch)
    assert frame is not None
    return store, frame


@pytest.mark.parametrize("exact_us", [WINDOW, WINDOW - 1], ids=["exact window", "panes"])
@pytest.mark.parametrize("distinct", [5_000, 9_000, 60_000])
def test_many_distinct_values_are_estimated_within_five_standard_errors(distinct: int, exact_us: int) -> None:
    """Beyond 4,096 values the estimate stays close, in an exact window and in a long one."""
    values = np.random.default_rng(5).permutation(distinct) * 977
    _, frame = walked(feature("distinct", "v", window=WINDOW), values, Limits(5, exact_us))
    assert frame.ints[0, -1] == pytest.approx(distinct, rel=FIVE_SIGMA)
    assert frame.known[0, -1]


@pytest.mark.parametrize("exact_us", [WINDOW, WINDOW - 1], ids=["exact window", "panes"])
def test_up_to_the_bound_distinct_values_are_exact(exact_us: int) -> None:
    """4,096 values, each seen three times, are 4,096."""
    values = np.tile(np.arange(4_096), 3)
    _, frame = walked(feature("distinct", "v", window=WINDOW), values, Limits(5, exact_us))
    assert frame.ints[0, -1] == 4_096


@pytest.mark.parametrize("exact_us", [6_400, 6_399], ids=["exact window", "panes"])
def test_an_estimate_falls_when_values_leave_and_becomes_exact_again(exact_us: int) -> None:
    """After a burst of new values the window first holds an estimate of what is left, then is exact."""
    given = feature("distinct", "v", window=6_400)
    values = np.concatenate([np.arange(6_000), np.full(5_000, 7)])
    store, frame = walked(given, values, Limits(5, exact_us, distinct_exact=500))
    assert frame.ints[0, -1] == pytest.approx(6_400 - 5_000 + 1, rel=0.2)
    later = one_entity(store, range(30_000, 30_003), np.array([1, 2, 1]))
    assert later.ints[0].tolist() == [1, 2, 2]


def test_the_estimate_has_no_bias_from_few_to_many() -> None:
    """The mean over many sets of values lies within what its own standard error allows."""
    for number in (100, 1_500, 4_000, 12_000):
        found = []
        for seed in range(10):
            words = np.zeros(hyperloglog.BLOCK_WORDS, np.int64)
            clear(words, 0)
            for value in range(seed * 10**6, seed * 10**6 + number):
                pair = pair_of(value)
                register, rank = pair >> hyperloglog.RANK_BITS, pair & 63
                if rank > rank_of(words, 0, register):
                    set_rank(words, 0, register, rank)
            found.append(estimated(words, 0))
        assert np.mean(found) == pytest.approx(number, rel=FIVE_SIGMA / math.sqrt(10))


@pytest.mark.parametrize("value", [0, 1, -1, 33, 34, 35, 999, -12_345, 10**9, 10**15, 10**18])
def test_a_bucket_stands_for_its_values_within_one_and_a_half_percent(value: int) -> None:
    """Small numbers have a bucket each, large ones share one that is three percent wide."""
    bucket = bucket_of(BOUNDS, value)
    size = abs(bucket)
    assert BOUNDS[size] <= abs(value) < BOUNDS[size + 1]
    assert abs(middle_of(BOUNDS, bucket) - value) <= 0.015 * abs(value)


def test_a_deviation_is_exact_where_a_float_would_cancel() -> None:
    """Huge amounts that differ by a cent have a deviation, not the rounding error of a sum of squares."""
    values = [10**15 + each for each in (0, 1, 2, 3)]
    low = high = 0
    for value in values:
        low, high = add_square(low, high, value, 1)
    assert (low % 2**64) + (high << 64) == sum(value * value for value in values)
    expected = math.sqrt(Fraction(4 * sum(v * v for v in values) - sum(values) ** 2, 12))
    assert deviation(4, sum(values), low, high) == pytest.approx(expected, rel=1e-15)


def test_squares_that_leave_leave_no_trace() -> None:
    """Adding and taking away the same squares in another order ends at zero."""
    values = np.random.default_rng(2).integers(-(10**15), 10**15, 500).tolist()
    low = high = 0
    for value in values:
        low, high = add_square(low, high, value, 1)
    for value in sorted(values):
        low, high = add_square(low, high, value, -1)
    assert (low, high) == (0, 0)

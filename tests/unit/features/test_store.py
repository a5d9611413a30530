"""The feature store: exact over millions of events, shared cells, and the events behind a number."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from fraudstream.features.catalogue import Feature
from fraudstream.features.store import FeatureStore
from fraudstream.features.windows import Arrivals, Frame
from tests.unit.features.drawn import feature

BATCH = 100_000


def one_entity(store: FeatureStore, times: range, amounts: NDArray[np.int64]) -> Frame:
    """Run a batch of one entity's events, one amount each, through a store."""
    events = len(times)
    arrivals = Arrivals(
        np.zeros((events, len(store.layout.columns)), np.int32),
        np.arange(times.start, times.stop, dtype=np.int64),
        np.ones((events, len(store.layout.masks)), np.bool_),
        amounts.reshape(events, 1)[:, : len(store.layout.values)],
    )
    return store.advance([f"e{t}" for t in times], arrivals)


def test_sums_do_not_drift_over_ten_million_events() -> None:
    """After ten million additions and expiries of large amounts every sum is still the exact integer."""
    store = FeatureStore([feature("sum", "v", window=1_000)], lateness_us=5)
    amounts = np.random.default_rng(7).integers(0, 10**15, BATCH)
    codes, masks, ids = np.zeros((BATCH, 1), np.int32), np.ones((BATCH, 1), np.bool_), ["e"] * BATCH
    for start in range(0, 10_000_000, BATCH):
        times = np.arange(start, start + BATCH, dtype=np.int64)
        frame = store.advance(ids, Arrivals(codes, times, masks, amounts.reshape(BATCH, 1)))
    totals = np.cumsum(np.concatenate([amounts[-1_000:], amounts]))
    assert np.array_equal(frame.out[0], totals[1_000:] - totals[:-1_000])


def test_what_has_left_the_windows_is_forgotten() -> None:
    """A stream twenty times as long takes no more memory."""
    store = FeatureStore([feature("sum", "v", window=100)], lateness_us=50)
    bytes_held = []
    tracemalloc.start()
    for start in range(0, 100_000, 500):
        one_entity(store, range(start, start + 500), np.ones(500, np.int64))
        bytes_held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert bytes_held[-1] < 2 * bytes_held[9]


def test_features_that_differ_in_reading_share_their_cells() -> None:
    """With and without the current event, and read by another key, a sum is kept once."""
    features = [
        feature("sum", "v", by="to", window=10),
        feature("sum", "v", by="to", window=10, current=False),
        feature("sum", "v", by="to", read_by="from", window=10),
        feature("avg", "v", by="to", window=10),
    ]
    assert len(FeatureStore(features, 5).layout.plan.cell_kind) == 2


def ids_behind(given: Feature, *times: int, at_most: int = 9) -> list[str]:
    """Return the ids that the last of some events of one entity counted."""
    store = FeatureStore([given], lateness_us=100)
    frame = None
    for t in times:
        frame = one_entity(store, range(t, t + 1), np.ones(1, np.int64))
    assert frame is not None
    (found,) = store.contributing_ids([(0, 0)], frame, at_most)
    return found


def test_the_events_behind_a_count_are_named_newest_first() -> None:
    """The ids are those of the events inside the window, the newest first."""
    assert ids_behind(feature("count", window=10), 0, 5, 8, 12) == ["e12", "e8", "e5"]


def test_the_current_event_is_not_named_where_it_does_not_count() -> None:
    """A feature without the current event names only earlier ones."""
    assert ids_behind(feature("count", window=10, current=False), 0, 5, 12) == ["e5"]


def test_only_so_many_events_are_named() -> None:
    """Of many events behind a number the newest few are named."""
    assert ids_behind(feature("count", window=100), *range(50), at_most=3) == ["e49", "e48", "e47"]


@pytest.mark.parametrize("aggregate", ["first_seen", "time_since_last"])
def test_a_feature_without_a_window_names_no_events(aggregate: str) -> None:
    """What is known for ever rests on no list of events."""
    assert ids_behind(feature(aggregate), 0, 5) == []


def test_no_events_are_a_batch_too() -> None:
    """An empty batch gives empty columns."""
    store = FeatureStore([feature("sum", "v", window=10)], 5)
    frame = one_entity(store, range(0), np.empty(0, np.int64))
    assert frame.out.shape == (1, 0)

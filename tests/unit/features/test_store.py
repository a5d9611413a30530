"""The feature store: exact over millions of events, shared cells, and the events behind a number."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fraudstream.events.batch import Ids
from fraudstream.features.catalogue import Feature, Limits
from fraudstream.features.plan import NEVER
from fraudstream.features.snapshots import FeatureError
from fraudstream.features.state import Arrivals, Frame
from fraudstream.features.store import FeatureStore
from tests.unit.features.drawn import SCHEMA, TEXTS, feature

BATCH = 100_000


def one_entity(store: FeatureStore, times: range, amounts: NDArray[np.int64]) -> Frame:
    """Run a batch of one entity's events, one amount each, through a store."""
    events = len(times)
    ids = Ids.of([f"e{t}" for t in times])
    return store.advance(
        Arrivals(
            time_us=np.arange(times.start, times.stop, dtype=np.int64),
            codes=np.zeros((len(TEXTS), events), np.int32),
            ints=amounts.reshape(1, events),
            ints_known=np.ones((1, events), np.bool_),
            floats=np.zeros((1, events)),
            floats_known=np.zeros((1, events), np.bool_),
            id_ends=ids.ends,
            id_data=ids.data,
            wheres=np.ones((len(store.layout.wheres), events), np.bool_),
            given=np.empty((0, events), np.int64),
            given_known=np.empty((0, events), np.bool_),
        )
    )


def test_sums_do_not_drift_over_ten_million_events() -> None:
    """After ten million additions and expiries of large amounts every sum is exact, and zero at last."""
    given = [feature("sum", "v", window=1_000), feature("stddev", "v", window=1_000)]
    store = FeatureStore(given, SCHEMA, Limits(lateness_us=5))
    amounts = np.random.default_rng(7).integers(0, 10**15, BATCH)
    for start in range(0, 10_000_000, BATCH):
        frame = one_entity(store, range(start, start + BATCH), amounts)
    totals = np.cumsum(np.concatenate([amounts[-1_000:], amounts]))
    assert np.array_equal(frame.ints[0], totals[1_000:] - totals[:-1_000])
    late = one_entity(store, range(20_000_000, 20_000_002), np.zeros(2, np.int64))
    assert late.ints[0].tolist() == [0, 0]
    assert late.floats[1, 1] == 0.0


def test_what_has_left_the_windows_is_forgotten() -> None:
    """A stream twenty times as long takes no more memory."""
    store = FeatureStore([feature("sum", "v", window=100)], SCHEMA, Limits(lateness_us=50))
    held = []
    for start in range(0, 100_000, 500):
        one_entity(store, range(start, start + 500), np.ones(500, np.int64))
        held.append(sum(array.nbytes for array in store.snapshot().values() if isinstance(array, np.ndarray)))
    assert held[-1] == held[9]


def test_idle_entities_are_forgotten_and_their_rows_used_again() -> None:
    """Ever new entities take no more memory than those of the window, and a round says when it began."""
    store = FeatureStore([feature("count", window=100)], SCHEMA, Limits(lateness_us=5))
    rounds = set()
    for start in range(0, 200_000, 500):
        codes = np.arange(start, start + 500, dtype=np.int32)
        arrivals = _entities(store, np.arange(start, start + 500, dtype=np.int64), codes)
        store.advance(arrivals)
        rounds.add(store.round_started_us)
    (counted,) = store.stats().features
    assert counted.entities < 5_000
    assert max(rounds) > 190_000
    assert sorted(rounds)[0] == NEVER


def _entities(store: FeatureStore, times: NDArray[np.int64], codes: NDArray[np.int32]) -> Arrivals:
    events = len(times)
    ids = Ids.of(["e"] * events)
    return Arrivals(
        times,
        np.tile(codes, (len(TEXTS), 1)),
        np.zeros((1, events), np.int64),
        np.ones((1, events), np.bool_),
        np.zeros((1, events)),
        np.zeros((1, events), np.bool_),
        ids.ends,
        ids.data,
        np.ones((len(store.layout.wheres), events), np.bool_),
        np.empty((0, events), np.int64),
        np.empty((0, events), np.bool_),
    )


def test_stats_tell_entities_bytes_and_warmth() -> None:
    """Each feature's entities, its share of the bytes, and how much of its window has passed."""
    store = FeatureStore([feature("count", window=100), feature("first_seen")], SCHEMA, Limits(5))
    store.begin(1_000)
    store.advance(_entities(store, np.array([1_000, 1_025]), np.array([1, 2], np.int32)))
    stats = store.stats()
    assert [each.entities for each in stats.features] == [2, 2]
    assert [each.warm for each in stats.features] == [0.25, None]
    assert [each.since_us for each in stats.features] == [1_000, 1_000]
    assert all(each.bytes > 0 for each in stats.features)
    assert stats.log_events == 2
    assert stats.log_bytes > 0
    assert stats.entities == 2
    assert stats.bytes == stats.log_bytes + sum(each.bytes for each in stats.features)


def test_a_snapshot_of_other_features_is_refused() -> None:
    """State without its meaning is not taken; the message says what to do."""
    saved = FeatureStore([feature("count", window=100)], SCHEMA).snapshot()
    other = FeatureStore([feature("sum", "v", window=100)], SCHEMA)
    with pytest.raises(FeatureError, match="belongs to other features, columns or limits: restore it with"):
        other.restore(saved)


def test_features_that_differ_in_reading_share_their_cells() -> None:
    """With and without the current event, and read by another key, a sum is kept once."""
    features = [
        feature("sum", "v", by="to", window=10),
        feature("sum", "v", by="to", window=10, current=False),
        feature("sum", "v", by="to", read_by="from", window=10),
        feature("avg", "v", by="to", window=10),
    ]
    assert len(FeatureStore(features, SCHEMA).layout.cells) == 2


def ids_behind(given: Feature, *times: int, at_most: int = 9) -> list[str]:
    """Return the ids that the last of some events of one entity counted."""
    store = FeatureStore([given], SCHEMA, Limits(lateness_us=100))
    frame = None
    for t in times:
        frame = one_entity(store, range(t, t + 1), np.ones(1, np.int64))
    assert frame is not None
    (found,) = store.contributing(np.array([(0, 0)]), frame, at_most).texts()
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
    store = FeatureStore([feature("sum", "v", window=10)], SCHEMA)
    frame = one_entity(store, range(0), np.empty(0, np.int64))
    assert frame.ints.shape == (1, 0)

"""Repeated ids: dropped within a horizon of event time, and among the last accepted ids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.engine.duplicates import Duplicates, Horizon
from fraudstream.engine.step import Settings
from fraudstream.events.batch import Ids
from tests.unit.rule_files import engine_of, event, rule_file


def fresh(duplicates: Duplicates, *seen: tuple[str, int]) -> list[bool]:
    """Tell of some ids and times whether each is the first."""
    times = np.array([at for _, at in seen], np.int64)
    return list(map(bool, duplicates.first_seen(Ids.of([identity for identity, _ in seen]), times)))


def test_a_repeated_id_is_dropped_within_the_horizon() -> None:
    """In the same batch and in a later one, until exactly the horizon has passed, and either way in time."""
    duplicates = Duplicates(Horizon(horizon_us=10, ids_max=100))
    assert fresh(duplicates, ("a", 100), ("a", 100), ("b", 100)) == [True, False, True]
    assert fresh(duplicates, ("a", 109), ("a", 91)) == [False, False]
    assert fresh(duplicates, ("a", 110)) == [True]
    assert fresh(duplicates, ("b", 90)) == [True]


def test_the_first_time_of_an_id_counts() -> None:
    """A duplicate does not renew the horizon."""
    duplicates = Duplicates(Horizon(horizon_us=10, ids_max=100))
    assert fresh(duplicates, ("a", 0), ("a", 6), ("a", 12), ("a", 13)) == [True, False, True, False]


def test_so_many_ids_are_remembered_and_no_more() -> None:
    """With room for three, an id is still known after two others, and forgotten after three."""
    duplicates = Duplicates(Horizon(horizon_us=10**9, ids_max=3))
    assert fresh(duplicates, *((identity, 0) for identity in "abc")) == [True] * 3
    assert fresh(duplicates, ("a", 0), ("d", 0), ("a", 0)) == [False, True, True]


def test_an_id_accepted_again_is_remembered_from_then_on() -> None:
    """The time and the place in the order of its second acceptance count."""
    duplicates = Duplicates(Horizon(horizon_us=10, ids_max=3))
    assert fresh(duplicates, ("a", 0), ("b", 0), ("a", 20), ("c", 20)) == [True] * 4
    assert fresh(duplicates, ("a", 25), ("b", 5), ("d", 20)) == [False, False, True]
    assert fresh(duplicates, ("a", 25), ("b", 5), ("a", 25)) == [False, True, True]


class Model:
    """The same in plain Python: all accepted ids, the last of which are searched from the newest on."""

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._accepted: list[tuple[str, int]] = []

    def first(self, identity: str, t_us: int) -> bool:
        """Tell whether an event is accepted."""
        for known, then_us in self._accepted[: -self._horizon.ids_max - 1 : -1]:
            if known == identity:
                if abs(t_us - then_us) < self._horizon.horizon_us:
                    return False
                break
        self._accepted.append((identity, t_us))
        return True


streams = st.lists(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 50)), max_size=80), max_size=6)


@settings(max_examples=300, deadline=None)
@given(streams, st.integers(1, 50), st.integers(1, 30), st.integers(0, 6))
def test_the_ring_does_what_the_model_does(
    batches: list[list[tuple[int, int]]], horizon_us: int, ids_max: int, moved: int
) -> None:
    """In batches of any size, with a snapshot taken and restored between two of them."""
    horizon = Horizon(horizon_us, ids_max)
    duplicates, model = Duplicates(horizon), Model(horizon)
    for number, batch in enumerate(batches):
        if number == moved:
            snapshot, duplicates = duplicates.snapshot(), Duplicates(horizon)
            fresh(duplicates, ("other", 0))
            duplicates.restore(snapshot)
        seen = [(f"event {identity}" * (1 + identity % 3), t_us) for identity, t_us in batch]
        assert fresh(duplicates, *seen) == [model.first(*each) for each in seen]


def test_the_ring_grows_up_to_its_size_and_no_further() -> None:
    """Ids are known across the growth, and the memory of a full ring does not change."""
    duplicates = Duplicates(Horizon(ids_max=5_000))
    small = duplicates.bytes
    assert all(fresh(duplicates, *((f"e{number}", 0) for number in range(5_000))))
    full = duplicates.bytes
    assert not any(fresh(duplicates, *((f"e{number}", 0) for number in range(5_000))))
    assert all(fresh(duplicates, *((f"f{number}", 0) for number in range(20_000))))
    assert small < duplicates.bytes == full < 40 * 5_000
    assert not any(fresh(duplicates, *((f"f{number}", 0) for number in range(15_000, 20_000))))
    assert fresh(duplicates, ("f14999", 0)) == [True]


def test_a_horizon_without_ids_is_refused() -> None:
    """The message says what to choose."""
    with pytest.raises(ValueError, match="ids_max is 0: choose 1 to 536870912"):
        Horizon(ids_max=0)


def test_duplicates_are_counted_and_change_nothing() -> None:
    """A second copy is no second payment, in a window or anywhere."""
    rule = rule_file("n >= 2", features="{n: {count: events, by: debtor.id, window: 1h}}")
    result = engine_of(rule).step([event("a"), event("a"), event("a", amount=900)])
    assert (result.events_in, result.duplicates, len(result.decisions.row)) == (3, 2, 1)
    assert result.rule_outcomes.tolist() == [[0, 1, 0]]


def test_the_horizon_is_a_setting() -> None:
    """A deployment may forget sooner."""
    engine = engine_of(rule_file(), settings=Settings(duplicates=Horizon(horizon_us=3_600_000_000)))
    events = [event("a"), event("a", "2026-03-02T08:59:59Z"), event("a", "2026-03-02T09:00:00Z")]
    assert engine.step(events).duplicates == 1


def test_a_refused_message_does_not_use_up_its_id() -> None:
    """The corrected event under the same id is judged."""
    result = engine_of(rule_file()).step([event("a", amount=-1), event("a", amount=1)])
    assert (len(result.dead_letters), result.duplicates, len(result.decisions.row)) == (1, 0, 1)

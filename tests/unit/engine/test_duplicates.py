"""Repeated ids: dropped within a horizon of event time, remembered in two generations."""

from __future__ import annotations

import numpy as np

from fraudstream.engine.duplicates import Duplicates, Horizon
from fraudstream.engine.step import Settings
from tests.unit.rule_files import engine_of, event, rule_file


def fresh(duplicates: Duplicates, *seen: tuple[str, int]) -> list[bool]:
    """Tell of some ids and times whether each is the first."""
    times = np.array([at for _, at in seen], np.int64)
    return list(map(bool, duplicates.first_seen([identity for identity, _ in seen], times)))


def test_a_repeated_id_is_dropped_within_the_horizon() -> None:
    """In the same batch and in a later one, until exactly the horizon has passed, and either way in time."""
    duplicates = Duplicates(Horizon(horizon_us=10, ids_min=100))
    assert fresh(duplicates, ("a", 100), ("a", 100), ("b", 100)) == [True, False, True]
    assert fresh(duplicates, ("a", 109), ("a", 91)) == [False, False]
    assert fresh(duplicates, ("a", 110)) == [True]
    assert fresh(duplicates, ("b", 90)) == [True]


def test_the_first_time_of_an_id_counts() -> None:
    """A duplicate does not renew the horizon."""
    duplicates = Duplicates(Horizon(horizon_us=10, ids_min=100))
    assert fresh(duplicates, ("a", 0), ("a", 6), ("a", 12), ("a", 13)) == [True, False, True, False]


def test_so_many_ids_are_remembered_at_least() -> None:
    """With room for three, an id is still known after three others."""
    duplicates = Duplicates(Horizon(horizon_us=10**9, ids_min=3))
    assert fresh(duplicates, *((identity, 0) for identity in "abcd")) == [True] * 4
    assert fresh(duplicates, ("a", 0), ("b", 0), ("c", 0), ("d", 0)) == [False] * 4


def test_memory_is_bounded() -> None:
    """After twice as many others, and one, an id beyond the horizon is forgotten."""
    duplicates = Duplicates(Horizon(horizon_us=10, ids_min=3))
    assert fresh(duplicates, *((f"e{number}", number * 20) for number in range(1_000))) == [True] * 1_000
    assert len(duplicates._young) + len(duplicates._old) <= 6


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

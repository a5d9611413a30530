"""The journal says in which order partitions were folded, and by whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudstream.stream.journal import (
    Entry,
    Filled,
    JournalError,
    Poison,
    Run,
    decode,
    encode,
    history,
    last_partition,
    reach,
    runs,
    valid,
)

CLAIM_A = Entry(1, "a", topic_id="t")
A_FROM_0 = Entry(1, "a", 0, {}, "r1", "t")
A_TURNS_TO_1 = Entry(1, "a", 1, {0: 10}, "r1", "t")
A_RELOADS = Entry(1, "a", 1, {0: 10, 1: 5}, "r2", "t")
CLAIM_B = Entry(2, "b", topic_id="t")
B_FROM_1 = Entry(2, "b", 1, {0: 10, 1: 7}, "r2", "t")
OF_A = [CLAIM_A, A_FROM_0, A_TURNS_TO_1, A_RELOADS]


def test_an_entry_comes_back_as_it_was() -> None:
    """With its positions and its poison."""
    entry = Entry(3, "c", 1, {0: 4, 1: 2}, "r", "t", (Poison(0, 3, "KeyError", "'x'"),))
    assert decode(encode(entry)) == entry
    filled = replace(entry, filled=Filled({0: 3, 1: 0}, {0: 4, 1: 2}, True), upto=20)
    assert decode(encode(filled)) == filled


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"{", "this is no journal entry"),
        (b"[]", "this is no journal entry"),
        (b'{"format": 1}', "this is no journal entry"),
        (b'{"format": 9}', "the journal has format 9, this version reads 1: run the version that wrote it"),
    ],
)
def test_what_is_no_entry_is_told(value: bytes, told: str) -> None:
    """What is wrong, and what to do about it."""
    with pytest.raises(JournalError, match=told):
        decode(value)


def test_what_a_zombie_writes_is_left_out() -> None:
    """From the next owner's claim on; of two claims of one epoch the first counts."""
    late = Entry(1, "a", 0, {0: 12}, "r1", "t")
    rival = Entry(2, "z", topic_id="t")
    assert list(valid([*OF_A, CLAIM_B, late, rival, B_FROM_1])) == [*OF_A, CLAIM_B, B_FROM_1]


def test_everything_is_folded_in_order_where_nothing_is_known() -> None:
    """Partition by partition as they took turns, each under its ruleset; the last run has no end yet."""
    assert runs(OF_A, {}) == [Run(0, "r1", 0, 10), Run(1, "r1", 0, 5), Run(1, "r2", 5, None)]


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ({0: 4}, [Run(0, "r1", 4, 10), Run(1, "r1", 0, 5), Run(1, "r2", 5, None)]),
        ({0: 10}, [Run(1, "r1", 0, 5), Run(1, "r2", 5, None)]),
        ({0: 10, 1: 3}, [Run(1, "r1", 3, 5), Run(1, "r2", 5, None)]),
        ({0: 10, 1: 5}, [Run(1, "r2", 5, None)]),
        ({0: 10, 1: 6}, [Run(1, "r2", 6, None)]),
    ],
)
def test_a_state_goes_on_where_it_stands(positions: dict[int, int], expected: list[Run]) -> None:
    """Runs that it has folded are left out, and the one in which it stands begins there."""
    assert runs(OF_A, positions) == expected


def test_an_owners_runs_end_where_the_next_begins() -> None:
    """What the first owner had folded beyond that is not emitted, and is folded by the second."""
    assert runs([*OF_A, CLAIM_B, B_FROM_1], {0: 10}) == [
        Run(1, "r1", 0, 5),
        Run(1, "r2", 5, 7),
        Run(1, "r2", 7, None),
    ]


def test_a_state_is_the_shards_up_to_where_the_next_owner_began() -> None:
    """A zombie's checkpoint from behind that is of no use."""
    assert reach([*OF_A, CLAIM_B], 1) is None
    assert reach([*OF_A, CLAIM_B, B_FROM_1], 1) == {0: 10, 1: 7}
    assert reach([*OF_A, CLAIM_B, B_FROM_1], 2) is None


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([None, 10, 9], (1, 10)),
        ([5, 9, 12], (1, 12)),
        ([5, None, 9], (1, None)),
        ([5, 9, None], (1, None)),
    ],
)
def test_the_last_run_reaches_as_far_as_any_of_its_owners_could(
    limits: list[int | None], expected: tuple[int, int | None]
) -> None:
    """Of the entries behind the last turn the furthest limit counts; where one has none, there is none."""
    partitions = (0, 1, 1)
    turns = [
        Entry(1, "a", each, {}, "r1", "t", upto=upto) for each, upto in zip(partitions, limits, strict=True)
    ]
    assert last_partition([CLAIM_A, *turns[:2], CLAIM_B, turns[2]]) == expected
    assert last_partition([CLAIM_A]) is None


def test_the_past_is_read_in_the_order_in_which_it_was_folded() -> None:
    """From some offsets up to others; what no entry tells of goes partition by partition."""
    at, upto = {0: 4, 1: 1}, {0: 10, 1: 8}
    found = [(run.partition, run.start, run.stop) for run in history(OF_A, at, upto)]
    assert found == [(0, 4, 10), (1, 1, 5), (1, 5, 8)]
    found = [(run.partition, run.start, run.stop) for run in history([], at, upto)]
    assert found == [(0, 4, 10), (1, 1, 8)]
    # The journal has lost its first entries, and the first partition went on behind its last run.
    found = [(run.partition, run.start, run.stop) for run in history([A_RELOADS], at, {0: 12, 1: 8})]
    assert found == [(0, 4, 10), (1, 1, 5), (1, 5, 8), (0, 10, 12)]
    assert history(OF_A, upto, upto) == []


def test_two_changes_at_once_have_counted_the_past_of_both() -> None:
    """From where the one begins that looks back further; whole only where both are."""
    first = Filled({0: 4, 1: 7}, {0: 9, 1: 9}, True)
    second = Filled({0: 5, 1: 3, 2: 1}, {0: 9, 1: 9, 2: 1}, False)
    assert first.widened(None) == first
    assert first.widened(second) == Filled({0: 4, 1: 3, 2: 1}, {0: 9, 1: 9, 2: 1}, False)

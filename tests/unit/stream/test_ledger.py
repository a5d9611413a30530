"""Nothing behind an unfinished batch may ever be committed, and what is under way is bounded."""

from __future__ import annotations

import pytest

from fraudstream.stream.batch import Batch
from fraudstream.stream.ledger import Ledger
from tests.unit.stream.fakes import batch

PARTITION = ("events", 0)
OTHER = ("events", 1)


@pytest.fixture
def ledger() -> Ledger:
    """A ledger for three batches a partition and 10 bytes in all."""
    return Ledger(batches_max=3, bytes_max=10)


def finish(ledger: Ledger, done: Batch) -> None:
    """Mark a batch as emitted and settle its partition."""
    done.emitted = True
    ledger.settle(done.partition)


def test_nothing_is_committable_at_first(ledger: Ledger) -> None:
    """A partition without a finished batch has no commit point."""
    ledger.open(batch([5]))
    assert ledger.commit_point(PARTITION) is None
    assert list(ledger.partitions()) == []


def test_commit_point_follows_the_finished_front(ledger: Ledger) -> None:
    """Each batch finished in order moves the commit point behind its last offset."""
    first, second = batch([0, 1, 2]), batch([3, 4])
    ledger.open(first)
    ledger.open(second)
    finish(ledger, first)
    assert ledger.commit_point(PARTITION) == 3
    finish(ledger, second)
    assert ledger.commit_point(PARTITION) == 5


def test_an_unfinished_batch_holds_back_those_behind_it(ledger: Ledger) -> None:
    """Batches finished out of order count only once the first of them is finished."""
    first, second, third = batch([0]), batch([1]), batch([2])
    for each in (first, second, third):
        ledger.open(each)
    finish(ledger, third)
    finish(ledger, second)
    assert ledger.commit_point(PARTITION) is None
    finish(ledger, first)
    assert ledger.commit_point(PARTITION) == 3


def test_an_acknowledgement_without_emission_counts_for_nothing(ledger: Ledger) -> None:
    """Settling a partition whose batch is not emitted, as when Faust skips it, moves nothing."""
    ledger.open(batch([0]))
    ledger.settle(PARTITION)
    assert ledger.commit_point(PARTITION) is None


def test_gaps_in_the_offsets_do_not_matter(ledger: Ledger) -> None:
    """Offsets removed by compaction or transactions, within or between batches, hold back nothing."""
    first, second = batch([3, 7]), batch([20, 21])
    ledger.open(first)
    ledger.open(second)
    finish(ledger, first)
    assert ledger.commit_point(PARTITION) == 8
    finish(ledger, second)
    assert ledger.commit_point(PARTITION) == 22


def test_partitions_are_kept_apart(ledger: Ledger) -> None:
    """An unfinished batch holds back its own partition only."""
    ledger.open(batch([0]))
    other = batch([100], partition=OTHER)
    ledger.open(other)
    finish(ledger, other)
    assert ledger.commit_point(PARTITION) is None
    assert ledger.commit_point(OTHER) == 101


def test_room_is_bounded_by_batches_of_a_partition(ledger: Ledger) -> None:
    """A partition takes so many batches and no more, until one of them is finished."""
    opened = [batch([offset], b"") for offset in range(3)]
    for each in opened:
        assert ledger.has_room(PARTITION)
        ledger.open(each)
    assert not ledger.has_room(PARTITION)
    assert ledger.has_room(OTHER)
    finish(ledger, opened[0])
    assert ledger.has_room(PARTITION)


def test_room_is_bounded_by_bytes_of_all_partitions(ledger: Ledger) -> None:
    """While all together hold too many bytes a partition gets a batch only where it has none under way."""
    large, small = batch([0], b"x" * 12), batch([0], b"x", partition=OTHER)
    ledger.open(large)
    assert ledger.bytes_open == 12
    assert not ledger.has_room(PARTITION)
    assert ledger.has_room(OTHER)
    ledger.open(small)
    assert not ledger.has_room(OTHER)
    finish(ledger, large)
    assert ledger.bytes_open == 1
    assert ledger.has_room(OTHER)


def test_a_finished_batch_that_waits_still_takes_room(ledger: Ledger) -> None:
    """Bytes are given back with the commit point, since the messages are kept until then."""
    first, second = batch([0], b"x" * 6), batch([1], b"x" * 6)
    ledger.open(first)
    ledger.open(second)
    finish(ledger, second)
    assert ledger.bytes_open == 12
    assert ledger.batches_open == 2


def test_forgotten_partitions_leave_nothing_behind(ledger: Ledger) -> None:
    """A partition that is revoked gives its room back, and its late acknowledgements count for nothing."""
    mine, lost = batch([0]), batch([9], b"x" * 12, partition=OTHER)
    ledger.open(mine)
    ledger.open(lost)
    ledger.forget([OTHER])
    finish(ledger, lost)
    assert ledger.commit_point(OTHER) is None
    assert ledger.has_room(PARTITION)
    finish(ledger, mine)
    assert ledger.commit_point(PARTITION) == 1


def test_batches_in_hand_count_after_a_rewind(ledger: Ledger) -> None:
    """While a worker stops Faust may seek back; a batch that is finished then is still committed."""
    in_hand = batch([0, 1])
    ledger.open(in_hand)
    ledger.rewind()
    finish(ledger, in_hand)
    assert ledger.commit_point(PARTITION) == 2


def test_reading_again_starts_over(ledger: Ledger) -> None:
    """What is read after a rewind stands alone: copies from before it neither hold it back nor advance it."""
    abandoned = [batch([offset], b"x" * 4) for offset in range(3)]
    for each in abandoned:
        ledger.open(each)
    ledger.rewind()
    assert ledger.has_room(PARTITION)
    assert ledger.bytes_open == 0
    again = batch([0])
    ledger.open(again)
    finish(ledger, abandoned[0])
    assert ledger.commit_point(PARTITION) is None
    finish(ledger, again)
    assert ledger.commit_point(PARTITION) == 1

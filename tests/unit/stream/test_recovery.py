"""What a recovery makes of its log, where that changes under its hands."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fraudstream.engine.result import StepResult
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stores.checkpoints import CheckpointStore, Identity, Meta
from fraudstream.stream.admin import Standing
from fraudstream.stream.batch import Batch, Partition
from fraudstream.stream.journal import Entry, encode
from fraudstream.stream.recovery import Means, Recovery
from fraudstream.stream.shard import Shard
from tests.unit.stream.fakes import RULESET_VERSION, FakeEngine, FakeObserver, record, settled, topology

JOURNAL, EVENTS = ("fraudstream.journal", 0), ("fraudstream.events", 0)


@dataclass
class FakeLog:
    """Two partitions, of which the input has lost its first messages; makes its own consumer."""

    events: Sequence[Any]
    journal: list[Any] = field(default_factory=list)
    at: dict[Any, int] = field(default_factory=dict)

    def consumer(self, **settings: Any) -> FakeLog:
        """Return itself, as the consumer that it is."""
        return self

    async def start(self) -> None:
        """Connect to nothing."""

    async def stop(self) -> None:
        """Leave nothing."""

    def assign(self, partitions: Sequence[Any]) -> None:
        """Read anything."""

    def seek(self, partition: Any, offset: int) -> None:
        """Go to an offset."""
        self.at[partition] = offset

    async def position(self, partition: Any) -> int:
        """Return where it stands."""
        return self.at[partition]

    def last_stable_offset(self, partition: Any) -> int:
        """Return the end."""
        return self._end(partition)

    async def beginning_offsets(self, partitions: Sequence[Any]) -> dict[Any, int]:
        """Return the oldest offsets that are there."""
        return {each: next((record.offset for record in self._records(each)), 0) for each in partitions}

    async def end_offsets(self, partitions: Sequence[Any]) -> dict[Any, int]:
        """Return the ends."""
        return {each: self._end(each) for each in partitions}

    async def getmany(self, partition: Any, **_: Any) -> dict[Any, list[Any]]:
        """Return everything that stands behind."""
        found = [each for each in self._records(partition) if each.offset >= self.at[partition]]
        self.at[partition] = self._end(partition)
        return {partition: found} if found else {}

    async def oldest(self, partition: Any) -> int:
        """Return the oldest offset that is there."""
        return (await self.beginning_offsets([partition]))[partition]

    async def write(self, entry: Entry) -> None:
        """Append to the journal."""
        self.journal.append(record(len(self.journal), encode(entry)))

    def _records(self, partition: Any) -> Sequence[Any]:
        return self.journal if tuple(partition) == JOURNAL else self.events

    def _end(self, partition: Any) -> int:
        return max((each.offset + 1 for each in self._records(partition)), default=0)


async def _nothing(*_: Any) -> None:
    """Fence nobody, send nothing."""


def recovery(
    log: FakeLog,
    starts: int,
    committed: int,
    ruleset_of: Callable[[str], Ruleset | None] = lambda version: None,
) -> Recovery:
    """Return the recovery of a shard that has folded nothing, without checkpoints."""
    now = Standing("topic", {0: starts}, {0: committed}, {0: committed})
    means = Means(
        None,
        ruleset_of,
        _nothing,
        log.write,
        _nothing,
        _nothing,
        log.oldest,
        _nothing,
        _nothing,
        lambda topology: now,
        log.consumer,
    )
    return Recovery(topology(partitions=1), Shard(FakeEngine().as_engine()), means, FakeObserver())


def errors(of: Recovery) -> list[str]:
    """Return the failures that were reported."""
    return cast(FakeObserver, of.observer).errors


def missed(of: Recovery) -> int:
    """Return how many gaps the engine was told of."""
    return cast(FakeEngine, of.shard.engine).missed


def test_messages_that_leave_the_topic_during_a_recovery_are_missed() -> None:
    """They were there when it looked, and are not when it reads: it says so."""
    found = recovery(FakeLog([record(3), record(4)]), starts=0, committed=5)
    asyncio.run(found.take())
    assert found.shard.positions == {0: 5}
    assert errors(found) == ["retention"]
    assert missed(found) == 1


def test_a_recovery_tells_how_far_it_is() -> None:
    """How many messages it has read again, and how many offsets are left; none when it is over."""
    found = recovery(FakeLog([record(0), record(2), record(4)]), starts=0, committed=6)
    asyncio.run(found.take())
    assert cast(FakeObserver, found.observer).replayed == [(0, 3, 1), (0, 0, 0)]


def test_offsets_that_hold_no_message_are_not_missed() -> None:
    """Such as the marker of a transaction: nothing has left the topic."""
    found = recovery(FakeLog([record(0), record(2), record(4)]), starts=0, committed=5)
    asyncio.run(found.take())
    assert found.shard.positions == {0: 5}
    assert errors(found) == []
    assert missed(found) == 0


def test_a_topic_that_was_made_anew_has_no_past() -> None:
    """Its journal tells of another one: that is said, and what comes is marked, also by a later recovery."""
    log = FakeLog([record(0)])
    asyncio.run(log.write(Entry(3, "another", 0, {}, "ruleset-1", "deleted topic")))
    first = recovery(log, 0, 0)
    asyncio.run(first.take())
    assert (errors(first), missed(first)) == (["topics"], 1)
    asyncio.run(log.write(Entry(4, first.shard.owner, 0, {}, "ruleset-1", "topic")))
    later = recovery(log, 0, 1)
    asyncio.run(later.take())
    assert (errors(later), missed(later)) == ([], 1)


def test_offsets_of_the_topic_before_are_not_taken_for_told() -> None:
    """Committed by a worker that did not know yet: everything is sent, and the group set back."""
    log = FakeLog([record(0), record(1)])
    asyncio.run(log.write(Entry(3, "another", 0, {}, "ruleset-1", "deleted topic")))
    found = recovery(log, 0, 1)
    now = Standing("topic", {0: 0}, {0: 2}, {0: 7})
    sent: list[int] = []

    async def emit(batch: Batch, result: StepResult) -> None:
        sent.extend(record.offset for record in batch.records)

    async def set_back(offsets: Mapping[Partition, int]) -> None:
        sent.extend(offsets.values())

    found.means = replace(found.means, standing=lambda _: now, emit=emit, set_back=set_back)
    asyncio.run(found.take())
    assert sent == [0, 1, 2]
    assert found.shard.positions == {0: 2}


def test_an_owner_is_newer_than_every_checkpoint() -> None:
    """Where the journal has lost its entries to retention, the checkpoints know of all owners."""
    store = CheckpointStore("memory://newer", Identity("fraudstream", "test", 0))
    store.save({}, Meta({0: 0}, 7, {"topic_id": "topic", "ruleset": "ruleset-1", "poison": []}))
    found = recovery(FakeLog([]), 0, 0)
    found.means = replace(found.means, store=store)
    asyncio.run(found.take())
    assert found.shard.last.epoch == 8


def test_a_recovery_that_is_given_up_leaves_the_shard_alone() -> None:
    """What its thread still finishes changes nothing, and only then does the next recovery begin."""
    begun, go_on = threading.Event(), threading.Event()

    def ruleset_of(version: str) -> Ruleset | None:
        begun.set()
        go_on.wait(5)
        return cast(Ruleset, SimpleNamespace(version=RULESET_VERSION))

    log = FakeLog([record(0)])
    found = recovery(log, 0, 1, ruleset_of)
    found.shard.positions = {0: 7}

    async def scenario() -> None:
        await log.write(Entry(0, "another", 0, {}, "ruleset-0", "topic"))
        given_up = asyncio.create_task(found.take())
        await asyncio.to_thread(begun.wait, 5)
        given_up.cancel()
        following = asyncio.create_task(found.take())
        await settled()
        assert not given_up.done()
        assert found.shard.moving.locked()
        go_on.set()
        await asyncio.wait([given_up])
        assert given_up.cancelled()
        assert found.shard.positions == {0: 7}
        await following
        assert found.shard.positions == {0: 1}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("guarantee", "upto", "judged"),
    [
        ("at_least_once", None, [3, 4, 5]),
        ("at_least_once", 9, [3, 4, 5]),
        ("at_least_once", 5, [3, 4]),
        ("at_least_once", 3, []),
        ("exactly_once", None, []),
    ],
)
def test_the_run_of_the_last_owner_is_finished_first(
    guarantee: str, upto: int | None, judged: list[int]
) -> None:
    """It may have told of messages that it had not committed, as far as its last entry lets it."""
    # partition 0   0 1 [2 | 3 4 5    [ the last entry of the journal, | what is committed
    # partition 1   0 | 1 2 3         is for Faust to bring
    log = FakeLog([record(offset) for offset in range(6)])
    found = recovery(log, 0, 3)
    found.topology = topology(partitions=2).model_copy(update={"processing_guarantee": guarantee})
    now = Standing("topic", {0: 0, 1: 0}, {0: 6, 1: 4}, {0: 3, 1: 1})
    seen: list[int] = []
    committed: dict[Partition, int] = {}

    async def judge(batch: Batch) -> None:
        seen.extend(record.offset for record in batch.records)
        found.shard.positions[0] = batch.next_offset

    async def commit(offsets: Mapping[Partition, int]) -> None:
        committed.update(offsets)

    found.means = replace(found.means, standing=lambda _: now, judge=judge, commit=commit)
    asyncio.run(log.write(Entry(0, "another", 1, {}, "ruleset-1", "topic")))
    asyncio.run(log.write(Entry(0, "another", 0, {0: 2, 1: 1}, "ruleset-1", "topic", upto=upto)))
    asyncio.run(found.take())
    assert seen == judged
    assert found.shard.positions == {0: 3 + len(judged), 1: 1}
    assert committed == ({EVENTS: 3 + len(judged)} if judged else {})


@pytest.mark.parametrize(
    ("written", "is_whole", "epoch"),
    [("turn", True, 4), ("turn", False, 5), ("claim", True, 5)],
    ids=["all is well", "the engine has raised", "the entry was never written"],
)
def test_only_a_sound_state_is_gone_on_with(written: str, is_whole: bool, epoch: int) -> None:
    """A recovery that is given up on its way may leave another: then the shard is claimed anew."""
    log = FakeLog([record(0)])
    found = recovery(log, 0, 1)
    claim = Entry(4, found.shard.owner, topic_id="topic")
    turn = replace(claim, partition=0, ruleset="ruleset-1")
    asyncio.run(log.write(claim if written == "claim" else turn))
    found.shard.last, found.shard.positions, found.shard.is_whole = turn, {0: 1}, is_whole
    asyncio.run(found.take())
    assert found.shard.last.epoch == epoch
    assert found.shard.is_whole

"""The consumer gives one Faust message per fetch and partition, and never more than there is room for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from fraudstream.stream import transport
from fraudstream.stream.app import BatchApp
from fraudstream.stream.batch import Batch
from fraudstream.stream.transport import BatchConsumer, BatchSchema
from fraudstream.stream.unit import Unit
from tests.unit.stream.fakes import GENERATION, record
from tests.unit.stream.scenarios import run

EVENTS = "fraudstream.events"
FIRST, SECOND, THIRD = TP(EVENTS, 0), TP(EVENTS, 1), TP(EVENTS, 2)

Fetched = dict[TP, list[Any]]


def serve(consumer: BatchConsumer, fetched: Fetched | None) -> None:
    """Let the next fetches bring the same messages."""

    async def fetch(timeout: float) -> tuple[Fetched | None, None]:
        return fetched, None

    consumer._wait_next_records = fetch


async def read(consumer: BatchConsumer) -> list[Any]:
    """Return what one fetch gives."""
    return [message async for _, message in consumer.getmany(1.0)]


def done(consumer: BatchConsumer, message: Any) -> None:
    """Acknowledge a message whose batch is emitted."""
    message.value.emitted = True
    consumer.ack(message)


def test_one_message_per_partition(loop: asyncio.AbstractEventLoop, consumer: BatchConsumer) -> None:
    """All that a fetch brought of a partition is one Faust message of the current generation."""
    records = {FIRST: [record(3, b"a", timestamp=1_500), record(4, None)], SECOND: [record(9, b"c")]}
    serve(consumer, records)

    async def scenario() -> None:
        first, second = await read(consumer)
        assert first.value.values == [b"a", None]
        assert (first.tp, first.offset, first.timestamp) == (FIRST, 3, 1.5)
        assert (second.tp, second.offset, second.generation_id) == (SECOND, 9, GENERATION)
        assert second.value.partition == (EVENTS, 1)

    run(loop, scenario)


def test_all_of_a_fetch_is_under_way_before_any_is_given(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer
) -> None:
    """A label that was fetched together with its event must not take the event for done with."""
    serve(consumer, {FIRST: [record(0)], SECOND: [record(0)]})

    async def scenario() -> None:
        async for _, _ in consumer.getmany(1.0):
            assert consumer.ledger.is_open(SECOND)

    run(loop, scenario)


def test_an_empty_fetch_gives_nothing(loop: asyncio.AbstractEventLoop, consumer: BatchConsumer) -> None:
    """No messages, and no fetch because the worker stops, give no batch."""

    nothing: list[Fetched | None] = [{}, None]

    async def scenario() -> None:
        for fetched in nothing:
            serve(consumer, fetched)
            assert await read(consumer) == []

    run(loop, scenario)


def test_nothing_is_given_while_the_flow_is_stopped(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer
) -> None:
    """What a fetch brings after the flow stopped is dropped, and not under way."""

    async def fetch(timeout: float) -> tuple[Fetched, None]:
        consumer.stop_flow()
        return {FIRST: [record(0)]}, None

    consumer._wait_next_records = fetch

    async def scenario() -> None:
        assert await read(consumer) == []
        assert consumer.ledger.batches_open == 0

    run(loop, scenario)


@pytest.mark.parametrize("failures", [0, 2])
def test_what_was_dropped_is_gone_back_for(
    loop: asyncio.AbstractEventLoop,
    app: BatchApp,
    consumer: BatchConsumer,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
) -> None:
    """A fetch that outlasts a rebalance brings what follows the offsets gone back to: it is read again."""
    monkeypatch.setattr(transport, "BACK_SECONDS", 0)
    sought: list[bool] = []
    began: list[tuple[TP, int]] = []

    async def seek_to_committed() -> dict[TP, int | None]:
        sought.append(len(sought) >= failures)
        if not sought[-1]:
            raise IllegalStateError("the partition is not ours")
        return {FIRST: 7, SECOND: None, THIRD: 0}

    async def earliest_offsets(tp: TP) -> dict[TP, int]:
        return {tp: 4}

    async def seek(tp: TP, offset: int) -> None:
        began.append((tp, offset))

    async def fetch(timeout: float) -> tuple[Fetched, None]:
        if not sought:
            app.consumer_generation_id += 1
        return {FIRST: [record(7)]}, None

    consumer.seek_to_committed = seek_to_committed
    consumer.earliest_offsets = earliest_offsets
    consumer.seek = seek
    consumer.assignment = lambda: {FIRST, SECOND, THIRD}
    consumer._wait_next_records = fetch

    async def scenario() -> None:
        assert await read(consumer) == []
        for _ in range(failures):
            assert await read(consumer) == []
        for _ in range(2):
            (message,) = await read(consumer)
            assert (message.offset, message.generation_id) == (7, GENERATION + 1)
        assert sought == [False] * failures + [True]
        assert sorted(began) == [(SECOND, 4), (THIRD, 4)]

    run(loop, scenario)


def test_a_new_generation_drops_the_rest(
    loop: asyncio.AbstractEventLoop, app: BatchApp, consumer: BatchConsumer
) -> None:
    """When the group rebalances between two partitions of a fetch, the second is not given."""
    serve(consumer, {FIRST: [record(0)], SECOND: [record(0)]})

    async def scenario() -> None:
        given = []
        async for tp, _ in consumer.getmany(1.0):
            given.append(tp)
            app.consumer_generation_id = GENERATION + 1
        assert given == [FIRST]

    run(loop, scenario)


def test_who_has_no_partitions_goes_back_for_none(
    loop: asyncio.AbstractEventLoop, app: BatchApp, consumer: BatchConsumer
) -> None:
    """The client refuses to: a worker that stands by would ask it for ever."""

    async def fetch(timeout: float) -> tuple[Fetched, None]:
        app.consumer_generation_id += 1
        return {FIRST: [record(7)]}, None

    async def seek_to_committed() -> dict[TP, int]:
        raise AssertionError("no partitions are assigned")

    consumer.assignment = set
    consumer.seek_to_committed = seek_to_committed
    consumer._wait_next_records = fetch

    async def scenario() -> None:
        assert await read(consumer) == []
        serve(consumer, {})
        assert await read(consumer) == []
        assert not consumer._has_dropped

    run(loop, scenario)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[TP], float]]:
    """The partitions and the seconds that the Kafka client is asked for; it has nothing."""
    asked: list[tuple[set[TP], float]] = []

    async def fetch(self: Any, partitions: set[TP], timeout: float) -> Fetched:
        asked.append((set(partitions), timeout))
        return {}

    monkeypatch.setattr(driver.Consumer, "_getmany", fetch)
    return asked


async def fill(consumer: BatchConsumer, tp: TP) -> list[Any]:
    """Read as many batches of a partition as it may have under way."""
    messages = []
    for offset in range(transport.BATCHES_MAX):
        serve(consumer, {tp: [record(offset)]})
        messages += await read(consumer)
    return messages


def test_a_full_partition_is_not_read_on(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer, asked: list[tuple[set[TP], float]]
) -> None:
    """With the most batches under way reading waits, until the first of them is done with."""

    async def scenario() -> None:
        messages = await fill(consumer, FIRST)
        waiting = asyncio.ensure_future(consumer._getmany({FIRST}, 1.0))
        done(consumer, messages[1])
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert asked == []
        done(consumer, messages[0])
        # Having waited, it looks anew at who has room.
        while not asked:
            await waiting
            waiting = asyncio.ensure_future(consumer._getmany({FIRST}, 1.0))
        assert asked[0] == ({FIRST}, 1.0)
        await waiting

    run(loop, scenario)


def test_a_full_partition_does_not_hold_up_another(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer, asked: list[tuple[set[TP], float]]
) -> None:
    """The others are read, for a short time each, so that the full one is looked at again soon."""

    async def scenario() -> None:
        await fill(consumer, FIRST)
        await consumer._getmany({FIRST, SECOND}, 1.0)
        assert asked == [({SECOND}, transport.FULL_SECONDS)]

    run(loop, scenario)


def test_a_stopped_flow_ends_the_wait_for_room(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer, asked: list[tuple[set[TP], float]]
) -> None:
    """A rebalance while reading waits for room ends the wait."""

    async def scenario() -> None:
        await fill(consumer, FIRST)
        waiting = asyncio.ensure_future(consumer._getmany({FIRST}, 1.0))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        consumer.stop_flow()
        assert await waiting == {}
        assert asked == []

    run(loop, scenario)


def test_only_emitted_batches_can_be_committed(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer
) -> None:
    """Faust's own question for the offset to commit is answered by the front of finished batches."""

    async def scenario() -> None:
        serve(consumer, {FIRST: [record(0), record(1)]})
        (first,) = await read(consumer)
        serve(consumer, {FIRST: [record(5)]})
        (second,) = await read(consumer)
        consumer.ack(first)
        done(consumer, second)
        assert list(consumer._filter_tps_with_pending_acks()) == []
        done(consumer, first)
        assert consumer._filter_committable_offsets([FIRST]) == {FIRST: 6}
        assert list(consumer._filter_tps_with_pending_acks({EVENTS})) == [FIRST]
        assert list(consumer._filter_tps_with_pending_acks({"other"})) == []
        consumer._committed_offset[FIRST] = 6
        assert consumer._filter_committable_offsets([FIRST]) == {}

    run(loop, scenario)


def test_waiting_ends_when_the_batches_are_abandoned(
    loop: asyncio.AbstractEventLoop, app: BatchApp, consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure the worker stops at once; the batch in hand stays uncommitted."""
    committed = []

    async def commit(offsets: dict[TP, int], start_new_transaction: bool) -> bool:
        committed.append(offsets)
        consumer._committed_offset.update(offsets)
        return True

    monkeypatch.setattr(consumer, "_commit_offsets", commit)
    app.on_failure = lambda: None
    serve(consumer, {FIRST: [record(0)], SECOND: [record(4)]})

    async def scenario() -> None:
        first, second = await read(consumer)
        consumer.track_message(first)
        consumer.track_message(second)
        waiting = asyncio.ensure_future(consumer.wait_empty())
        done(consumer, second)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        app.fail()
        await waiting
        assert committed == [{SECOND: 5}]

    run(loop, scenario)


class Waiting:
    """A unit of the second partition that waits for what another one would bring."""

    def __init__(self, message: Any) -> None:
        self.keeper = self
        self.is_recovering = False
        self.is_given_up = False
        self._message = message

    def give_up(self) -> None:
        """Take in nothing more."""
        self.is_given_up = True

    def let_go(self) -> list[Any]:
        """Leave the message alone, once nothing can come behind it."""
        assert self.is_given_up
        return [self._message]

    def leave(self) -> Any:
        """Do as units do."""
        return Unit.leave(cast(Unit, self))


def test_what_waits_for_other_units_is_let_go_of(
    loop: asyncio.AbstractEventLoop, app: BatchApp, consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before partitions change hands; and what nobody takes in any more is not waited for either."""

    async def commit(offsets: dict[TP, int], start_new_transaction: bool) -> bool:
        consumer._committed_offset.update(offsets)
        return True

    monkeypatch.setattr(consumer, "_commit_offsets", commit)
    serve(consumer, {FIRST: [record(0)], SECOND: [record(4)]})

    async def scenario() -> None:
        first, second = await read(consumer)
        app.units = [cast(Unit, Waiting(second))]
        consumer.track_message(first)
        consumer.track_message(second)
        waiting = asyncio.ensure_future(consumer.wait_empty())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        consumer.leave(first)
        await waiting

    run(loop, scenario)


def test_revoked_partitions_are_forgotten_after_their_commit(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer
) -> None:
    """While Faust gives partitions up it can still commit them; afterwards nothing is left of them."""
    seen = []

    async def give_up(revoked: set[TP]) -> None:
        seen.append(consumer.ledger.commit_point(FIRST))

    consumer._on_partitions_revoked = give_up
    serve(consumer, {FIRST: [record(0)]})

    async def scenario() -> None:
        (message,) = await read(consumer)
        done(consumer, message)
        await consumer.on_partitions_revoked({FIRST})

    run(loop, scenario)
    assert seen == [1]
    assert consumer.ledger.commit_point(FIRST) is None


def test_seeking_back_starts_over(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a seek to the committed offsets, what was under way before holds nothing back."""

    async def seek_to_committed() -> dict[TP, int]:
        return {FIRST: 0}

    monkeypatch.setattr(consumer, "seek_to_committed", seek_to_committed)
    serve(consumer, {FIRST: [record(0)]})

    async def scenario() -> None:
        await read(consumer)
        await consumer.perform_seek()
        (again,) = await read(consumer)
        done(consumer, again)
        assert consumer.ledger.commit_point(FIRST) == 1

    run(loop, scenario)


@pytest.mark.parametrize("is_ours", [True, False])
def test_what_a_recovery_told_is_committed_while_the_partitions_are_ours(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch, is_ours: bool
) -> None:
    """No later commit of what was fetched before goes back behind it; a refused one is forgotten."""
    named: list[dict[TP, int]] = []

    async def commit(offsets: dict[TP, int]) -> bool:
        named.append(dict(offsets))
        return is_ours

    monkeypatch.setattr(consumer._thread, "commit", commit)
    monkeypatch.setattr(consumer, "assignment", lambda: {FIRST})
    serve(consumer, {FIRST: [record(0)]})

    async def scenario() -> None:
        (message,) = await read(consumer)
        await consumer.commit_to({FIRST: 7})
        done(consumer, message)
        await consumer.commit()
        assert named == ([{FIRST: 7}] if is_ours else [{FIRST: 7}, {FIRST: 1}])

    run(loop, scenario)


def test_lag_counts_from_the_commit_point(consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lag is what lies between the finished front, or else the commit, and the end as last heard."""
    ends = {FIRST: 10, SECOND: 20, TP(EVENTS, 2): None}
    monkeypatch.setattr(consumer, "assignment", lambda: set(ends))
    monkeypatch.setattr(consumer, "highwater", ends.get)
    consumer._committed_offset.update(dict.fromkeys(ends, 4))
    consumer.ledger._commit_points[(EVENTS, 1)] = 18
    lags = dict(consumer.lags(0))
    assert {tp: lag.events for tp, lag in lags.items()} == {FIRST: 6, SECOND: 2}


def test_lag_in_time_is_the_age_of_the_oldest_message_that_waits(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first under way, else of the newest that is done with; nothing where nothing waits."""
    ends = {FIRST: 10, SECOND: 2, TP(EVENTS, 2): 9}
    monkeypatch.setattr(consumer, "assignment", lambda: set(ends))
    monkeypatch.setattr(consumer, "highwater", lambda tp: ends[tp])
    consumer._committed_offset.update(dict.fromkeys(ends, 0))
    for tp in ends:
        batch = Batch(
            (tp.topic, tp.partition), [record(offset, timestamp=1_000 * (offset + 1)) for offset in range(2)]
        )
        consumer.ledger.open(batch)
        batch.emitted = tp != FIRST
        consumer.ledger.settle(batch.partition)
    lags = dict(consumer.lags(now_ms=9_500))
    assert [lags[tp].seconds for tp in ends] == [8.5, 0.0, 7.5]


def test_a_batch_passes_through_faust_as_it_is(
    loop: asyncio.AbstractEventLoop, app: BatchApp, consumer: BatchConsumer
) -> None:
    """The schema decodes nothing: the event's value is the batch."""
    serve(consumer, {FIRST: [record(0)]})

    async def scenario() -> None:
        (message,) = await read(consumer)
        event = await BatchSchema().decode(app, message)
        assert event.value is message.value
        assert event.key is None

    run(loop, scenario)

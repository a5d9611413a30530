"""Faust's transport for batches: one Faust event per fetch and partition instead of one per message.

Faust hands over message by message, which costs four asyncio tasks each. Here its own loop
(`Consumer._drain_messages`) runs once per batch, and with it stay the rebalance, the flow control and the
generation checks. Replaced are only the making of events (`getmany`) and the bookkeeping of offsets.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from aiokafka.errors import KafkaError
from faust import Schema
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode.utils.futures import notify

from fraudstream.stream.batch import Batch, Partition
from fraudstream.stream.in_loop import InLoop
from fraudstream.stream.ledger import Ledger
from fraudstream.stream.logs import FAUST_LOG
from fraudstream.stream.producer import BatchProducer
from fraudstream.telemetry.standing import Lag

log = logging.getLogger(__name__)

BATCHES_MAX = 8
"""Batches under way per partition. Few, so that a worker which falls behind reads fewer and larger ones."""
BYTES_MAX = 64 * 2**20
"""Payload bytes under way in all partitions."""
FETCH_EVENTS_MAX = 5_000
"""Messages in one batch."""
BACK_SECONDS = 0.2
"""How long to wait before going back to the committed offsets is tried again."""
FULL_SECONDS = 0.02
"""How long to wait for messages of some partitions while others have messages but no room."""


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Reads batches, and commits a partition up to its first batch that is not emitted."""

    logger = FAUST_LOG

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ledger = Ledger(BATCHES_MAX, BYTES_MAX)
        self._acknowledged = asyncio.Event()
        self._has_dropped = False
        """Whether messages were fetched and not given, so that reading has to go back for them."""

    def _new_consumer_thread(self) -> InLoop:
        return InLoop(self, loop=self.loop, thread_loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Fetch once, and give each partition's messages as one Faust message whose value is a `Batch`.

        Messages that are dropped here, because the flow stopped or the partitions changed hands, are read
        again. Faust goes back to the committed offsets before the flow resumes. But a fetch that was under
        way by then may bring what follows those offsets, which nobody would read again: so the next call
        goes back once more.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        if self._has_dropped and not await self._went_back():
            return
        generation = self.app.consumer_generation_id
        fetched, _ = await self._wait_next_records(timeout)
        if self._is_of_the_past(generation):
            self._has_dropped = bool(fetched)
            return
        batches = [Batch(tuple(ensure_TP(key)), records) for key, records in (fetched or {}).items()]
        # All are under way before the first is given, as some wait for what another partition holds.
        for batch in batches:
            self.ledger.open(batch)
        for batch in batches:
            if self._is_of_the_past(generation):
                self._has_dropped = True
                return
            tp = TP(*batch.partition)
            yield tp, message_of(tp, batch, generation)

    def _is_of_the_past(self, generation: int) -> bool:
        return self.should_stop or not self.flow_active or generation != self.app.consumer_generation_id

    async def _went_back(self) -> bool:
        """Go back to the committed offsets; False where partitions change hands, or the broker is away."""
        try:
            # Whoever has no partitions by now begins anew with those that come.
            if self.assignment():
                await self.perform_seek()
            # The client leaves a partition where it is of which nothing is committed, or offset 0.
            for tp in self.assignment():
                if not self._read_offset[tp]:
                    await self.seek(tp, await self.oldest((tp.topic, tp.partition)))
        except (KafkaError, AssertionError) as error:
            log.warning("not gone back to the committed offsets yet (%r): nothing is read until then", error)
            await self.sleep(BACK_SECONDS)
            return False
        self._has_dropped = False
        return True

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        """Fetch from those partitions that have room for a batch."""
        active = active_partitions or set()
        free = {tp for tp in active if self.ledger.has_room(tp)}
        if not free:
            started = time.monotonic()
            self._acknowledged.clear()
            await self.wait_first(self._acknowledged.wait(), self.suspend_flow.wait())
            if active:
                self.app.observer.on_backpressure(time.monotonic() - started)
            return {}
        # Whoever has no room now may have some soon.
        seconds_max = timeout if len(free) == len(active) else FULL_SECONDS
        return await super()._getmany(free, seconds_max)

    def ack(self, message: ConsumerMessage) -> bool:
        """Take note that a batch is emitted.

        Faust also acknowledges what it skips; such a batch is not marked as emitted and holds back commits.
        """
        message.acked = True
        self._unacked_messages.discard(message)
        self.ledger.settle(message.value.partition)
        self._acknowledged.set()
        notify(self._waiting_for_ack)
        return bool(message.value.emitted)

    def leave(self, message: ConsumerMessage) -> None:
        """Stop waiting for a batch that nobody takes in; it is read again."""
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)

    def take_up(self, message: ConsumerMessage) -> bool:
        """Wait for a batch again that was left; False where it is to be read again instead."""
        is_of_now = message.generation_id == self.app.consumer_generation_id
        if not is_of_now or self.should_stop or not self.flow_active:
            return False
        self._unacked_messages.add(message)
        return True

    async def is_past(self, topic: str, append_ms: int) -> bool:
        """Whether what a topic held at a time is done with: emitted, in each of its partitions."""
        for tp in self.assignment():
            if tp.topic != topic or self.ledger.done_ms(tp) >= append_ms:
                continue
            end = self.highwater(tp)
            if end is None or self.ledger.is_open(tp) or (await self.position(tp) or 0) < end:
                return False
        return True

    def abandon(self) -> None:
        """Stop waiting for the batches under way, which can no longer be emitted."""
        self._unacked_messages.clear()
        notify(self._waiting_for_ack)

    async def wait_empty(self) -> None:
        """Wait for the batches in hand and commit, without those that can no longer be emitted.

        Nor are those awaited which wait for a recovery themselves, or for what another unit would bring.
        """
        units = self.app.units
        if self.app.failed or any(unit.keeper.is_recovering for unit in units):
            self.abandon()
        for unit in units:
            self._unacked_messages.difference_update(unit.leave())
        notify(self._waiting_for_ack)
        await super().wait_empty()

    async def perform_seek(self) -> None:
        """Go back to the committed offsets."""
        await super().perform_seek()
        self.ledger.rewind()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish and commit the batches in hand, then give the partitions up."""
        await super().on_partitions_revoked(revoked)
        self.ledger.forget(revoked)

    def committed(self) -> dict[int, int]:
        """Return what this worker has committed, by the numbers of the partitions."""
        number = self.app.number
        return {number(tp): offset for tp, offset in self._committed_offset.items() if offset is not None}

    async def oldest(self, partition: Partition) -> int:
        """Return the oldest offset that a partition still has."""
        tp = TP(*partition)
        offsets = await self.earliest_offsets(tp)
        return int(offsets[tp])

    async def commit_to(self, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets before which all is told, though no batch given here has brought it.

        Where the partitions are another worker's by now, nothing is committed.
        """
        named = {TP(*partition): offset for partition, offset in offsets.items()}
        if await self._commit(named):
            self._committed_offset.update(named)

    async def set_back(self, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets that may lie before those that are committed, and read on from there."""
        await self.commit_to(offsets)
        for partition, offset in offsets.items():
            await self.seek(TP(*partition), offset)
        self.ledger.rewind()

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        started = time.perf_counter()
        is_done = bool(await super()._commit(offsets))
        self.app.committed_in(time.perf_counter() - started)
        return is_done

    def lags(self, now_ms: float) -> Iterator[tuple[Partition, Lag]]:
        """Give, for each partition read so far, what lies between its commit point and its end."""
        for tp in self.assignment():
            done = self.ledger.commit_point(tp) or self._committed_offset[tp]
            end = self.highwater(tp)
            if done is not None and end is not None:
                events = max(0, end - done)
                since_ms = self.ledger.waiting_since_ms(tp) if events else None
                age_ms = 0.0 if since_ms is None else max(0.0, now_ms - since_ms)
                yield tp, Lag(events, age_ms / 1000)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        for topic, partition in self.ledger.partitions():
            tp = TP(topic, partition)
            if topics is None or tp in topics or topic in topics:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        # Transactions commit the offsets together with what came of them.
        if self.app.commits_itself:
            return None
        return self.ledger.commit_point(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: a batch knows its first and last offset, whatever is missing between."""


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Kafka, by the batch."""

    Consumer = BatchConsumer
    Producer = BatchProducer


class BatchSchema(Schema):  # type: ignore[misc]
    """Hands a batch over as it is; decoding messages is the engine's."""

    def loads_key(self, app: Any, message: ConsumerMessage, **options: Any) -> None:
        """Return no key: a batch has none."""

    def loads_value(self, app: Any, message: ConsumerMessage, **options: Any) -> Any:
        """Return the batch."""
        return message.value


def message_of(tp: TP, batch: Batch, generation: int) -> ConsumerMessage:
    """Return the Faust message that stands for a batch; its offset is that of the batch's first message."""
    return ConsumerMessage(
        topic=tp.topic,
        partition=tp.partition,
        offset=batch.first_offset,
        timestamp=batch.records[0].timestamp / 1000,
        timestamp_type=None,
        headers=None,
        key=None,
        value=batch,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=batch.size_bytes,
        tp=tp,
        generation_id=generation,
    )

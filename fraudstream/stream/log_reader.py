"""Reads given stretches of partitions, in the order in which they are asked for, without a consumer group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from fraudstream.stream.batch import Batch, Partition
from fraudstream.stream.clients import FETCH_BYTES_MAX, FETCH_WAIT_MS, client_settings

if TYPE_CHECKING:
    from fraudstream.config import Kafka

_POLL_MS = 200
RECORDS_MAX = 5_000


class LogReader:
    """A consumer of some partitions; what it has fetched beyond one stretch serves the next.

    `new_consumer` makes the Kafka client, from the arguments of aiokafka's own. It gives at most so many
    messages at once; whoever shares the event loop with others takes few.
    """

    def __init__(
        self,
        kafka: Kafka,
        partitions: Iterable[Partition],
        new_consumer: Callable[..., Any] = AIOKafkaConsumer,
        messages_max: int = RECORDS_MAX,
    ) -> None:
        self._consumer = new_consumer(
            **client_settings(kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # Events of an aborted transaction never happened.
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._messages_max = messages_max
        self._partitions = [TopicPartition(*each) for each in partitions]
        self._left: dict[Partition, Sequence[Any]] = {}
        self._next: dict[Partition, int] = {}

    async def __aenter__(self) -> LogReader:
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        # aiokafka's stop raises CancelledError where a task of its own has not begun to run.
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        """Return the oldest offset that is there, and that of the next message to come."""
        tp = TopicPartition(*partition)
        first, end = await self._consumer.beginning_offsets([tp]), await self._consumer.end_offsets([tp])
        return int(first[tp]), int(end[tp])

    async def since(self, partition: Partition, time_ms: int) -> int:
        """Return the offset of the first message appended at a time or later, the end where there is none.

        The time is in milliseconds since 1970 UTC.
        """
        tp = TopicPartition(*partition)
        found = (await self._consumer.offsets_for_times({tp: time_ms}))[tp]
        return int(found.offset) if found is not None else (await self.bounds(partition))[1]

    async def read(self, partition: Partition, start: int, stop: int) -> AsyncIterator[Batch]:
        """Give the messages with offsets from `start` to before `stop`; where `start` is gone, those behind.

        Ends early at an open transaction. KafkaError where the broker refuses.
        """
        if self._next.get(partition) != start:
            self._left.pop(partition, None)
            self._consumer.seek(TopicPartition(*partition), start)
        at = start
        while at < stop:
            records = self._left.pop(partition, None) or await self._fetch(partition)
            inside = [record for record in records if record.offset < stop]
            if len(inside) < len(records):
                self._left[partition] = records[len(inside) :]
            at = await self._reached(partition)
            self._next[partition] = at
            if inside:
                yield Batch(partition, inside)
            elif not records and await self._at_stable_end(partition):
                return

    def next_offset(self, partition: Partition) -> int | None:
        """Return the offset up to which a partition was last read, None where it was not."""
        return self._next.get(partition)

    async def _fetch(self, partition: Partition) -> Sequence[Any]:
        tp = TopicPartition(*partition)
        fetched = await self._consumer.getmany(tp, timeout_ms=_POLL_MS, max_records=self._messages_max)
        records: Sequence[Any] = fetched.get(tp, ())
        return records

    async def _reached(self, partition: Partition) -> int:
        """Return the offset of the next message that was not yet given."""
        left = self._left.get(partition)
        return int(left[0].offset if left else await self._consumer.position(TopicPartition(*partition)))

    async def _at_stable_end(self, partition: Partition) -> bool:
        tp = TopicPartition(*partition)
        stable = self._consumer.last_stable_offset(tp)
        return stable is not None and 0 <= stable <= await self._consumer.position(tp)

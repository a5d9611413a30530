"""Follows some partitions without a group, each message of each on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from fraudstream.stream.clients import FETCH_BYTES_MAX, FETCH_WAIT_MS, client_settings

if TYPE_CHECKING:
    from fraudstream.config import Kafka

_POLL_MS = 200
_RECORDS_MAX = 100


class Follower:
    """Reads the partitions of a topic from given offsets on, until it is closed."""

    def __init__(self, kafka: Kafka, topic: str, offsets: Mapping[int, int]) -> None:
        self._offsets = {TopicPartition(topic, number): offset for number, offset in offsets.items()}
        self._topic = topic
        self._waiting: dict[int, deque[Any]] = {number: deque() for number in offsets}
        self._consumer: Any = AIOKafkaConsumer(
            **client_settings(kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    async def start(self) -> None:
        """Connect; KafkaError where that fails."""
        await self._consumer.start()
        self._consumer.assign(list(self._offsets))
        for partition, offset in self._offsets.items():
            self._consumer.seek(partition, offset)
        # aiokafka's stop raises CancelledError where a task of its own has not begun to run.
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def next(self, number: int) -> Any:
        """Return the next message of a partition, however long that takes."""
        waiting = self._waiting[number]
        partition = TopicPartition(self._topic, number)
        while not waiting:
            fetched = await self._consumer.getmany(partition, timeout_ms=_POLL_MS, max_records=_RECORDS_MAX)
            waiting.extend(fetched.get(partition, ()))
        return waiting.popleft()

    def put_back(self, number: int, record: Any) -> None:
        """Have a message of a partition come next again."""
        self._waiting[number].appendleft(record)

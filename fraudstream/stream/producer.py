"""Sends messages by the batch, and says when the broker has them."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.transport.drivers import aiokafka as driver

from fraudstream.stream.batch import Partition
from fraudstream.stream.logs import FAUST_LOG, muted

log = logging.getLogger(__name__)

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Outgoing:
    """A message to send, to a partition or to that of its key, as with every Kafka client."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None

    def size_bytes(self) -> int:
        """Return what the message takes at most as the only one of a record batch."""
        size: int = DefaultRecordBatchBuilder.estimate_size_in_bytes(self.key, self.value, self.headers)
        return size


class PatientProducer(AIOKafkaProducer):  # type: ignore[misc]
    """The Kafka client, which leaves it to whoever waits for a receipt how long that may take.

    By itself it gives a batch up that is older than the time for one request when the partition happens to
    have no leader, as it has none while a broker comes back.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # The client has no setting for it.
        self._message_accumulator._batch_ttl = math.inf


class BatchProducer(driver.Producer):  # type: ignore[misc]
    """Faust's producer, able to send many messages at the price of one; idempotent if it may be."""

    logger = FAUST_LOG
    _idempotent = False

    @property
    def _producer_type(self) -> type[PatientProducer]:
        return PatientProducer

    async def on_start(self) -> None:
        """Connect to the broker."""
        self._idempotent = await self._broker_allows_idempotence()
        await super().on_start()

    async def submit(self, messages: Sequence[Outgoing]) -> list[Awaitable[Any]]:
        """Hand messages over for sending, in their order within each partition.

        Returns what to await for the broker's acknowledgement: a KafkaError tells of the failure.
        """
        return await hand_over(self._ensure_producer(), messages)

    async def _broker_allows_idempotence(self) -> bool:
        producer = self._producer_type(
            **{**self._settings_default(), **self._settings_auth()}, enable_idempotence=True
        )
        try:
            with muted("aiokafka.producer.sender"):
                await producer.start()
        except KafkaConnectionError:
            raise
        except KafkaError as error:
            log.warning("the broker allows no idempotent producer (%r): a retry may repeat an alert", error)
            return False
        finally:
            await producer.stop()
        return True

    def _settings_extra(self) -> dict[str, Any]:
        return {"enable_idempotence": self._idempotent}


async def hand_over(client: AIOKafkaProducer, messages: Sequence[Outgoing]) -> list[Awaitable[Any]]:
    """Give messages to a client by the batch, in their order within each partition; return the receipts.

    Waits for a broker that is away without end; bound it with a timeout.
    """
    topics = dict.fromkeys(message.topic for message in messages)
    partitions = {topic: sorted(await _partitions(client, topic)) for topic in topics}
    return [
        await _hand_over(client, batch, (topic, partition))
        for (topic, partition), group in by_partition(messages, partitions).items()
        for batch in record_batches(client.create_batch, group)
    ]


async def _partitions(client: AIOKafkaProducer, topic: str) -> Collection[int]:
    while True:
        # Of a topic that it does not know yet the client says after the time for one request that there is
        # none, also where it had nobody to ask.
        with suppress(UnknownTopicOrPartitionError):
            found: Collection[int] = await client.partitions_for(topic)
            return found


async def _hand_over(client: AIOKafkaProducer, batch: BatchBuilder, place: Partition) -> Awaitable[Any]:
    while True:
        # Where an earlier batch of the partition still waits for the broker, the client gives up after the
        # time for one request. It has taken nothing then.
        with suppress(KafkaTimeoutError):
            receipt: Awaitable[Any] = await client.send_batch(batch, place[0], partition=place[1])
            return receipt


def by_partition(
    messages: Iterable[Outgoing], partitions: Mapping[str, list[int]]
) -> dict[Partition, list[Outgoing]]:
    """Spread messages over the partitions of their topics."""
    choose = DefaultPartitioner()
    groups: dict[Partition, list[Outgoing]] = {}
    for message in messages:
        numbers = partitions[message.topic]
        number = message.partition
        if number is None:
            number = choose(message.key, numbers, numbers)
        groups.setdefault((message.topic, number), []).append(message)
    return groups


def record_batches(
    new_batch: Callable[[], BatchBuilder], messages: Iterable[Outgoing]
) -> Iterator[BatchBuilder]:
    """Pack messages into record batches of the client's size; one message alone may be larger."""
    batch = new_batch()
    for message in messages:
        content = {"key": message.key, "value": message.value, "headers": message.headers}
        while batch.append(timestamp=None, **content) is None:
            yield batch
            batch = new_batch()
    yield batch

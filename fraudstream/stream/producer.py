"""Sends messages by the batch, and says when the broker has them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.transport.drivers import aiokafka as driver

from fraudstream.stream.logs import FAUST_LOG, muted

log = logging.getLogger(__name__)

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Outgoing:
    """A message to send; equal keys go to the same partition, as with every Kafka client."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers

    def size_bytes(self) -> int:
        """Return what the message takes at most as the only one of a record batch."""
        size: int = DefaultRecordBatchBuilder.estimate_size_in_bytes(self.key, self.value, self.headers)
        return size


class BatchProducer(driver.Producer):  # type: ignore[misc]
    """Faust's producer, able to send many messages at the price of one; idempotent if it may be."""

    logger = FAUST_LOG
    _idempotent = False

    async def on_start(self) -> None:
        """Connect to the broker."""
        self._idempotent = await self._broker_allows_idempotence()
        await super().on_start()

    async def submit(self, messages: Sequence[Outgoing]) -> list[Awaitable[Any]]:
        """Hand messages over for sending, in their order within each partition.

        Returns what to await for the broker's acknowledgement: a KafkaError tells of the failure.
        """
        producer: AIOKafkaProducer = self._ensure_producer()
        receipts = []
        for (topic, partition), group in (await self._by_partition(producer, messages)).items():
            for batch in record_batches(producer, group):
                receipts.append(await producer.send_batch(batch, topic, partition=partition))
        return receipts

    async def _by_partition(
        self, producer: AIOKafkaProducer, messages: Iterable[Outgoing]
    ) -> dict[tuple[str, int], list[Outgoing]]:
        choose = DefaultPartitioner()
        partitions: dict[str, list[int]] = {}
        groups: dict[tuple[str, int], list[Outgoing]] = {}
        for message in messages:
            topic = message.topic
            if topic not in partitions:
                partitions[topic] = sorted(await producer.partitions_for(topic))
            partition = choose(message.key, partitions[topic], partitions[topic])
            groups.setdefault((topic, partition), []).append(message)
        return groups

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


def record_batches(producer: AIOKafkaProducer, messages: Iterable[Outgoing]) -> Iterator[BatchBuilder]:
    """Pack messages into record batches of the producer's size; one message alone may be larger."""
    batch = producer.create_batch()
    for message in messages:
        content = {"key": message.key, "value": message.value, "headers": message.headers}
        while batch.append(timestamp=None, **content) is None:
            yield batch
            batch = producer.create_batch()
    yield batch

"""Messages are packed and spread as every Kafka client would, and none is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import cast

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from kafka.partitioner.default import murmur2

from fraudstream.stream.producer import Outgoing, PatientProducer, by_partition, hand_over, record_batches

BATCH_BYTES = 2_000


def outgoing(value: bytes | None, key: bytes | None = None, topic: str = "alerts") -> Outgoing:
    """Return a message with one header."""
    return Outgoing(topic, key, value, [("alert_id", b"a-1")])


def packed(messages: Iterable[Outgoing]) -> list[list[Outgoing]]:
    """Return what a reader finds in the record batches, with the sizes of these checked."""
    contents = []
    for batch in record_batches(lambda: BatchBuilder(BATCH_BYTES, 0), messages):
        buffer = batch._build()
        records = [outgoing(record.value, record.key) for record in DefaultRecordBatch(buffer)]
        assert len(buffer) <= BATCH_BYTES or len(records) == 1
        contents.append(records)
    return contents


def test_small_messages_share_a_record_batch() -> None:
    """What fits into one batch goes as one, in order."""
    messages = [outgoing(b"%d" % number, b"k") for number in range(20)]
    assert packed(messages) == [messages]


def test_many_messages_fill_several_record_batches() -> None:
    """A full batch is followed by the next; nothing is lost, doubled or out of order."""
    messages = [outgoing(b"%d" % number * 100) for number in range(200)]
    batches = packed(messages)
    assert len(batches) > 10
    assert [message for batch in batches for message in batch] == messages


def test_a_large_message_has_a_record_batch_of_its_own() -> None:
    """A message over the batch size is sent alone, wherever it stands."""
    small, large = outgoing(b"x"), outgoing(b"x" * 3 * BATCH_BYTES)
    assert packed([small, large, small]) == [[small], [large], [small]]
    assert packed([large, large]) == [[large], [large]]


def test_a_message_of_nothing_is_packed() -> None:
    """Neither key nor value is a message too: the dead letter of a tombstone."""
    assert packed([outgoing(None)]) == [[outgoing(None)]]


def test_keys_go_where_other_clients_send_them() -> None:
    """The partition of a key is the one that kafka-python chooses, so both may write one topic."""
    numbers = list(range(7))
    keys = [b"debtor-%d" % number for number in range(100)]
    groups = by_partition([outgoing(b"", key) for key in keys], {"alerts": numbers})
    found = {message.key: number for (_, number), group in groups.items() for message in group}
    assert found == {key: (murmur2(key) & 0x7FFFFFFF) % 7 for key in keys}


class TimidClient:
    """A client that gives up a few times before it takes a batch."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.questions = refusals
        self.taken = 0

    async def partitions_for(self, topic: str) -> set[int]:
        """Know one partition, or nothing yet."""
        if self.questions:
            self.questions -= 1
            raise UnknownTopicOrPartitionError
        return {0}

    def create_batch(self) -> BatchBuilder:
        """Return an empty batch."""
        return BatchBuilder(BATCH_BYTES, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, partition: int) -> Awaitable[None]:
        """Take a batch, or not yet."""
        if self.refusals:
            self.refusals -= 1
            raise KafkaTimeoutError
        self.taken += 1
        return asyncio.sleep(0)


def test_a_broker_that_is_away_is_waited_for() -> None:
    """Where the client gives up because nothing moves, the batch is handed over again, and once."""
    client = TimidClient(refusals=2)

    async def scenario() -> None:
        await asyncio.gather(*await hand_over(cast(AIOKafkaProducer, client), [outgoing(b"1")]))

    asyncio.run(scenario())
    assert (client.questions, client.refusals, client.taken) == (0, 0, 1)


def test_topics_are_spread_apart() -> None:
    """Each topic has its own partitions, and equal keys keep their order."""
    messages = [outgoing(b"1", b"k"), outgoing(b"2", b"k", "dead"), outgoing(b"3", b"k")]
    groups = by_partition(messages, {"alerts": [0], "dead": [0]})
    assert groups == {("alerts", 0): [messages[0], messages[2]], ("dead", 0): [messages[1]]}


def test_a_batch_is_not_given_up_for_want_of_a_leader() -> None:
    """A partition has none while its broker comes back, however long that has taken."""

    async def scenario() -> None:
        client = PatientProducer(request_timeout_ms=0)
        batch = client.create_batch()
        batch.append(key=None, value=b"a-1", timestamp=None)
        accumulator = client._message_accumulator
        receipt = await accumulator.add_batch(batch, TopicPartition("alerts", 0), 1)
        nodes, leaders_are_unknown = accumulator.drain_by_nodes(())
        assert (dict(nodes), leaders_are_unknown) == ({}, True)
        assert not receipt.done()
        await client.stop()

    asyncio.run(scenario())

"""A topic of our own read from its begin to its end, with the headers of its records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, TopicPartition

from fraudstream.stream.admin import BROKER_SECONDS_MAX, UNKNOWN_TOPIC, connected, end_offsets, reporting
from fraudstream.stream.clients import FETCH_WAIT_MS, client_settings
from fraudstream.stream.errors import BrokerError

if TYPE_CHECKING:
    from fraudstream.config import Topology


class TopicLog:
    """A topic of a topology's cluster as it is when the log is opened; BrokerError on failure.

    What a transaction that was not committed wrote is not there. A transaction that is still open hides what
    stands behind it, and is waited for.
    """

    def __init__(self, topology: Topology, topic: str) -> None:
        self._topology = topology
        self._topic = topic
        with connected(topology) as admin:
            (described,) = admin.describe_topics([topic])
        if described["error_code"] == UNKNOWN_TOPIC:
            raise BrokerError(
                f"{topology.kafka.bootstrap}: no topic {topic}: create it with `fraudstream topics create`"
            )
        partitions = [TopicPartition(topic, each["partition_index"]) for each in described["partitions"]]
        self._ends: dict[Any, int] = end_offsets(topology, partitions)

    def records(self) -> Iterator[Any]:
        """Yield all records, those of one partition in their order."""
        return self._read(dict.fromkeys(self._ends, 0))

    def records_from(self, partition: int, offset: int) -> Iterator[Any]:
        """Yield the records of a partition from an offset on."""
        tp = TopicPartition(self._topic, partition)
        return self._read({tp: offset} if tp in self._ends else {})

    def _read(self, starts: Mapping[Any, int]) -> Iterator[Any]:
        with reporting(self._topology), closing(self._consumer()) as consumer:
            consumer.assign(list(starts))
            for partition, first in consumer.beginning_offsets(list(starts)).items():
                consumer.seek(partition, max(first, starts[partition]))
            places: Mapping[Any, int] = {}
            deadline = 0.0
            while unread := self._unread(consumer, starts):
                if unread != places:
                    places, deadline = unread, time.monotonic() + BROKER_SECONDS_MAX
                elif time.monotonic() > deadline:
                    raise BrokerError(self._held_back(unread))
                for partition, records in consumer.poll(timeout_ms=200).items():
                    yield from (each for each in records if each.offset < self._ends[partition])

    def _unread(self, consumer: Any, starts: Mapping[Any, int]) -> dict[Any, int]:
        """Return the partitions that are not read to their end, and how far they are."""
        places = {each: consumer.position(each) for each in starts}
        return {each: place for each, place in places.items() if place < self._ends[each]}

    def _held_back(self, unread: Mapping[Any, int]) -> str:
        partition, offset = next(iter(unread.items()))
        return (
            f"{self._topology.kafka.bootstrap}: {partition.topic}[{partition.partition}] cannot be read "
            f"beyond offset {offset} for {BROKER_SECONDS_MAX:g} s, the broker is silent or a transaction is "
            "open there: try again when the broker answers and the transaction has timed out (a minute "
            "by default)"
        )

    def _consumer(self) -> Any:
        return KafkaConsumer(
            **client_settings(self._topology.kafka),
            bootstrap_timeout_ms=BROKER_SECONDS_MAX * 1000,
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

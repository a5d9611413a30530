"""The dead-letter topic, read: its letters, and its notes of which of them were sent back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from kafka import KafkaConsumer, TopicPartition

from fraudstream.stream.admin import BROKER_SECONDS_MAX, UNKNOWN_TOPIC, connected, end_offsets, reporting
from fraudstream.stream.clients import client_settings
from fraudstream.stream.emission import CARDS_MASKED
from fraudstream.stream.errors import BrokerError

if TYPE_CHECKING:
    from fraudstream.config import Topology

REDRIVEN_OFFSET = "redriven_offset"
"""The one header of a note: the letter at this offset of the note's own partition was sent back."""


class Position(NamedTuple):
    """Where a letter stands in the dead-letter topic; written `partition:offset`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `partition:offset`; ValueError where it is none."""
        partition, colon, offset = text.partition(":")
        if not (colon and partition.isdecimal() and offset.isdecimal()):
            raise ValueError(
                f"{text!r} is no position: write partition:offset as `dlq list` does, such as 0:17"
            )
        return cls(int(partition), int(offset))


@dataclass(frozen=True)
class Letter:
    """A dead letter.

    Attributes
    ----------
    appended_ms
        When it was written, in milliseconds since 1970 UTC.
    exception
        The class of what was raised, None where nothing was.
    source_topic, source_partition, source_offset
        Where the message stands that it is about.
    key, value
        Those of that message; None where it had none, or they were left behind.
    left_behind, left_behind_bytes
        Why they were, `too_large` or `policy`, and their size; None where they were not.
    cards_masked
        Whether card numbers in key or value are masked, so that they are not those of the message.
    """

    position: Position
    appended_ms: int
    reason: str
    stage: str
    exception: str | None
    detail: str
    source_topic: str
    source_partition: int
    source_offset: int
    key: bytes | None
    value: bytes | None
    left_behind: str | None
    left_behind_bytes: int | None
    cards_masked: bool = False


class Redriven(NamedTuple):
    """A note: the letter of this position was sent back."""

    position: Position


def entry_of(record: Any) -> Letter | Redriven | None:
    """Return what a record of the dead-letter topic is, None for one of somebody else."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
    if REDRIVEN_OFFSET in headers:
        return Redriven(Position(record.partition, int(headers[REDRIVEN_OFFSET])))
    if not headers.keys() >= {"reason", "source_topic", "source_partition", "source_offset"}:
        return None
    size = headers.get("left_behind_bytes")
    return Letter(
        Position(record.partition, record.offset),
        record.timestamp,
        headers["reason"],
        headers.get("stage", ""),
        headers.get("exception"),
        headers.get("detail", ""),
        headers["source_topic"],
        int(headers["source_partition"]),
        int(headers["source_offset"]),
        record.key,
        record.value,
        None if size is None else headers.get("left_behind", "too_large"),
        None if size is None else int(size),
        CARDS_MASKED in headers,
    )


class LetterBox:
    """The dead-letter topic of a topology as it is when the box is opened; BrokerError on failure.

    What a transaction that was not committed wrote is not there. A transaction that is still open hides what
    stands behind it, and is waited for.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        topic = topology.output.dead_letters
        with connected(topology) as admin:
            (described,) = admin.describe_topics([topic])
        if described["error_code"] == UNKNOWN_TOPIC:
            raise BrokerError(
                f"{topology.kafka.bootstrap}: no topic {topic}: create it with `fraudstream topics create`"
            )
        partitions = [TopicPartition(topic, each["partition_index"]) for each in described["partitions"]]
        self._ends: dict[Any, int] = end_offsets(topology, partitions)

    def entries(self) -> Iterator[Letter | Redriven]:
        """Yield all letters and notes, those of one partition in their order."""
        return self._read(dict.fromkeys(self._ends, 0))

    def letters(self) -> Iterator[Letter]:
        """Yield the letters alone."""
        return (entry for entry in self.entries() if isinstance(entry, Letter))

    def entries_from(self, position: Position) -> Iterator[Letter | Redriven]:
        """Yield what stands in a letter's partition from the letter on."""
        partition = TopicPartition(self._topology.output.dead_letters, position.partition)
        return self._read({partition: position.offset} if partition in self._ends else {})

    def _read(self, starts: Mapping[Any, int]) -> Iterator[Letter | Redriven]:
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
                    before_end = [each for each in records if each.offset < self._ends[partition]]
                    yield from filter(None, map(entry_of, before_end))

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
            fetch_max_wait_ms=20,
        )


def found_at(box: LetterBox, position: Position) -> tuple[Letter | None, bool]:
    """Return the letter at a position, None where there is none, and whether it was ever sent back."""
    found, redriven = None, False
    for entry in box.entries_from(position):
        redriven |= entry == Redriven(position)
        if isinstance(entry, Letter) and entry.position == position:
            found = entry
    return found, redriven

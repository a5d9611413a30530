"""What travels through Faust as one event: the messages of one partition that one fetch brought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

TIMESTAMP_MS_MAX = 2**43
"""In the year 2248."""

Partition = tuple[str, int]
"""Topic and number; Faust's and aiokafka's own pairs are equal to it."""


class Origin(Protocol):
    """A message of the input, as far as it is at hand."""

    @property
    def offset(self) -> int:
        """Where it stands in its partition."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its payload, None for a tombstone."""


class Record(Origin, Protocol):
    """A message as a consumer gives it."""

    @property
    def timestamp(self) -> int:
        """When it was appended, in milliseconds since 1970 UTC; -1 where that is not known."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Its headers."""


class Batch:
    """At least one message of one partition, by ascending offset; offsets may have gaps.

    Attributes
    ----------
    partition
        Topic and partition number.
    records
        The messages as fetched.
    values
        Their n payloads; None for a tombstone.
    size_bytes
        The sum of the payloads.
    emitted
        Whether everything that the batch gave rise to is acknowledged by the broker. Only then may its
        offsets be committed.
    """

    __slots__ = ("_append_ms", "emitted", "partition", "records", "size_bytes", "values")

    def __init__(self, partition: Partition, records: Sequence[Record]) -> None:
        self.partition = partition
        self.records = records
        self.values: list[bytes | None] = [record.value for record in records]
        self.size_bytes = sum(map(len, filter(None, self.values)))
        self.emitted = False
        self._append_ms: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def __str__(self) -> str:
        topic, number = self.partition
        return f"{topic}[{number}] offsets {self.first_offset} to {self.next_offset - 1}"

    def origin(self, row: int) -> Record:
        """Return the message of a row."""
        return self.records[row]

    def is_gone(self, row: int) -> bool:
        """Return False: every message is at hand."""
        return False

    @property
    def first_offset(self) -> int:
        """Offset of the first message."""
        return int(self.records[0].offset)

    @property
    def next_offset(self) -> int:
        """The offset to commit once the batch is done with."""
        return int(self.records[-1].offset) + 1

    def since(self, offset: int) -> Batch | None:
        """Return the part from an offset on, itself where that is all of it, None where it is nothing."""
        if offset <= self.first_offset:
            return self
        records = [record for record in self.records if record.offset >= offset]
        return Batch(self.partition, records) if records else None

    def before(self, offset: int) -> Batch | None:
        """Return the part up to before an offset, None where it is nothing."""
        records = [record for record in self.records if record.offset < offset]
        return Batch(self.partition, records) if records else None

    def singles(self) -> Iterator[Batch]:
        """Give each message as a batch of its own."""
        for record in self.records:
            yield Batch(self.partition, [record])

    def append_ms(self) -> NDArray[np.int64]:
        """Return the n timestamps, in milliseconds since 1970 UTC."""
        if self._append_ms is None:
            self._append_ms = np.array([record.timestamp for record in self.records], np.int64)
        return self._append_ms

    def appended_us(self) -> NDArray[np.int64]:
        """Return the n timestamps in microseconds, negative where a message has none."""
        return in_us(self.append_ms())


def in_us(append_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return n timestamps in microseconds, bounded so that nothing overflows, whatever a producer wrote."""
    return np.clip(append_ms, -1, TIMESTAMP_MS_MAX) * 1_000

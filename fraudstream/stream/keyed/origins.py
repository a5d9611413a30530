"""Where the events of a part come from: told by the first stage, and put into the headers of every alert."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.stream.log_reader import LogReader
from fraudstream.stream.producer import Headers, Outgoing

if TYPE_CHECKING:
    from fraudstream.config import Kafka
    from fraudstream.engine.result import Part
    from fraudstream.stream.batch import Batch, Partition


NewReader = Callable[..., Any]
"""Makes what reads the input again, from the arguments of `LogReader`."""


class Origin(NamedTuple):
    """The message of an event, which stayed behind in the input topic."""

    offset: int
    key: bytes | None = None
    value: bytes | None = None


class Origins:
    """Stands in for the batch of the n events of a part, where alerts are made of them."""

    def __init__(self, headers: Sequence[tuple[str, bytes]]) -> None:
        told = dict(headers)
        self.partition: Partition = (told["topic"].decode(), int(told["partition"]))
        self._offsets = np.frombuffer(told["offsets"], np.int64)
        self._append_ms = np.frombuffer(told["append_ms"], np.int64)
        self._fetched: dict[int, Origin] = {}

    def origin(self, row: int) -> Origin:
        """Return where an event comes from, with its message where that was fetched."""
        return self._fetched.get(row) or Origin(int(self._offsets[row]))

    def is_gone(self, row: int) -> bool:
        """Whether the message of an event is not here; for rows that were to be fetched."""
        return row not in self._fetched

    async def fetch(self, rows: Iterable[int], kafka: Kafka, new_reader: NewReader = LogReader) -> None:
        """Read the messages of some events again, for their dead letters; KafkaError on failure."""
        async with new_reader(kafka, [self.partition]) as reader:
            for row in rows:
                offset = int(self._offsets[row])
                async for batch in reader.read(self.partition, offset, offset + 1):
                    record = batch.records[0]
                    # Else it is of a topic that was made anew meanwhile.
                    if record.timestamp == self._append_ms[row]:
                        self._fetched[row] = Origin(offset, record.key, record.value)

    def append_ms(self) -> NDArray[np.int64]:
        """Return the n timestamps, in milliseconds since 1970 UTC."""
        return self._append_ms


def part_messages(batch: Batch, parts: Sequence[Part], topic: str) -> list[Outgoing]:
    """Return what goes to the next stages; the last one, which sends alerts, is told where events stand."""
    last = max((part.partition for part in parts), default=0)
    return [
        Outgoing(
            topic,
            None,
            part.value,
            _origin_headers(batch, part.rows) if part.partition == last else [],
            part.partition,
        )
        for part in parts
    ]


def _origin_headers(batch: Batch, rows: NDArray[np.int32]) -> Headers:
    """Return what tells where the events of some rows come from."""
    topic, partition = batch.partition
    offsets = np.fromiter((batch.records[row].offset for row in rows), np.int64, len(rows))
    return [
        ("topic", topic.encode()),
        ("partition", b"%d" % partition),
        ("offsets", offsets.tobytes()),
        ("append_ms", batch.append_ms()[rows].tobytes()),
    ]

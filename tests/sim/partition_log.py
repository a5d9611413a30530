"""One partition of a simulated topic, with transactions and retention."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Transaction:
    """What a transactional producer sends at one go; `is_committed` is None until that is decided."""

    is_committed: bool | None = None
    offsets: dict[int, int] = field(default_factory=dict)
    logs: list[PartitionLog] = field(default_factory=list)
    markers_missing: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether it is decided, and everybody knows."""
        return self.is_committed is not None and not self.markers_missing


@dataclass(frozen=True)
class Record:
    """A message of the log; `by` is the process that sent it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    by: str
    transaction: Transaction | None
    is_marker: bool = False

    @property
    def is_committed(self) -> bool:
        """Whether it is a message that counts, now or as soon as the markers are written."""
        return not self.is_marker and (self.transaction is None or self.transaction.is_committed is True)


class PartitionLog:
    """Appends records, and reads them as Kafka's isolation levels allow."""

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.records: list[Record] = []
        self.start = 0
        self._open: dict[Transaction, int] = {}

    @property
    def end(self) -> int:
        """The offset of the next record."""
        return len(self.records)

    @property
    def stable_end(self) -> int:
        """The offset of the first record of a transaction that is still open."""
        return min(self._open.values(), default=self.end)

    def append(
        self, timestamp: int, message: Any, by: str = "", transaction: Transaction | None = None
    ) -> None:
        """Append a message with `key`, `value` and `headers`."""
        if transaction is not None and transaction not in self._open:
            self._open[transaction] = self.end
            transaction.logs.append(self)
        headers = tuple(message.headers)
        self._add(timestamp, message.key, message.value, headers, by, transaction)

    def close(self, timestamp: int, transaction: Transaction) -> None:
        """Write the marker of a transaction that is decided."""
        del self._open[transaction]
        self._add(timestamp, None, None, (), "", transaction, True)

    def read(self, at: int, limit: int, *, committed: bool) -> tuple[list[Record], int]:
        """Return up to `limit` messages from an offset on, and where to read on."""
        found: list[Record] = []
        at, stop = max(at, self.start), self.stable_end if committed else self.end
        while at < stop and len(found) < limit:
            record = self.records[at]
            if record.is_committed or (not committed and not record.is_marker):
                found.append(record)
            at += 1
        return found, at

    def _add(self, timestamp: int, *content: Any) -> None:
        self.records.append(Record(self.topic, self.number, self.end, timestamp, *content))

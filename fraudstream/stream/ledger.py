"""Which batches are under way, and up to which offset each partition may be committed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from fraudstream.stream.batch import Batch, Partition


class Ledger:
    """Keeps the batches under way of every partition in order.

    A partition may be committed up to its first batch that is not emitted, whatever comes behind that one.
    There is room for a further batch while its partition has fewer than `batches_max` under way and all
    partitions together less than `bytes_max`; a batch that is let in may pass the latter. A partition with
    nothing under way always has room: what waits in one partition may wait for what comes of another.
    """

    def __init__(self, batches_max: int, bytes_max: int) -> None:
        self._batches_max = batches_max
        self._bytes_max = bytes_max
        self._open: dict[Partition, deque[Batch]] = {}
        self._commit_points: dict[Partition, int] = {}
        self._done_ms: dict[Partition, int] = {}
        self._open_bytes = 0
        self._rewound = False

    @property
    def batches_open(self) -> int:
        """How many batches are under way."""
        return sum(map(len, self._open.values()))

    @property
    def bytes_open(self) -> int:
        """How many bytes of payload are under way."""
        return self._open_bytes

    def has_room(self, partition: Partition) -> bool:
        """Whether a further batch of the partition may be let in."""
        self._start_over_if_rewound()
        batches = len(self._open.get(partition, ()))
        return batches == 0 or (batches < self._batches_max and self._open_bytes < self._bytes_max)

    def open(self, batch: Batch) -> None:
        """Let in a batch, which follows those let in before it."""
        self._start_over_if_rewound()
        self._open.setdefault(batch.partition, deque()).append(batch)
        self._open_bytes += batch.size_bytes

    def settle(self, partition: Partition) -> None:
        """Strike out the batches at the front that are emitted."""
        batches = self._open.get(partition, ())
        while batches and batches[0].emitted:
            batch = batches.popleft()
            self._open_bytes -= batch.size_bytes
            self._commit_points[partition] = batch.next_offset
            self._done_ms[partition] = int(batch.records[-1].timestamp)

    def partitions(self) -> Iterable[Partition]:
        """Return the partitions that have a commit point."""
        return tuple(self._commit_points)

    def commit_point(self, partition: Partition) -> int | None:
        """Return the offset to commit, None where no batch was emitted yet."""
        return self._commit_points.get(partition)

    def done_ms(self, partition: Partition) -> int:
        """Return when the newest message was appended that is struck out, -1 where none is."""
        return self._done_ms.get(partition, -1)

    def waiting_since_ms(self, partition: Partition) -> int | None:
        """Return when the first message was appended that is under way.

        Without one, when the newest was that is struck out: what comes next is younger. None without either.
        """
        batches = self._open.get(partition)
        if batches:
            return int(batches[0].records[0].timestamp)
        return self._done_ms.get(partition)

    def is_open(self, partition: Partition) -> bool:
        """Whether anything of a partition is under way."""
        return bool(self._open.get(partition))

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Drop all that is known of partitions which are somebody else's now."""
        for partition in partitions:
            self._open_bytes -= sum(batch.size_bytes for batch in self._open.pop(partition, ()))
            self._commit_points.pop(partition, None)
            self._done_ms.pop(partition, None)

    def rewind(self) -> None:
        """Take note that reading starts over at the committed offsets.

        What is under way stays, so that batches finished while the worker stops still count. It is dropped
        when the first batch is read again.
        """
        self._rewound = True

    def _start_over_if_rewound(self) -> None:
        if self._rewound:
            self._rewound = False
            self.forget(tuple(self._open))
            self._commit_points.clear()
            self._done_ms.clear()

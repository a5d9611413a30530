"""The clients of the simulated cluster: as much of aiokafka's as the stream uses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace, TracebackType
from typing import Any, TypeVar

from aiokafka.errors import ConcurrentTransactions, NotLeaderForPartitionError, ProducerFenced

from tests.sim.cluster import Cluster
from tests.sim.loop import pause
from tests.sim.partition_log import Record
from tests.sim.processes import PROCESS

T = TypeVar("T")
Where = tuple[str, int]

BATCH_MESSAGES_MAX = 3
FETCH_MESSAGES_MAX = 4


class SimConsumer:
    """Reads assigned partitions."""

    def __init__(self, cluster: Cluster, **settings: Any) -> None:
        self._cluster = cluster
        self._committed_only = settings["isolation_level"] == "read_committed"
        self._at: dict[Where, int] = {}
        self._stable: dict[Where, int] = {}

    async def start(self) -> None:
        """Connect."""
        await self._cluster.call(lambda: None)

    async def stop(self) -> None:
        """Do nothing."""

    def assign(self, partitions: Sequence[Where]) -> None:
        """Read these, from where they start."""
        self._at = dict.fromkeys(partitions, 0)

    def seek(self, partition: Where, offset: int) -> None:
        """Read on at an offset."""
        self._at[partition] = offset

    async def position(self, partition: Where) -> int:
        """Return where it is read on."""
        return self._at[partition]

    def last_stable_offset(self, partition: Where) -> int | None:
        """Return what the last fetch told; None before the first."""
        return self._stable.get(partition)

    async def beginning_offsets(self, partitions: Sequence[Where]) -> dict[Where, int]:
        """Return the oldest offsets."""
        return await self._cluster.call(lambda: {each: self._cluster.logs[each].start for each in partitions})

    async def end_offsets(self, partitions: Sequence[Where]) -> dict[Where, int]:
        """Return the offsets up to which may be read."""
        return await self._cluster.call(lambda: {each: self._end(each) for each in partitions})

    async def getmany(
        self, partition: Where, *, timeout_ms: int, max_records: int
    ) -> dict[Where, list[Record]]:
        """Fetch some messages; {} where none came in time."""
        at = self._at[partition]
        limit = min(max_records, 1 + self._cluster.rng.randrange(FETCH_MESSAGES_MAX))
        log = self._cluster.logs[partition]
        (found, reached), stable = await self._cluster.call(
            lambda: (log.read(at, limit, committed=self._committed_only), log.stable_end)
        )
        self._at[partition], self._stable[partition] = reached, stable
        if not found:
            await asyncio.sleep(timeout_ms / 1000)
        return {partition: found} if found else {}

    def _end(self, partition: Where) -> int:
        log = self._cluster.logs[partition]
        return log.stable_end if self._committed_only else log.end


class MessageBatch:
    """Messages that are sent together."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def append(self, *, timestamp: None, **content: Any) -> object | None:
        """Take a message; None where there is no room."""
        if len(self.messages) == BATCH_MESSAGES_MAX:
            return None
        self.messages.append(SimpleNamespace(**content))
        return self


class SimProducer:
    """Sends messages in the order of each partition; one with a transactional id is fenced by the next."""

    def __init__(self, cluster: Cluster, transactional_id: str | None = None, **_: Any) -> None:
        self._cluster = cluster
        self._id = transactional_id
        self._epoch = -1
        self._last: dict[Where, asyncio.Task[Any]] = {}
        self._is_fenced = False
        self._is_begun = False
        process = PROCESS.get()
        self._name = process.name if process is not None else "the world"

    async def start(self) -> None:
        """Connect; fence whoever had the transactional id."""
        if self._id is not None:
            name = self._id
            self._epoch = await self._patiently(lambda: self._cluster.begin_epoch(name))

    async def stop(self) -> None:
        """Wait for what is on its way."""
        if self._last:
            await asyncio.wait(self._last.values())

    async def partitions_for(self, topic: str) -> set[int]:
        """Return the partitions of a topic."""
        return self._cluster.partitions(topic)

    def create_batch(self) -> MessageBatch:
        """Return an empty batch."""
        return MessageBatch()

    async def send_batch(self, batch: MessageBatch, topic: str, *, partition: int) -> Awaitable[Any]:
        """Send a batch; return its receipt."""
        where = (topic, partition)
        before = self._last.get(where)
        self._last[where] = asyncio.create_task(self._produce(before, where, batch.messages))
        return self._last[where]

    def transaction(self) -> SimProducer:
        """Return what brackets a transaction."""
        return self

    async def __aenter__(self) -> SimProducer:
        if self._is_fenced:
            raise ProducerFenced(self._id)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_fenced or not self._is_begun:
            return
        self._is_begun = False
        await self._transactional(
            lambda name, epoch: self._cluster.end_transaction(name, epoch, commit=error is None)
        )

    async def send_offsets_to_transaction(self, offsets: dict[Where, int], group: str) -> None:
        """Commit offsets with the transaction."""
        numbers = {number: offset for (_, number), offset in offsets.items()}
        self._is_begun = True
        await self._transactional(
            lambda name, epoch: self._cluster.transaction_of(name, epoch).offsets.update(numbers)
        )

    async def _produce(self, before: asyncio.Task[Any] | None, where: Where, messages: list[Any]) -> Any:
        if before is not None:
            await asyncio.wait([before])
        if self._id is None:
            first = await self._patiently(lambda: self._cluster.append(where, messages, self._name))
            return SimpleNamespace(offset=first)
        self._is_begun = True
        return await self._transactional(
            lambda name, epoch: self._cluster.append(
                where, messages, self._name, self._cluster.transaction_of(name, epoch)
            )
        )

    async def _transactional(self, apply: Callable[[str, int], T]) -> T:
        name, epoch = str(self._id), self._epoch
        try:
            return await self._patiently(lambda: apply(name, epoch))
        except ProducerFenced:
            self._is_fenced = True
            raise

    async def _patiently(self, apply: Callable[[], T]) -> T:
        """Ask again while the last transaction is being completed, or a partition has no leader."""
        while True:
            try:
                return await self._cluster.call(apply)
            except (ConcurrentTransactions, NotLeaderForPartitionError):
                await asyncio.sleep(0.02)


def standing_of(cluster: Cluster, topic: str, new_standing: Callable[..., T]) -> T:
    """Look where topic and group stand, one question after the other."""
    numbers = sorted(cluster.partitions(topic))
    pause()
    topic_id = cluster.topic_id
    pause()
    committed = dict(cluster.group.committed)
    pause()
    starts = {each: cluster.logs[topic, each].start for each in numbers}
    pause()
    ends = {each: cluster.logs[topic, each].end for each in numbers}
    return new_standing(topic_id, starts, ends, committed)

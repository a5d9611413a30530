"""Reads the input topic for a member of the group, as Faust on the batch transport does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiokafka.errors import KafkaError

from fraudstream.stream.batch import Batch, Partition
from fraudstream.stream.ledger import Ledger
from tests.sim.cluster import Cluster

BATCHES_MAX = 8
BYTES_MAX = 64 * 2**20
IDLE_SECONDS = 0.05
NO_GENERATION = -1


class GroupConsumer:
    """Reads on from the committed offsets while its member has the partitions."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.generation = NO_GENERATION
        self.queue: asyncio.Queue[tuple[int, Batch]] = asyncio.Queue()
        self.acknowledged = asyncio.Event()
        self._cluster = cluster
        self._topic = topic
        self._numbers = sorted(cluster.partitions(topic))
        self._ledger = Ledger(BATCHES_MAX, BYTES_MAX)
        self._committing = asyncio.Lock()
        self._at: dict[int, int] = {}
        self._committed: dict[int, int] = {}

    @property
    def has_unfinished(self) -> bool:
        """Whether batches of this generation are not yet acknowledged."""
        return self.generation != NO_GENERATION and self._ledger.batches_open > 0

    async def assign(self, generation: int) -> None:
        """Begin to read, from the committed offsets."""
        group = self._cluster.group
        self._committed = await self._cluster.call(lambda: dict(group.committed))
        self._ledger.rewind()
        self._at = {each: self._committed.get(each, 0) for each in self._numbers}
        self.generation = generation

    def revoke(self) -> None:
        """Stop reading."""
        self.generation = NO_GENERATION
        self._ledger.forget((self._topic, each) for each in self._numbers)

    def committed(self) -> dict[int, int]:
        """Return what this member believes to have committed."""
        return dict(self._committed)

    def settle(self, batch: Batch) -> None:
        """Take note that a batch is emitted."""
        self._ledger.settle(batch.partition)
        self.acknowledged.set()

    async def commit(self) -> bool:
        """Commit what is emitted, one request at a time; False where the cluster does not answer."""
        async with self._committing:
            return await self._commit()

    async def _commit(self) -> bool:
        offsets: dict[int, int] = {}
        for partition in self._ledger.partitions():
            point = self._ledger.commit_point(partition)
            if point is not None and point > self._committed.get(partition[1], 0):
                offsets[partition[1]] = point
        if not offsets or self.generation == NO_GENERATION:
            return True
        generation = self.generation
        try:
            await self._cluster.call(lambda: self._cluster.commit(generation, offsets))
        except KafkaError:
            return False
        # As Faust does, whatever the coordinator has answered.
        self._committed.update(offsets)
        return True

    async def commit_to(self, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets before which all is told; nothing where the partitions are another member's."""
        named, generation = {number: offset for (_, number), offset in offsets.items()}, self.generation
        if await self._cluster.call(lambda: self._cluster.commit(generation, named)):
            self._committed.update(named)

    async def fetch(self, batch_max: int) -> None:
        """Read for good, a partition at a time."""
        while True:
            generation, found = self.generation, False
            if generation != NO_GENERATION:
                for number in self._cluster.rng.sample(self._numbers, len(self._numbers)):
                    found = await self._fetch(generation, number, batch_max) or found
            if not found:
                await asyncio.sleep(IDLE_SECONDS)

    async def _fetch(self, generation: int, number: int, batch_max: int) -> bool:
        partition = (self._topic, number)
        if not self._ledger.has_room(partition):
            return False
        limit = 1 + self._cluster.rng.randrange(batch_max)
        log, at = self._cluster.logs[partition], self._at[number]
        try:
            records, reached = await self._cluster.call(lambda: log.read(at, limit, committed=True))
        except KafkaError:
            return False
        # What was asked for before a rebalance is read again behind it.
        if generation != self.generation or not records:
            return False
        self._at[number] = reached
        batch = Batch(partition, records)
        self._ledger.open(batch)
        self.queue.put_nowait((generation, batch))
        return True

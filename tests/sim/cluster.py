"""A simulated Kafka cluster: its network, topics, transactions and the offsets of one group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from aiokafka.errors import (
    ConcurrentTransactions,
    KafkaError,
    KafkaTimeoutError,
    NotLeaderForPartitionError,
    ProducerFenced,
)

from tests.sim.loop import SimLoop
from tests.sim.partition_log import PartitionLog, Transaction
from tests.sim.processes import PROCESS

T = TypeVar("T")

RETRY_SECONDS = 1.0
GIVE_UP_SECONDS = 30.0
SLOW_SECONDS_MAX = 4.0
OPEN_SECONDS_MAX = 60.0
"""After so long the cluster ends a transaction by itself."""


@dataclass
class Holder:
    """Who may send under a transactional id: whoever has its newest epoch."""

    epoch: int = -1
    transaction: Transaction | None = None


@dataclass
class Group:
    """The committed offsets of a group, and who may commit."""

    committed: dict[int, int] = field(default_factory=dict)
    generation: int = 0


class Cluster:
    """What lies on the far side of the network; it does not die with those who talk to it.

    `trouble` is the share of requests that are late, get lost, or whose answer does. Each change of the
    committed offsets is told to `on_commit`, as partition and offset.
    """

    def __init__(self, loop: SimLoop, rng: Random, topics: Mapping[str, int], topic_id: str) -> None:
        self.loop = loop
        self.rng = rng
        self.topic_id = topic_id
        self.trouble = 0.0
        self.group = Group()
        self.stalled: tuple[str, float] = ("", 0.0)
        """A topic that takes nothing until some time."""
        self.on_commit: Callable[[int, int], None] = lambda partition, offset: None
        self.logs = {
            (name, each): PartitionLog(name, each) for name, many in topics.items() for each in range(many)
        }
        self._partitions = dict(topics)
        self._holders: dict[str, Holder] = {}
        self._outside = Context()

    def partitions(self, topic: str) -> set[int]:
        """Return the partitions of a topic."""
        return set(range(self._partitions[topic]))

    def now_ms(self) -> int:
        """Return the time of an append."""
        return 1_700_000_000_000 + int(self.loop.time() * 1000)

    def call(self, apply: Callable[[], T]) -> asyncio.Future[T]:
        """Send a request and return its answer to be; clients try again until they give up."""
        future: asyncio.Future[T] = self.loop.create_future()
        if self.loop.is_over:
            future.cancel()
            return future
        _Request(self, apply, future).attempt()
        return future

    def at(self, seconds: float, do: Callable[[], Any]) -> None:
        """Have something happen later, whoever dies meanwhile."""
        self.loop.call_later(seconds, do, context=self._outside)

    def commit(self, generation: int, offsets: Mapping[int, int]) -> bool:
        """Commit offsets for a member of the group; False where it is none any more."""
        if generation != self.group.generation:
            return False
        self._set_offsets(offsets)
        return True

    def begin_epoch(self, name: str) -> int:
        """Give a transactional id to a new holder; whoever held it before is fenced."""
        holder = self._holders.setdefault(name, Holder())
        if holder.transaction is not None and holder.transaction.is_committed is None:
            self._expire(holder, holder.transaction)
        if holder.transaction is not None and not holder.transaction.is_complete:
            raise ConcurrentTransactions(name)
        holder.epoch += 1
        holder.transaction = None
        return holder.epoch

    def transaction_of(self, name: str, epoch: int) -> Transaction:
        """Return the open transaction of a holder, begun where there is none; ProducerFenced if it is old."""
        holder = self._holder(name, epoch)
        if holder.transaction is None or holder.transaction.is_committed is not None:
            transaction = holder.transaction = Transaction()
            self.at(OPEN_SECONDS_MAX, lambda: self._expire(holder, transaction))
        return holder.transaction

    def end_transaction(self, name: str, epoch: int, *, commit: bool) -> None:
        """Commit or abort the open transaction of a holder."""
        transaction = self._holder(name, epoch).transaction
        if transaction is not None and transaction.is_committed is None:
            self._decide(transaction, is_committed=commit)

    def append(
        self, where: tuple[str, int], messages: Sequence[Any], by: str, transaction: Transaction | None = None
    ) -> int:
        """Append messages to a partition; return the offset of the first."""
        topic, until = self.stalled
        if where[0] == topic and self.loop.time() < until:
            raise NotLeaderForPartitionError
        first: int = self.logs[where].end
        for message in messages:
            self.logs[where].append(self.now_ms(), message, by, transaction)
        return first

    def _holder(self, name: str, epoch: int) -> Holder:
        holder = self._holders[name]
        if holder.epoch != epoch:
            raise ProducerFenced(name)
        if holder.transaction is not None and holder.transaction.markers_missing:
            raise ConcurrentTransactions(name)
        return holder

    def _expire(self, holder: Holder, transaction: Transaction) -> None:
        if transaction.is_committed is None:
            holder.epoch += 1
            self._decide(transaction, is_committed=False)

    def _decide(self, transaction: Transaction, *, is_committed: bool) -> None:
        """Decide a transaction; its markers are written one by one."""
        transaction.is_committed = is_committed
        todo: list[Callable[[], None]] = [self._closing(log, transaction) for log in transaction.logs]
        if is_committed and transaction.offsets:
            todo.append(lambda: self._set_offsets(transaction.offsets))
        transaction.markers_missing = len(todo)
        for do in todo:
            self.at(self.loop.later(0.02), lambda do=do: self._mark(transaction, do))  # type: ignore[misc]

    def _closing(self, log: PartitionLog, transaction: Transaction) -> Callable[[], None]:
        return lambda: log.close(self.now_ms(), transaction)

    def _mark(self, transaction: Transaction, do: Callable[[], None]) -> None:
        do()
        transaction.markers_missing -= 1

    def _set_offsets(self, offsets: Mapping[int, int]) -> None:
        for partition, offset in offsets.items():
            self.on_commit(partition, offset)
            self.group.committed[partition] = offset


class _Request:
    """A request on its way, which is applied once however often it is sent."""

    def __init__(self, cluster: Cluster, apply: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self._cluster = cluster
        self._apply = apply
        self._future = future
        self._process = PROCESS.get()
        self._gives_up_at = cluster.loop.time() + GIVE_UP_SECONDS
        self._answer: tuple[Any, KafkaError | None] | None = None

    def attempt(self) -> None:
        """Send it, for the first time or again."""
        cluster, rng = self._cluster, self._cluster.rng
        if self._future.done() or (self._process is not None and self._process.is_dead):
            return
        if cluster.loop.time() >= self._gives_up_at:
            self._future.set_exception(KafkaTimeoutError())
            return
        out, back = self._spans()
        if rng.random() >= cluster.trouble / 3:
            cluster.at(out, lambda: self._arrive(back))
        if cluster.trouble:
            cluster.at(out + RETRY_SECONDS, self.attempt)

    def _spans(self) -> tuple[float, float]:
        """Draw how long the ways there and back take."""
        cluster, rng = self._cluster, self._cluster.rng
        cut = 0.0 if self._process is None else max(0.0, self._process.cut_until - cluster.loop.time())
        slow = SLOW_SECONDS_MAX if rng.random() < cluster.trouble / 3 else 0.004
        return cut + rng.random() * slow, 0.0005 + rng.random() * 0.003

    def _arrive(self, back: float) -> None:
        cluster = self._cluster
        if self._answer is None:
            try:
                self._answer = (self._apply(), None)
            except KafkaError as error:
                self._answer = (None, error)
        if cluster.rng.random() >= cluster.trouble / 3:
            cluster.at(back, self._reply)

    def _reply(self) -> None:
        assert self._answer is not None
        if self._future.done():
            return
        result, error = self._answer
        if error is None:
            self._future.set_result(result)
        else:
            self._future.set_exception(error)

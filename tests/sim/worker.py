"""A simulated worker: the product's own parts, with a simulated consumer where Faust stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import KafkaError

from fraudstream.stores.checkpoints import CheckpointStore, Identity
from fraudstream.stores.rule_archive import RuleArchive
from fraudstream.stream.admin import Standing
from fraudstream.stream.batch import Batch
from fraudstream.stream.checkpointing import LOOK_SECONDS as CHECKPOINT_LOOK_SECONDS
from fraudstream.stream.checkpointing import Checkpointer
from fraudstream.stream.desk import Desk
from fraudstream.stream.emission import Outlet
from fraudstream.stream.keeper import Keeper
from fraudstream.stream.producer import Outgoing, hand_over
from fraudstream.stream.recovery import Means, Recovery
from fraudstream.stream.reloading import LOOK_SECONDS, Reloader
from fraudstream.stream.sender import AtLeastOnce, ExactlyOnce, Receipts, Sender
from fraudstream.stream.shard import SHARD, Shard
from fraudstream.stream.worker import STOP_SECONDS_MAX
from tests.sim.clients import SimConsumer, SimProducer, standing_of
from tests.sim.consumer import GroupConsumer
from tests.sim.disk import RULES_URL, URL
from tests.sim.engine import SimEngine, SimRuleset
from tests.sim.group import Assigned, Member
from tests.sim.observer import SimObserver
from tests.sim.processes import PROCESS, Process
from tests.sim.saving import start_saving

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.engine.step import Engine
    from fraudstream.stream.batch import Partition
    from tests.sim.cluster import Cluster
    from tests.sim.surroundings import Surroundings

Work = Callable[[], Coroutine[Any, Any, None]]

COMMIT_SECONDS = 0.5
RUN_OFFSETS_MAX = 2
BYTES_MAX = 64 * 2**20


@dataclass
class AppProducer:
    """The part of Faust's producer that the sender knows."""

    client: SimProducer

    async def submit(self, messages: list[Outgoing]) -> Receipts:
        """Hand messages over."""
        return await hand_over(cast(Any, self.client), messages)


@dataclass
class Event:
    """A Faust event."""

    value: Batch
    consumer: GroupConsumer

    def ack(self) -> None:
        """Have the batch struck out."""
        self.consumer.settle(self.value)


class Worker:
    """Everything that one process of the product runs, from its start to its end."""

    def __init__(self, around: Surroundings, topology: Topology, process: Process) -> None:
        self.process = process
        self.has_failed = False
        self._around = around
        self._topology = topology
        self._tasks: list[asyncio.Task[Any]] = []

    async def run(self) -> None:
        """Run until killed or stopped; to be called in the context of the process."""
        try:
            await self._start()
        except (KafkaError, OSError):
            self.process.crash()

    async def _start(self) -> None:
        around, topology = self._around, self._topology
        watch = around.rules.watch()
        store = CheckpointStore(URL, Identity(topology.kafka.group, topology.name, 0), keep=around.world.keep)
        archive = RuleArchive(RULES_URL)
        archive.keep(watch.version, {"version": watch.version.encode()})
        producer = SimProducer(around.cluster)
        await producer.start()
        self._consumer = GroupConsumer(around.cluster, topology.input.topic)
        engine = cast("Engine", SimEngine(SimRuleset(watch.version)))
        self.shard = Shard(engine, run_offsets_max=RUN_OFFSETS_MAX if around.world.partitions > 1 else None)
        self._wire(producer, store, archive)
        reloader = Reloader(cast(Any, watch), self.shard, self._observer, archive.keep, _checked)
        self._member = Member(self.process)
        around.coordinator.join(self._member)
        await self._work(reloader)

    def _wire(self, producer: SimProducer, store: CheckpointStore, archive: RuleArchive) -> None:
        """Put the parts together as `build_app` does."""
        around, topology, output = self._around, self._topology, self._topology.output
        outlet = Outlet(output.alerts, output.dead_letters, output.journal)
        self._observer = SimObserver(around.errors)
        self.sender = self._sender(producer)
        desk = self._desk = Desk(self.shard, outlet, self._observer, self.sender, self.fail)
        means = Means(
            store,
            partial(_ruleset_of, archive),
            self.sender.take,
            desk.write,
            desk.judge,
            desk.emit,
            partial(_oldest, around.cluster),
            self._consumer.commit_to,
            _set_back,
            lambda topology: standing_of(around.cluster, topology.input.topic, Standing),
            partial(SimConsumer, around.cluster),
        )
        desk.recovery = Recovery(topology, self.shard, means, self._observer)
        self.keeper = Keeper(desk.recovery, self._observer, self.fail)
        self._checkpointer = Checkpointer(
            SHARD,
            store,
            self.shard,
            self.sender.committed,
            around.world.checkpoint_seconds,
            self._observer,
            partial(start_saving, around.loop, around.world.child_death),
            around.loop.time,
        )

    def _sender(self, producer: SimProducer) -> Sender:
        topology = self._topology
        if topology.processing_guarantee == "at_least_once":
            app = _App(AppProducer(producer), self._consumer)
            return AtLeastOnce(cast(Any, app))
        name = f"{topology.kafka.group}.{topology.name}.0"
        return ExactlyOnce(name, topology.kafka, {}, _no_hanging, partial(SimProducer, self._around.cluster))

    async def _work(self, reloader: Reloader) -> None:
        for each in (
            self._follow_group,
            partial(self._consumer.fetch, self._around.world.batch_max),
            self._judge,
            partial(self._every, COMMIT_SECONDS, self._commit),
            partial(self._every, CHECKPOINT_LOOK_SECONDS, self._checkpoint),
            partial(self._every, LOOK_SECONDS, reloader.look),
        ):
            self._tasks.append(asyncio.create_task(self._guarded(each)))

    async def _guarded(self, work: Work) -> None:
        """Stop the worker when one of its tasks fails, as Faust does."""
        try:
            await work()
        except Exception:
            self.fail()

    def fail(self) -> None:
        """Stop without waiting for what can no longer be sent."""
        if not self.has_failed:
            self.has_failed = True
            self._consumer.acknowledged.set()
            self.stop()

    def stop(self) -> None:
        """Stop as on SIGTERM."""
        asyncio.get_running_loop().call_later(STOP_SECONDS_MAX, self.process.crash)
        self._stopping = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        await self._wait_empty()
        self._around.coordinator.leave(self._member)
        for task in self._tasks:
            task.cancel()
        await self.sender.close()
        if not self.has_failed:
            self._checkpointer.finish()
        self.process.crash()

    async def _follow_group(self) -> None:
        while True:
            notice = await self._member.notices.get()
            if isinstance(notice, Assigned):
                await self._assigned(notice)
                continue
            await self._wait_empty()
            self._consumer.revoke()
            self.keeper.give_up()
            await self._around.cluster.call(lambda: self._around.coordinator.join(self._member))

    async def _assigned(self, notice: Assigned) -> None:
        if notice.is_owner:
            self.keeper.take()
            await self._consumer.assign(notice.generation)

    async def _judge(self) -> None:
        """Do what the app's agent does."""
        consumer = self._consumer
        while True:
            generation, batch = await consumer.queue.get()
            if await self.keeper.ready() and generation == consumer.generation:
                await self._desk.handle(cast(Any, Event(batch, consumer)))

    async def _wait_empty(self) -> None:
        """Finish and commit the batches in hand, but for those that cannot be."""
        consumer = self._consumer
        while consumer.has_unfinished and not (self.has_failed or self.keeper.is_recovering):
            consumer.acknowledged.clear()
            await asyncio.wait([asyncio.create_task(consumer.acknowledged.wait())], timeout=COMMIT_SECONDS)
        await self._commit()

    async def _commit(self) -> None:
        commits_itself = isinstance(self.sender, ExactlyOnce)
        if not commits_itself and not await self._consumer.commit():
            self.fail()

    async def _checkpoint(self) -> None:
        if self.keeper.is_ready:
            self._checkpointer.look()

    async def _every(self, seconds: float, do: Work) -> None:
        while True:
            await asyncio.sleep(seconds)
            await do()


@dataclass
class _App:
    """The part of the app that the sender knows."""

    producer: AppProducer
    consumer: GroupConsumer


def _checked(files: Mapping[str, bytes], settings: Any) -> Any:
    return SimRuleset(files["version"].decode())


def _ruleset_of(archive: RuleArchive, version: str) -> Any:
    files = archive.files(version)
    return None if files is None else _checked(files, None)


def start(around: Surroundings, topology: Topology, process: Process) -> Worker:
    """Start a worker in a process of its own."""
    worker = Worker(around, topology, process)
    token = PROCESS.set(process)
    try:
        around.loop.create_task(worker.run())
    finally:
        PROCESS.reset(token)
    return worker


def _no_hanging() -> None:
    """Do nothing: the simulated broker loses sight of no transaction."""


async def _oldest(cluster: Cluster, partition: Partition) -> int:
    """Return the oldest offset that a partition still has."""
    start: int = cluster.logs[partition].start
    return start


async def _set_back(offsets: Mapping[Partition, int]) -> None:
    """Do nothing: no topic is made anew here."""

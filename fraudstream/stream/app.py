"""The Faust app of a topology: an agent per topic, in front of the units that fold their partitions."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import faust
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from faust.types import TP

from fraudstream.engine.stats import together
from fraudstream.stream.checkpointing import LOOK_SECONDS as CHECKPOINT_LOOK_SECONDS
from fraudstream.stream.clients import FETCH_BYTES_MAX, client_settings, credentials
from fraudstream.stream.emission import Outlet
from fraudstream.stream.holding import until_due
from fraudstream.stream.keyed.assigning import StageAssignor
from fraudstream.stream.keyed.units import stage_units
from fraudstream.stream.logs import FAUST_LOG
from fraudstream.stream.one_owner import OneOwner
from fraudstream.stream.reloading import LOOK_SECONDS
from fraudstream.stream.shard_unit import shard_unit
from fraudstream.stream.transport import FETCH_EVENTS_MAX, BatchConsumer, BatchSchema, BatchTransport
from fraudstream.stream.watch import LOOK_SECONDS as WATCH_SECONDS
from fraudstream.stream.watch import TopicWatch
from fraudstream.telemetry.standing import Pulse

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.stream.batch import Partition
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.shard import Shard
    from fraudstream.stream.shard_unit import Surroundings
    from fraudstream.stream.unit import Unit

LAG_SECONDS = 1.0
MEMORY_SECONDS = 15.0


class BatchApp(faust.App):  # type: ignore[misc]
    """A Faust app on the batch transport, which stops rather than lose a message."""

    logger = FAUST_LOG
    failed = False
    on_failure: Callable[[], None]
    """Called when the worker has to stop; set by whoever runs it."""

    consumer: BatchConsumer
    units: list[Unit]
    """What this worker does, or would do once the partitions are its own."""
    group_assignor: AbstractPartitionAssignor
    """Says which worker of the group does what."""
    commits_itself = False
    """Whether offsets are committed with what comes of them, and not by the consumer."""
    number: Callable[[Partition], int]
    """Tells the number by which the shard knows a partition."""
    observer: StreamObserver

    def committed_in(self, seconds: float) -> None:
        """Report how long a commit of offsets took."""
        self.observer.on_stages({"commit": seconds})

    def fail(self) -> None:
        """Stop the worker without waiting for what can no longer be sent."""
        self.failed = True
        self.consumer.abandon()
        self.on_failure()

    async def oldest(self, partition: Partition) -> int:
        """Return the oldest offset that a partition still has."""
        return await self.consumer.oldest(partition)

    async def commit_to(self, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets before which all is told, though the consumer has not given it."""
        await self.consumer.commit_to(offsets)

    async def set_back(self, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets that may lie before those that are committed, and read on from there."""
        await self.consumer.set_back(offsets)

    async def on_stop(self) -> None:
        """End what sends, after everything else."""
        await super().on_stop()
        for unit in self.units:
            unit.keeper.give_up()
            await unit.sender.close()

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: there are no tables."""


def build_app(
    topology: Topology, shard: Shard, observer: StreamObserver, outlet: Outlet, around: Surroundings
) -> BatchApp:
    """Return the app, not yet connected to anything."""
    app = BatchApp(topology.kafka.group, **settings(topology, outlet))
    app.number = topology.number
    app.observer = observer
    app.commits_itself = topology.processing_guarantee == "exactly_once"
    app.units = [shard_unit(app, topology, shard, observer, outlet, around)]
    topics = [topology.input.topic]
    app.group_assignor = OneOwner()
    keyed = topology.keyed
    if keyed is not None:
        app.units += stage_units(app, topology, keyed, shard, observer, outlet, around)
        topics.append(keyed.parts)
        app.group_assignor = StageAssignor(topology.input.topic, keyed.parts, keyed.partitions)
    for topic in topics:
        _handle(app, topic)
    if topology.labels is not None:
        _handle(app, topology.labels.topic, behind=topology.input.topic)
    _follow(app, observer)
    _report(app, topology, observer)
    watch = TopicWatch(topology, observer, app.fail, lambda: shard.last.topic_id, around.topics)
    _repeat(app, WATCH_SECONDS, watch.look)
    if around.reloader is not None:
        _repeat(app, LOOK_SECONDS, around.reloader.look)
    return app


def _handle(app: BatchApp, topic: str, behind: str = "") -> None:
    """Have the batches of a topic handled by the units that read its partitions and are this worker's.

    They stay behind those of another topic where one is named.
    """

    async def handle(stream: Any) -> None:
        # Faust would acknowledge by itself as soon as the loop asks for the next batch.
        async for event in stream.noack().events():
            unit = next(each for each in app.units if each.reads(event.value.partition))
            if behind and not await until_due(app.consumer, behind, event.message):
                continue
            # What was read before a rebalance is read again behind it.
            if await unit.keeper.ready() and event.message.generation_id == app.consumer_generation_id:
                await unit.handle(event)
            else:
                app.consumer.leave(event.message)

    app.agent(app.topic(topic, schema=BatchSchema()), name=topic)(handle)


def _follow(app: BatchApp, observer: StreamObserver) -> None:
    """Have units taken and given up as their partitions come and go."""
    since = time.monotonic()

    async def assigned(app: BatchApp, assigned: set[TP], **_: Any) -> None:
        observer.on_assigned(len(assigned), time.monotonic() - since)
        for unit in app.units:
            if any(unit.reads(tp) for tp in assigned):
                unit.keeper.take()

    async def revoked(app: BatchApp, revoked: set[TP], **_: Any) -> None:
        nonlocal since
        since = time.monotonic()
        observer.on_revoked()
        for unit in app.units:
            unit.keeper.give_up()

    app.on_partitions_assigned.connect(assigned, weak=False)
    app.on_partitions_revoked.connect(revoked, weak=False)


def _report(app: BatchApp, topology: Topology, observer: StreamObserver) -> None:
    """Have lag, rulesets and memory reported, and checkpoints begun, now and then."""

    async def report_lag() -> None:
        lags = app.consumer.lags(time.time() * 1000)
        observer.on_lag({tp[1]: lag for tp, lag in lags if tp[0] == topology.input.topic})
        ledger = app.consumer.ledger
        recovering = sum(unit.keeper.is_recovering for unit in app.units)
        observer.on_pulse(Pulse(recovering, ledger.batches_open, ledger.bytes_open))

    async def report_rulesets() -> None:
        observer.on_stage_rulesets({unit.name: unit.ruleset() for unit in app.units if unit.keeper.is_ready})

    async def report_memory() -> None:
        observer.on_memory(together([unit.stats() for unit in app.units]))

    async def look() -> None:
        for unit in app.units:
            unit.look()

    _repeat(app, LAG_SECONDS, report_lag)
    _repeat(app, LAG_SECONDS, report_rulesets)
    _repeat(app, MEMORY_SECONDS, report_memory)
    _repeat(app, CHECKPOINT_LOOK_SECONDS, look)


def _repeat(app: BatchApp, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Have something done again and again, with so much time between, however long it takes.

    Faust's own timers keep a beat, and warn of each reload, which takes longer than that between two looks.
    """

    async def go_on() -> None:
        await app.sleep(seconds)
        while not app.should_stop:
            await work()
            await app.sleep(seconds)

    app.task(go_on)


def settings(topology: Topology, outlet: Outlet) -> dict[str, Any]:
    """Return Faust's settings; those not named keep Faust's defaults."""
    return {
        "broker": "kafka://" + topology.kafka.bootstrap.replace(",", ";"),
        "broker_credentials": credentials(client_settings(topology.kafka)),
        # Settings come from the topology alone: Faust would let a stray BROKER_URL override it.
        "env": {},
        "autodiscover": False,
        # Faust's own server listens on all interfaces and would serve state.
        "web_enabled": False,
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "table_standby_replicas": 0,
        "stream_wait_empty": True,
        # Never the limit: the ledger bounds what is under way, and a full queue makes Faust sleep a second.
        "stream_buffer_maxsize": 1_000_000,
        "broker_commit_interval": 0.5,
        # A killed worker's partitions are free after a session, and Tansu delays joining by half of one.
        "broker_session_timeout": 6.0,
        "broker_heartbeat_interval": 1.5,
        "broker_request_timeout": 30.0,
        "broker_max_poll_records": FETCH_EVENTS_MAX,
        "consumer_auto_offset_reset": "earliest",
        # So soon are partitions read that are added to the input.
        "consumer_metadata_max_age_ms": 30_000,
        "consumer_max_fetch_size": FETCH_BYTES_MAX,
        "producer_acks": -1,
        "producer_request_timeout": 30.0,
        "producer_max_batch_size": min(
            2**18, outlet.alert_bytes_max, outlet.shadow_bytes_max, outlet.dead_letter_bytes_max
        ),
    }

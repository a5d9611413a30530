"""The Faust app of a topology: one agent over the input topic, in front of one shard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import faust
from faust.types import TP

from fraudstream.stream.checkpointing import LOOK_SECONDS as CHECKPOINT_LOOK_SECONDS
from fraudstream.stream.checkpointing import Checkpointer
from fraudstream.stream.desk import Desk
from fraudstream.stream.emission import Outlet
from fraudstream.stream.hanging import end_hanging_transactions
from fraudstream.stream.keeper import Keeper
from fraudstream.stream.logs import FAUST_LOG
from fraudstream.stream.recovery import Means, Recovery
from fraudstream.stream.reloading import LOOK_SECONDS, Reloader
from fraudstream.stream.sender import AtLeastOnce, ExactlyOnce, Sender
from fraudstream.stream.transport import BatchConsumer, BatchSchema, BatchTransport

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stores.checkpoints import CheckpointStore
    from fraudstream.stream.batch import Partition
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.shard import Shard

LAG_SECONDS = 1.0
MEMORY_SECONDS = 15.0


class BatchApp(faust.App):  # type: ignore[misc]
    """A Faust app on the batch transport, which stops rather than lose a message."""

    logger = FAUST_LOG
    failed = False
    on_failure: Callable[[], None]
    """Called when the worker has to stop; set by whoever runs it."""

    consumer: BatchConsumer
    keeper: Keeper
    sender: Sender
    checkpointer: Checkpointer | None = None

    def fail(self) -> None:
        """Stop the worker without waiting for what can no longer be sent."""
        self.failed = True
        self.consumer.abandon()
        self.on_failure()

    async def on_stop(self) -> None:
        """End what sends for the shard, after everything else."""
        await super().on_stop()
        await self.sender.close()

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: there are no tables."""


@dataclass(frozen=True)
class Surroundings:
    """What a worker may have beside its topics.

    Attributes
    ----------
    store
        Where the shard's checkpoints are kept.
    ruleset_of
        Finds a ruleset that was in force once.
    reloader
        Takes up changed rules; without it they stay.
    """

    store: CheckpointStore | None = None
    ruleset_of: Callable[[str], Ruleset | None] = lambda version: None
    reloader: Reloader | None = None


def build_app(
    topology: Topology, shard: Shard, observer: StreamObserver, outlet: Outlet, around: Surroundings
) -> BatchApp:
    """Return the app, not yet connected to anything."""
    app = BatchApp(topology.kafka.group, **settings(topology, outlet))

    app.sender = _sender(app, topology)
    desk = Desk(shard, outlet, observer, app.sender, app.fail)
    means = Means(around.store, around.ruleset_of, app.sender.take, desk.write, desk.emit)
    desk.recovery = Recovery(topology, shard, means, observer)
    app.keeper = Keeper(desk.recovery, app.fail)
    _judge(app, topology, desk)
    _report(app, shard, observer)
    if topology.checkpoints is not None and around.store is not None:
        every_seconds = topology.checkpoints.every / 1_000_000
        app.checkpointer = Checkpointer(
            around.store,
            shard,
            app.sender.committed,
            every_seconds,
            observer,
        )
        app.timer(CHECKPOINT_LOOK_SECONDS, name="checkpoint")(_checkpointing(app, app.checkpointer))
    if around.reloader is not None:
        app.timer(LOOK_SECONDS, name="reload")(around.reloader.look)
    return app


def _sender(app: BatchApp, topology: Topology) -> Sender:
    """Return what sends for the shard, as the topology guarantees it."""
    if topology.processing_guarantee == "at_least_once":
        return AtLeastOnce(app)
    group = topology.kafka.group
    settings = {
        "bootstrap_servers": topology.kafka.bootstrap,
        "max_batch_size": app.conf.producer_max_batch_size,
        "request_timeout_ms": int(app.conf.producer_request_timeout * 1000),
    }
    name, output = f"{group}.{topology.name}.0", topology.output
    written = [output.alerts, output.dead_letters, output.journal]
    return ExactlyOnce(name, group, settings, partial(end_hanging_transactions, topology, name, written))


def _judge(app: BatchApp, topology: Topology, desk: Desk) -> None:
    """Have the batches of the input judged, as long as the shard is this worker's."""
    keeper = app.keeper

    async def judge(stream: Any) -> None:
        # Faust would acknowledge by itself as soon as the loop asks for the next batch.
        async for event in stream.noack().events():
            # What was read before a rebalance is read again behind it.
            if await keeper.ready() and event.message.generation_id == app.consumer_generation_id:
                await desk.handle(event)

    async def assigned(app: BatchApp, assigned: set[TP], **_: Any) -> None:
        if assigned:
            keeper.take()

    async def revoked(app: BatchApp, revoked: set[TP], **_: Any) -> None:
        keeper.give_up()

    app.agent(app.topic(topology.input.topic, schema=BatchSchema()), name="judge")(judge)
    app.on_partitions_assigned.connect(assigned, weak=False)
    app.on_partitions_revoked.connect(revoked, weak=False)


def _report(app: BatchApp, shard: Shard, observer: StreamObserver) -> None:
    """Have lag and memory reported now and then."""
    known: set[Partition] = set()

    async def report_lag() -> None:
        lags = dict(app.consumer.lags())
        for partition in known - lags.keys():
            observer.on_lag(partition[1], 0)
        for partition, events in lags.items():
            observer.on_lag(partition[1], events)
        known.update(lags)

    async def report_memory() -> None:
        observer.on_memory(shard.engine.stats())

    app.timer(LAG_SECONDS, name="lag")(report_lag)
    app.timer(MEMORY_SECONDS, name="memory")(report_memory)


def _checkpointing(app: BatchApp, checkpointer: Checkpointer) -> Callable[[], Awaitable[None]]:
    async def look() -> None:
        if app.keeper.is_ready:
            checkpointer.look()

    return look


def settings(topology: Topology, outlet: Outlet) -> dict[str, Any]:
    """Return Faust's settings; those not named keep Faust's defaults."""
    return {
        "broker": "kafka://" + topology.kafka.bootstrap.replace(",", ";"),
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
        "broker_max_poll_records": 5_000,
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": 4 * 2**20,
        "producer_acks": -1,
        "producer_request_timeout": 30.0,
        "producer_max_batch_size": min(2**18, outlet.alert_bytes_max, outlet.dead_letter_bytes_max),
    }

"""The Faust app of a topology: one agent over the input topic, in front of one engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import faust

from fraudstream.stream.desk import Desk
from fraudstream.stream.emission import Outlet
from fraudstream.stream.logs import FAUST_LOG
from fraudstream.stream.producer import Outgoing
from fraudstream.stream.reloading import LOOK_SECONDS
from fraudstream.stream.transport import BatchConsumer, BatchSchema, BatchTransport

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.engine.step import Engine
    from fraudstream.stream.batch import Partition
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.reloading import Reloader

LAG_SECONDS = 1.0
MEMORY_SECONDS = 15.0


class BatchApp(faust.App):  # type: ignore[misc]
    """A Faust app on the batch transport, which stops rather than lose a message."""

    logger = FAUST_LOG
    failed = False
    on_failure: Callable[[], None]
    """Called when the worker has to stop; set by whoever runs it."""

    consumer: BatchConsumer

    def fail(self) -> None:
        """Stop the worker without waiting for what can no longer be sent."""
        self.failed = True
        self.consumer.abandon()
        self.on_failure()

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: there are no tables."""


def build_app(
    topology: Topology,
    engine: Engine,
    observer: StreamObserver,
    outlet: Outlet,
    reloader: Reloader | None = None,
) -> BatchApp:
    """Return the app, not yet connected to anything; without a reloader its rules stay as they are."""
    app = BatchApp(topology.kafka.group, **settings(topology, outlet))

    async def submit(messages: Sequence[Outgoing]) -> Sequence[Awaitable[Any]]:
        receipts: Sequence[Awaitable[Any]] = await app.producer.submit(messages)
        return receipts

    desk = Desk(engine, outlet, observer, submit, app.fail)

    async def judge(stream: Any) -> None:
        # Faust would acknowledge by itself as soon as the loop asks for the next batch.
        async for event in stream.noack().events():
            await desk.handle(event)

    known: set[Partition] = set()

    async def report_lag() -> None:
        lags = dict(app.consumer.lags())
        for partition in known - lags.keys():
            observer.on_lag(partition[1], 0)
        for partition, events in lags.items():
            observer.on_lag(partition[1], events)
        known.update(lags)

    app.agent(app.topic(topology.input.topic, schema=BatchSchema()), name="judge")(judge)

    async def report_memory() -> None:
        observer.on_memory(engine.stats())

    app.timer(LAG_SECONDS, name="lag")(report_lag)
    app.timer(MEMORY_SECONDS, name="memory")(report_memory)
    if reloader is not None:
        app.timer(LOOK_SECONDS, name="reload")(reloader.look)
    return app


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

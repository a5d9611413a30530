"""Puts together what folds the input of a topology: a shard, and everything around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from fraudstream.stream.admin import label_partitions
from fraudstream.stream.checkpointing import Checkpointer, Kept
from fraudstream.stream.desk import Desk
from fraudstream.stream.hanging import end_hanging_transactions
from fraudstream.stream.keeper import Keeper
from fraudstream.stream.permissions import transactional_id
from fraudstream.stream.recovery import Means, Recovery
from fraudstream.stream.sender import AtLeastOnce, ExactlyOnce, Sender
from fraudstream.stream.shard import SHARD
from fraudstream.stream.unit import Unit

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stores.checkpoints import CheckpointStore
    from fraudstream.stream.app import BatchApp
    from fraudstream.stream.emission import Outlet
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.reloading import Reloader
    from fraudstream.stream.shard import Shard


@dataclass(frozen=True)
class Surroundings:
    """What a worker may have beside its topics.

    Attributes
    ----------
    store_of
        Where the checkpoints of a shard are kept, by its number.
    ruleset_of
        Finds a ruleset that was in force once.
    reloader
        Takes up changed rules; without it they stay.
    topics
        Ids and numbers of partitions of the topics when the worker started, as far as they are known.
    """

    store_of: Callable[[int], CheckpointStore] | None = None
    ruleset_of: Callable[[str], Ruleset | None] = lambda version: None
    reloader: Reloader | None = None
    topics: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def shard_unit(
    app: BatchApp,
    topology: Topology,
    shard: Shard,
    observer: StreamObserver,
    outlet: Outlet,
    around: Surroundings,
) -> Unit:
    """Return the unit of a shard over all partitions of the input, and of the labels."""
    output, keyed = topology.output, topology.keyed
    sources = {topology.input.topic, *label_partitions(topology)}
    written = [*output.told, output.dead_letters, output.journal]
    written += [] if keyed is None else [keyed.parts]
    sender = sender_for(app, topology, SHARD, written)
    store = None if around.store_of is None else around.store_of(SHARD)
    desk = Desk(shard, outlet, observer, sender, app.fail)
    means = Means(
        store,
        around.ruleset_of,
        sender.take,
        desk.write,
        desk.judge,
        desk.emit,
        app.oldest,
        app.commit_to,
        app.set_back,
    )
    desk.recovery = Recovery(topology, shard, means, observer)
    return Unit(
        name="shard" if keyed is None else "ingest",
        ruleset=lambda: shard.engine.ruleset.version,
        reads=lambda partition: partition[0] in sources,
        handle=desk.handle,
        keeper=Keeper(desk.recovery, observer, app.fail),
        sender=sender,
        stats=shard.stats,
        checkpointer=checkpointer_for(topology, SHARD, store, shard, sender, observer),
    )


def checkpointer_for(
    topology: Topology,
    number: int,
    store: CheckpointStore | None,
    kept: Kept,
    sender: Sender,
    observer: StreamObserver,
) -> Checkpointer | None:
    """Return what keeps a state, None where the topology names no place for it."""
    if topology.checkpoints is None or store is None:
        return None
    every_seconds = topology.checkpoints.every / 1_000_000
    return Checkpointer(number, store, kept, sender.committed, every_seconds, observer)


def sender_for(app: BatchApp, topology: Topology, number: int, written: Sequence[str]) -> Sender:
    """Return what sends for a shard to some topics, as the topology guarantees it."""
    if not app.commits_itself:
        return AtLeastOnce(app)
    settings = {
        "max_batch_size": app.conf.producer_max_batch_size,
        "request_timeout_ms": int(app.conf.producer_request_timeout * 1000),
    }
    name = transactional_id(topology, number)
    end_hanging = partial(end_hanging_transactions, topology, name, written)
    return ExactlyOnce(
        name, topology.kafka, settings, end_hanging, number=topology.number, committed_in=app.committed_in
    )

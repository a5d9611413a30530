"""Puts together the stages behind the first: which partition each reads, and everything around it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.share import Share
from fraudstream.stream.emission import quoted
from fraudstream.stream.keeper import Keeper
from fraudstream.stream.keyed.continuity import StageContinuity
from fraudstream.stream.keyed.desk import StageDesk
from fraudstream.stream.keyed.folding import Folding, Work
from fraudstream.stream.keyed.merging import Merging
from fraudstream.stream.keyed.recovering import StageRecovery
from fraudstream.stream.keyed.sharing import Sharing
from fraudstream.stream.keyed.state import StageState
from fraudstream.stream.shard import SHARD
from fraudstream.stream.shard_unit import checkpointer_for, sender_for
from fraudstream.stream.unit import Unit

if TYPE_CHECKING:
    from fraudstream.config import Keyed, Topology
    from fraudstream.stream.app import BatchApp
    from fraudstream.stream.emission import Outlet
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.shard import Shard
    from fraudstream.stream.shard_unit import Surroundings


def stage_units(
    app: BatchApp,
    topology: Topology,
    keyed: Keyed,
    shard: Shard,
    observer: StreamObserver,
    outlet: Outlet,
    around: Surroundings,
) -> list[Unit]:
    """Return the units of all shares, and of the merge."""
    ruleset, settings, count = shard.engine.ruleset, shard.engine.settings, keyed.partitions
    units = []
    for partition in range(count):
        share = StageState(Share(ruleset, settings, partition, count), partition, count, around.ruleset_of)
        work = Sharing(share, keyed, observer)
        units.append(_unit(app, topology, keyed, share, work, observer, [keyed.found], around))
    merge = StageState(Merge(ruleset, settings, count), count, count, around.ruleset_of)
    merging = Merging(merge, topology.kafka, keyed, outlet, observer)
    written = [*topology.output.told, topology.output.dead_letters]
    units.append(_unit(app, topology, keyed, merge, merging, observer, written, around))
    return units


def _unit(
    app: BatchApp,
    topology: Topology,
    keyed: Keyed,
    state: StageState[Any],
    work: Work,
    observer: StreamObserver,
    written: list[str],
    around: Surroundings,
) -> Unit:
    number = SHARD + 1 + state.partition
    sender = sender_for(app, topology, number, written)
    store = None if around.store_of is None else around.store_of(number)
    continuity = StageContinuity(topology, keyed, state, observer)
    folding = Folding(state, work, continuity, observer, partial(quoted, quotes=topology.is_open))
    desk = StageDesk(state, folding.fold, continuity.now, sender, observer, app.fail)
    recovery = StageRecovery(topology, keyed, state, store, sender, observer, continuity, folding)
    folding.again = recovery.again
    return Unit(
        name=work.name.removeprefix("the "),
        ruleset=lambda: state.stage.ruleset.version,
        reads=lambda partition: partition == (keyed.parts, state.partition),
        handle=desk.handle,
        keeper=Keeper(recovery, observer, app.fail),
        sender=sender,
        stats=state.stats,
        checkpointer=checkpointer_for(topology, number, store, state, sender, observer),
        let_go=desk.let_go,
    )

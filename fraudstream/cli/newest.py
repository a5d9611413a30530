"""The newest checkpoint of a topology, for commands that tell what a worker knows."""

from __future__ import annotations

from pathlib import Path

from fraudstream.cli.console import fail, one_line_errors
from fraudstream.cli.service import kept_by
from fraudstream.config import Topology, load_topology
from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stores.checkpoints import CheckpointError, Loaded


def single_topology(path: Path, what: str, stage: str) -> Topology:
    """Return a topology that is not keyed; typer.Exit says in which stage another keeps what is asked for."""
    with one_line_errors():
        loaded = load_topology(path)
    if loaded.keyed is not None:
        raise fail(f"a keyed topology keeps its {what} in {stage}, which this does not read yet")
    return loaded


def newest(topology: Topology, what: str) -> tuple[Ruleset, Loaded]:
    """Return the newest whole checkpoint, and the ruleset that it was written under; else typer.Exit."""
    kept = kept_by(topology)
    if kept is None:
        raise fail(f"the topology names no checkpoints: add them, they hold {what}")
    try:
        found: Loaded | None = kept.store_of(0).load()
    except CheckpointError as error:
        raise fail(str(error)) from None
    if found is None:
        raise fail("there is no checkpoint yet: run a worker first")
    version = found.meta.extra["ruleset"]
    ruleset = kept.ruleset_of(version)
    if ruleset is None:
        raise fail(f"ruleset {version}, under which the checkpoint was written, is not kept beside it")
    return ruleset, found


def engine_of(topology: Topology, ruleset: Ruleset, found: Loaded) -> Engine:
    """Return the engine that a checkpoint holds."""
    engine = Engine(ruleset, topology.settings())
    engine.restore(found.snapshot)
    return engine


def taken(ruleset: Ruleset, found: Loaded) -> str:
    """Return in words where a checkpoint stands."""
    events = ", ".join(f"{number}: {offset}" for number, offset in sorted(found.meta.positions.items()))
    return f"ruleset {ruleset.version}, after the offsets {{{events}}}"

"""An engine that goes on from a checkpoint."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.checkpoints import CheckpointStore, start_saving
from loadtest.bench_entities import drawn
from loadtest.bench_rules import bench_files
from tests.checkpoint_files import KEY, OWNER, meta, same


def test_an_engine_goes_on_from_a_checkpoint_as_if_nothing_had_been(tmp_path: Path) -> None:
    """The child takes the snapshot; an engine restored from it decides the same and ends in one state."""
    ruleset = build_ruleset(bench_files())
    events = [*islice(drawn(600, 50.0, seed=1), 1_500)]
    engine = Engine(ruleset)
    engine.step(events[:1_000])
    store = CheckpointStore(str(tmp_path), OWNER, KEY)
    start_saving(store, engine.snapshot, meta(1_000)).result()
    loaded = store.load()
    assert loaded is not None
    restored = Engine(ruleset)
    restored.restore(loaded.snapshot)
    there, here = restored.step(events[1_000:]), engine.step(events[1_000:])
    assert there.alerts == here.alerts
    assert (there.rule_outcomes == here.rule_outcomes).all()
    assert same(restored.snapshot(), engine.snapshot())

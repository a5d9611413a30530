"""A broker that is away for a while ends no worker, and leaves no trace in what comes out."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from loadtest.chaos import PARTITIONS, is_clean, telling_rules
from loadtest.chaos_audit import audit
from loadtest.chaos_broker import ChaosBroker, chaos_broker
from loadtest.chaos_load import Load
from loadtest.crash_rig import GUARANTEES, CrashRig, judged_by
from loadtest.traffic import generate
from tests.integration.broker import IN_CI, NO_REAL_KAFKA

pytestmark = pytest.mark.integration

AWAY_SECONDS = 20.0


def test_workers_outlast_a_broker_that_is_away(tmp_path: Path) -> None:
    """Killed under load and back after 20 s: both guarantees hold, by workers that say so and stay."""
    payloads = generate(200_000).payloads
    with ExitStack() as stack:
        broker = stack.enter_context(chaos_broker(tmp_path / "kafka"))
        if not isinstance(broker, ChaosBroker):
            assert not IN_CI
            pytest.skip(NO_REAL_KAFKA)
        rigs = [rig_on(broker, tmp_path / guarantee, guarantee) for guarantee in GUARANTEES]
        loads = [
            stack.enter_context(Load(broker.bootstrap, rig.topology.input.topic, PARTITIONS, payloads))
            for rig in rigs
        ]
        workers = [stack.enter_context(rig.worker()) for rig in rigs]
        for worker in workers:
            judged_by(worker, 1_000)
        broker.kill()
        time.sleep(AWAY_SECONDS)
        broker.revive()
        for rig, load, worker in zip(rigs, loads, workers, strict=True):
            sent = load.finish()
            judged_by(worker, sent)
            rig.drain()
            worker.check()
            assert worker.metrics()["fraudstream_errors_total"][("broker",)] > 0
            assert "until it answers nothing is judged, and nothing is lost" in rig.logs()
            assert "the broker answers again" in rig.logs()
            assert is_clean({**audit(rig, sent), "guarantee": rig.topology.processing_guarantee})


def rig_on(broker: ChaosBroker, folder: Path, guarantee: str) -> CrashRig:
    """Return a rig with topics and rules of its own."""
    folder.mkdir()
    names = {word: f"{guarantee}.{word}" for word in ("events", "alerts", "dead", "journal")}
    rules = telling_rules(folder / "rules")
    return CrashRig(broker.bootstrap, folder, names, rules, PARTITIONS, guarantee=guarantee)

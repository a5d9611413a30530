"""Checkpoints that are not the worker's own, or not for it, are refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fraudstream.stores.checkpoints import CheckpointStore, Identity, Meta
from fraudstream.stores.checkpoints.manifests import Formats
from loadtest.crash_rig import CrashRig, judged_by, total
from loadtest.waiting import until
from tests.integration.test_recovery import checkpointed, counting
from tests.unit.rule_files import event, rule_files, write_files

pytestmark = pytest.mark.integration


def rig_of(kafka: str, folder: Path, topic: Callable[[str], str], deployment: str = "") -> CrashRig:
    """Return a deployment that keeps its checkpoints in a folder."""
    names = {word: topic(f"{deployment}{word}") for word in ("events", "alerts", "dead", "journal")}
    rules = write_files(folder / "rules", rule_files(counting(1)))
    return CrashRig(kafka, folder, names, rules)


def kept(rig: CrashRig, extra: Mapping[str, Any], formats: Formats) -> None:
    """Write a checkpoint where a rig's worker keeps its own."""
    identity = Identity(rig.topology.kafka.group, rig.topology.name, 0)
    place = str(rig.folder / "state")
    CheckpointStore(place, identity, formats=formats).save({}, Meta({0: 0}, 1, extra))


@pytest.mark.parametrize(
    ("extra", "number", "message"),
    [
        ({}, 99, "the checkpoint has format 99, this version reads up to 2: run the version that wrote it"),
        (
            {"cluster_id": "elsewhere"},
            2,
            "the checkpoints are of a shard on cluster elsewhere, and this worker",
        ),
    ],
    ids=["newer", "foreign"],
)
def test_what_is_not_for_this_worker_is_refused(
    kafka: str,
    topic_names: Callable[[str], str],
    tmp_path: Path,
    extra: Mapping[str, Any],
    number: int,
    message: str,
) -> None:
    """One line that says what, where and the remedy, exit code 1, and the checkpoint stays as it is."""
    rig = rig_of(kafka, tmp_path, topic_names)
    kept(rig, {"topic_id": "", "ruleset": "", "poison": [], **extra}, Formats(number))
    before = {path: path.read_bytes() for path in (tmp_path / "state").rglob("manifests/*")}
    worker = rig.worker()
    worker.start()
    until(lambda: worker.code() is not None, "the worker ends")
    assert worker.code() == 1
    (line,) = [line for line in rig.logs().splitlines() if " ERROR " in line]
    assert message in line
    assert {path: path.read_bytes() for path in (tmp_path / "state").rglob("manifests/*")} == before


def test_other_groups_keep_theirs_in_the_same_place(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Each has a folder of its own there: neither reads, deletes or counts what is the other's."""
    rigs = [rig_of(kafka, tmp_path, topic_names, word) for word in ("one-", "two-")]
    for rig in rigs:
        with rig.worker() as worker:
            rig.send([event("a"), event("b")])
            judged_by(worker, 2)
            checkpointed(worker, 1)
    for rig in rigs:
        with rig.worker() as worker:
            rig.send([event("c")])
            rig.drain()
            assert total(worker, "fraudstream_recovered_messages_total") == 0
            assert not any(worker.metrics()["fraudstream_errors_total"].values())
        assert len(rig.alerts()) == 3

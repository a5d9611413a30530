"""A worker that may not do what it has to says what is missing and how to grant it, and ends with 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from kafka.admin import ACLOperation, ResourceType

from fraudstream.config import Topology
from fraudstream.stream.permissions import transactional_id
from fraudstream.stream.worker import EXIT_FAILED, run_worker
from loadtest.crash_rig import CrashRig
from loadtest.waiting import until
from tests.integration.acls import denied
from tests.unit.rule_files import rule_file, rule_files, write_files
from tests.unit.stream.fakes import FakeEngine, FakeObserver

pytestmark = pytest.mark.integration

READ, WRITE = ACLOperation.READ, ACLOperation.WRITE


@pytest.fixture
def names(topic_names: Callable[[str], str]) -> Mapping[str, str]:
    """Names of the topics of one test."""
    return {word: topic_names(word) for word in ("events", "alerts", "dead", "journal")}


def setup(kafka: str, folder: Path, names: Mapping[str, str]) -> CrashRig:
    """Return a topology under exactly once, whose topics are there."""
    rules = write_files(folder / "rules", rule_files(rule_file(status="live", cases="[]")))
    return CrashRig(kafka, folder, names, rules, guarantee="exactly_once")


def refused(topology: Topology, caplog: pytest.LogCaptureFixture) -> str:
    """Return the one line with which a worker that is denied something ends."""
    observer = FakeObserver()
    assert run_worker(topology, FakeEngine().as_engine(), observer) == EXIT_FAILED
    assert observer.errors == ["denied"]
    (line,) = caplog.messages
    return line


@pytest.mark.parametrize(
    ("word", "operation"),
    [("events", READ), ("alerts", WRITE), ("dead", WRITE), ("journal", READ), ("journal", WRITE)],
)
def test_a_denied_topic_is_named_with_the_remedy(
    kafka: str,
    names: Mapping[str, str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    word: str,
    operation: ACLOperation,
) -> None:
    """Read of the input, Write of what it writes, both of the journal: with the command that grants it."""
    rig = setup(kafka, tmp_path, names)
    what = operation.name.title()
    with denied(kafka, operation, ResourceType.TOPIC, names[word]):
        assert refused(rig.topology, caplog) == (
            f"{kafka}: this worker is denied {what} on topic {names[word]}: remove the ACL that denies it, "
            f"or grant it: kafka-acls --bootstrap-server {kafka} --add --allow-principal User:ANONYMOUS "
            f"--operation {what} --topic {names[word]}"
        )


def test_a_topic_that_may_not_be_seen_is_no_missing_one(
    kafka: str, names: Mapping[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is told to create a topic that is there."""
    rig = setup(kafka, tmp_path, names)
    with denied(kafka, ACLOperation.ALL, ResourceType.TOPIC, names["events"]):
        line = refused(rig.topology, caplog)
    assert f"is denied Read on topic {names['events']}: " in line


def test_a_denied_group_is_named(
    kafka: str, names: Mapping[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without it no offset can be read or committed."""
    rig = setup(kafka, tmp_path, names)
    group = rig.topology.kafka.group
    with denied(kafka, ACLOperation.ALL, ResourceType.GROUP, group):
        line = refused(rig.topology, caplog)
    assert f"is denied Read on group {group}: " in line
    assert line.endswith(f"--operation Read --group {group}")


@pytest.mark.parametrize("operation", [ACLOperation.ALL, WRITE])
def test_a_denied_transactional_id_is_named(
    kafka: str, names: Mapping[str, str], tmp_path: Path, operation: ACLOperation
) -> None:
    """Also where it may be seen, so that only the attempt to write under it tells."""
    rig = setup(kafka, tmp_path, names)
    name = transactional_id(rig.topology, 0)
    with denied(kafka, operation, ResourceType.TRANSACTIONAL_ID, name):
        worker = rig.worker()
        worker.start()
        until(lambda: worker.code() is not None, "the worker ends")
    assert worker.code() == EXIT_FAILED
    (line,) = [line for line in rig.logs().splitlines() if " ERROR " in line]
    assert f"this worker is denied Write on transactional-id {name}: " in line
    assert line.endswith(f"--operation Write --transactional-id {name}")

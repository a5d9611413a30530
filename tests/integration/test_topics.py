"""What becomes of a worker whose topics are not as its topology says: see docs/topics.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fraudstream.stream.admin import create_topics
from fraudstream.stream.worker import EXIT_FAILED, run_worker
from tests.integration.broker import create_topic
from tests.integration.stream_rig import NewRig
from tests.unit.stream.fakes import FakeEngine, FakeObserver, topology

pytestmark = pytest.mark.integration


def test_a_journal_of_several_partitions_is_refused(
    kafka: str, topic_names: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    """Its entries would have no order: one line says so, and the worker ends with 1."""
    names = {word: topic_names(word) for word in ("events", "alerts", "dead", "journal")}
    create_topic(kafka, names["journal"], 3)
    wanted = topology(kafka, names["events"].removesuffix(".events"), 1)
    create_topics(wanted)
    observer = FakeObserver()
    assert run_worker(wanted, FakeEngine().as_engine(), observer) == EXIT_FAILED
    assert observer.errors == ["topics"]
    assert caplog.messages == [
        f"{kafka}: {names['journal']}: exists, 3 partitions, but the topology says 1: "
        "mend the topology, or make the topic anew"
    ]


def test_an_input_of_more_partitions_than_the_topology_says_is_read(new_rig: NewRig) -> None:
    """One worker reads them all, so nothing is lost: the log and a metric tell of the difference."""
    rig = new_rig(partitions=3)
    rig.send([b'{"ALERT": 1}', b'{"ALERT": 2}', b'{"ALERT": 3}'])
    rig.told_partitions = 2
    worker = rig.worker().ready()
    rig.drain()
    assert worker.stop()["errors"] == ["topics"]
    assert "events: exists, 3 partitions, but the topology says 2: mend the topology" in worker.text()
    assert len(rig.alerts()) == 3

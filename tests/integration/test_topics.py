"""What becomes of a worker whose topics are not as its topology says: see docs/topics.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fraudstream.stream.admin import create_topics
from fraudstream.stream.topic_settings import doubts, topic_settings
from fraudstream.stream.worker import EXIT_FAILED, run_worker
from tests.integration.broker import create_topic, delete_topics
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


def test_settings_that_break_a_promise_are_told(kafka: str, topic_names: Callable[[str], str]) -> None:
    """Of topics that somebody else has made; those that `topics create` makes are as they should be."""
    names = {word: topic_names(word) for word in ("events", "alerts", "dead", "journal")}
    wanted = topology(kafka, names["events"].removesuffix(".events"), 1)
    for name in (names["events"], names["journal"]):
        create_topic(kafka, name, 1)
    create_topics(wanted)
    command = f"kafka-configs --bootstrap-server {kafka} --alter --entity-type topics --entity-name"
    assert list(doubts(wanted, topic_settings(wanted))) == [
        f"{names['events']}: messages have the stamp of their producer, so that ahead_max does not hold "
        "for a producer whose clock is wrong: "
        f"{command} {names['events']} --add-config message.timestamp.type=LogAppendTime",
        f"{names['journal']}: entries leave it after 604800000 ms, and a recovery no longer knows "
        f"the order and the rules of back then: {command} {names['journal']} --add-config retention.ms=-1",
    ]
    delete_topics(kafka, {names["events"], names["journal"]})
    create_topics(wanted)
    assert list(doubts(wanted, topic_settings(wanted))) == []

"""What becomes of offsets, partitions and topics that change under a group: the table of docs/topics.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from fraudstream.stream.admin import create_topics
from loadtest.crash_rig import CrashRig, judged_by, total, uninterrupted
from loadtest.waiting import SECONDS_MAX, until
from tests.integration.test_recovery import counting
from tests.unit.rule_files import event, rule_files, write_files

pytestmark = pytest.mark.integration


@pytest.fixture
def rig(kafka: str, topic_names: Callable[[str], str], tmp_path: Path) -> CrashRig:
    """A topology with one rule, which hits on every event and tells how many came before."""
    names = {word: topic_names(word) for word in ("events", "alerts", "dead", "journal")}
    rules = write_files(tmp_path / "rules", rule_files(counting(1)))
    return CrashRig(kafka, tmp_path, names, rules)


def admin(rig: CrashRig) -> Any:
    """Return a client for changing things behind the worker's back; to be closed."""
    return closing(KafkaAdminClient(bootstrap_servers=rig.kafka))


def set_group(rig: CrashRig, offset: int) -> None:
    """Move the group of a topology, of which no worker runs, to an offset."""
    topic, group = rig.topology.input.topic, rig.topology.kafka.group

    def moved() -> bool:
        with admin(rig) as client:
            client.alter_group_offsets(group, {TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)})
            found = client.list_group_offsets({group: [TopicPartition(topic, 0)]})[group]
        return bool(found[TopicPartition(topic, 0)].offset == offset)

    until(moved, "the group is moved")


def events(*numbers: int) -> list[bytes]:
    """Return numbered events."""
    return [event(f"{number}") for number in numbers]


def told(rig: CrashRig) -> list[tuple[str, bool]]:
    """Return the event of every alert, and whether it is marked as warming."""
    alerts = [orjson.loads(value) for _, value in rig.alerts()]
    return [(alert["event"]["id"], alert["warming"] is not None) for alert in alerts]


def errors(worker: Any) -> dict[tuple[str, ...], float]:
    """Return the failures that a worker has counted, by stage."""
    found = worker.metrics().get("fraudstream_errors_total", {})
    return {stage: number for stage, number in found.items() if number}


def judged(rig: CrashRig, sent: Sequence[bytes]) -> None:
    """Send events and have a worker judge them, which then stops in order."""
    rig.send(sent)
    with rig.worker():
        rig.drain()


def test_a_group_that_is_moved_back_tells_again(rig: CrashRig) -> None:
    """What lies behind is judged again from the state of back then: equal alerts, with equal ids."""
    judged(rig, events(0, 1, 2, 3, 4))
    before = rig.alerts()
    set_group(rig, 2)
    with rig.worker() as worker:
        rig.drain()
        rig.send(events(5))
        rig.drain()
        assert errors(worker) == {}
    assert rig.alerts()[:-1] == [*before, *before[2:]]
    assert dict(rig.alerts()) == uninterrupted(rig.topology, events(0, 1, 2, 3, 4, 5))


def test_a_group_that_is_moved_forward_counts_in_silence(rig: CrashRig) -> None:
    """What was skipped is known to the state, and not told."""
    judged(rig, events(0, 1))
    rig.send(events(2, 3, 4))
    set_group(rig, 4)
    with rig.worker() as worker:
        rig.drain()
        assert total(worker, "fraudstream_recovered_messages_total") == 2
    expected = uninterrupted(rig.topology, events(0, 1, 2, 3, 4))
    assert [each for each, _ in told(rig)] == ["0", "1", "4"]
    assert all(expected[name] == value for name, value in rig.alerts())


def test_a_compacted_input_is_told_of(rig: CrashRig) -> None:
    """What is left of it is judged, and its gaps count as no loss; a warning says why it should not be."""
    settings = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": "0",
    }
    topic = rig.topology.input.topic
    remake(rig, settings)
    send_keyed(rig, *[(event(f"{number}"), b"a") for number in range(5)])

    def is_compacted() -> bool:
        # Only segments that are closed are compacted: each message may close one.
        send_keyed(rig, (event("5"), b"b"))
        offsets = [record.offset for record in rig.read(topic)]
        return 4 in offsets and not {0, 1, 2, 3} & set(offsets)

    until(is_compacted, "the topic is compacted")
    with rig.worker() as worker:
        rig.drain()
        judged_by(worker, 1)
        assert errors(worker) == {("topics",): 1}
        assert total(worker, "fraudstream_warming_decisions_total") == 0
    assert [each for each, _ in told(rig)][:2] == ["4", "5"]
    assert "compaction removes events that a recovery would count again" in rig.logs()


def send_keyed(rig: CrashRig, *messages: tuple[bytes, bytes]) -> None:
    """Send payloads with keys, one after the other."""
    with closing(KafkaProducer(bootstrap_servers=rig.kafka)) as producer:
        for payload, key in messages:
            producer.send(rig.topology.input.topic, payload, key=key)
            producer.flush()


def remake(rig: CrashRig, settings: dict[str, str]) -> None:
    """Delete the input topic and make it anew with some settings."""
    topic = rig.topology.input.topic
    with admin(rig) as client:
        client.delete_topics([topic])
        until(lambda: topic not in client.list_topics(), "the topic is gone")
        options = {"num_partitions": 1, "replication_factor": 1}
        configs = {"message.timestamp.type": "LogAppendTime", **settings}
        client.create_topics({topic: {**options, "configs": configs}})
        client.wait_for_topics([topic])


def test_added_partitions_are_read(rig: CrashRig) -> None:
    """Within a minute, from their begin, by a worker that runs; the log says what to mend."""
    with rig.worker() as worker:
        rig.send(events(0))
        rig.drain()
        with admin(rig) as client:
            client.create_partitions({rig.topology.input.topic: 3})
        until(lambda: send_to(rig, 2, events(1)), "the new partition is there")
        judged_by(worker, 2)
        rig.send(events(2))
        judged_by(worker, 3)
        rig.drain()
        until(lambda: errors(worker) == {("topics",): 1}, "the new number is told")
    assert "has 3 partitions now, it had 1: all are read" in rig.logs()
    assert dict(rig.alerts()) == uninterrupted(rig.topology, events(0, 1, 2))


def send_to(rig: CrashRig, partition: int, payloads: Sequence[bytes]) -> bool:
    """Send to a partition; tell whether it was there."""
    with closing(KafkaProducer(bootstrap_servers=rig.kafka)) as producer:
        if partition not in (producer.partitions_for(rig.topology.input.topic) or ()):
            return False
        for payload in payloads:
            producer.send(rig.topology.input.topic, payload, partition=partition)
        producer.flush()
    return True


def test_an_input_made_anew_begins_a_new_history(rig: CrashRig) -> None:
    """While no worker runs: it is read from its begin with an empty state, and what is judged is marked."""
    judged(rig, events(0, 1))
    remake(rig, {})
    rig.send(events(2))
    with rig.worker() as worker:
        rig.drain()
        assert errors(worker) == {("topics",): 1}
    assert told(rig) == [("0", False), ("1", False), ("2", True)]
    assert "was deleted and made anew: it is judged from its begin by an empty state" in rig.logs()


def test_a_running_worker_notices_an_input_made_anew(rig: CrashRig) -> None:
    """It takes no offset of the new one for one of the old one: it begins anew, or ends and the next does."""
    with rig.worker() as worker:
        rig.send(events(0, 1, 2))
        rig.drain()
        remake(rig, {})
        rig.send(events(3, 4))
        until(lambda: worker.code() is not None or len(told(rig)) == 5, "it is noticed")
        assert worker.code() in (None, 1)
    with rig.worker():
        rig.drain()
    assert told(rig)[:3] == [("0", False), ("1", False), ("2", False)]
    assert told(rig)[3:] == [("3", True), ("4", True)]
    assert "was deleted and made anew" in rig.logs()


def test_an_input_that_is_deleted_ends_the_worker(rig: CrashRig) -> None:
    """With 1, and with what it needs to go on."""
    with rig.worker() as worker:
        rig.send(events(0))
        rig.drain()
        with admin(rig) as client:
            client.delete_topics([rig.topology.input.topic])
        until(lambda: worker.code() is not None, "the worker ends", 2 * SECONDS_MAX)
        assert worker.code() == 1
    assert "was deleted while it was read: stopping; create it with `fraudstream topics create`" in rig.logs()
    create_topics(rig.topology)

"""A crash leaves no trace: the next worker knows what the dead one knew.

What must come out is what one engine says that judges everything without a break.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from kafka import KafkaAdminClient, TopicPartition

from loadtest.crash_rig import GUARANTEES, CrashRig, judged_by, total, uninterrupted
from loadtest.demo_worker import Worker
from loadtest.traffic import generate
from loadtest.waiting import until
from tests.integration.stream_rig import ROOT
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration

EVENTS = 200_000
KILLED_AMONG, LAST = 400_000, 20_000
"""The events of a stream whose workers are killed, and how many of them are sent when those are dead.

A worker judges tens of thousands between two looks at it, and something must be left for whoever comes then.
"""
KILLED_AFTER = (20_000, 15_000, 20_000)
"""How many events each worker judges at least before it is killed."""


def named(topic: Callable[[str], str]) -> dict[str, str]:
    """Return names for the topics of one test."""
    return {word: topic(word) for word in ("events", "alerts", "dead", "journal")}


def checkpointed(worker: Worker, times: int) -> None:
    """Wait until a worker has written so many checkpoints."""
    until(lambda: total(worker, "fraudstream_checkpoints_total") >= times, "a checkpoint is written")


def judged_until_killed(setup: CrashRig, events: int) -> None:
    """Kill a worker once it has judged so many events, and has committed some of them."""
    behind = setup.behind()
    with setup.worker() as worker:
        judged_by(worker, events)
        until(lambda: setup.behind() < behind, "some of them are committed")
        worker.kill()


def assert_same(found: Sequence[tuple[str, bytes]], expected: Mapping[str, bytes]) -> None:
    """Raise AssertionError where an alert is missing, too much, or in any byte different."""
    assert {each for each, _ in found} == expected.keys()
    assert all(value == expected[each] for each, value in found)


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_killed_workers_leave_the_alerts_of_one_that_was_not(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path, guarantee: str
) -> None:
    """After three kills in mid-stream every alert is there, to the byte, and none that should not be."""
    setup = CrashRig(kafka, tmp_path, named(topic_names), ROOT / "rules", guarantee=guarantee)
    payloads = generate(KILLED_AMONG).payloads
    expected = uninterrupted(setup.topology, payloads)
    setup.send(payloads[:-LAST])
    for events in KILLED_AFTER:
        judged_until_killed(setup, events)
    setup.send(payloads[-LAST:])
    with setup.worker():
        setup.drain()
    assert_same(setup.alerts(), expected)
    read_again = [int(number) for number in re.findall(r"(\d+) messages read again", setup.logs())]
    if guarantee == "exactly_once":
        assert len(setup.alerts()) == len(expected)
    assert len(read_again) == 1 + len(KILLED_AFTER)
    assert sum(read_again) > 0


def counting(least: int) -> bytes:
    """Return a rule that hits from so many events of a debtor on."""
    features = "{n: {count: events, by: debtor.id, window: 30d}}"
    return rule_file(f"n >= {least}", features=features, cases="[]", status="live")


def test_a_replay_judges_by_the_rules_of_back_then(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Rules that changed before a crash; then a clean stop, after which nothing is read again."""
    rules = write_files(tmp_path / "rules", rule_files(counting(3)))
    setup = CrashRig(kafka, tmp_path, named(topic_names), rules)
    with setup.worker() as worker:
        setup.send([event(f"a{number}") for number in range(4)])
        judged_by(worker, 4)
        write_files(rules, rule_files(counting(6)))
        until(lambda: "is in force" in setup.logs(), "the rules are taken up")
        setup.send([event(f"b{number}") for number in range(3)])
        judged_by(worker, 7)
        setup.drain()
        worker.kill()
    write_files(rules, rule_files(counting(9)))
    with setup.worker():
        setup.send([event(f"c{number}") for number in range(2)])
        setup.drain()
    with setup.worker() as worker:
        setup.send([event("d")])
        setup.drain()
        assert total(worker, "fraudstream_recovered_messages_total") == 0
    alerted = [orjson.loads(value)["event"]["id"] for _, value in setup.alerts()]
    assert alerted == ["a2", "a3", "b1", "b2", "c1", "d"]
    assert "is not kept" not in setup.logs()


def test_the_order_between_partitions_is_kept(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Partitions that took turns are read again in the same turns: each event sees the same count."""
    rules = write_files(tmp_path / "rules", rule_files(counting(1)))
    setup = CrashRig(kafka, tmp_path, named(topic_names), rules, partitions=3, every="1h")
    turns = [(turn % 3, [event(f"{turn}-{number}") for number in range(5)]) for turn in range(12)]
    with setup.worker() as worker:
        for done, (partition, messages) in enumerate(turns[:9]):
            setup.send(messages, partition)
            judged_by(worker, 5 * (done + 1))
        setup.drain()
        worker.kill()
    with setup.worker() as worker:
        for done, (partition, messages) in enumerate(turns[9:]):
            setup.send(messages, partition)
            judged_by(worker, 5 * (done + 1))
        assert total(worker, "fraudstream_recovered_messages_total") == 45
    expected = uninterrupted(setup.topology, [message for _, messages in turns for message in messages])
    assert_same(setup.alerts(), expected)


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_a_worker_that_was_frozen_is_no_harm(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path, guarantee: str
) -> None:
    """It comes back after another has taken over, and sends nothing more that matters."""
    setup = CrashRig(kafka, tmp_path, named(topic_names), ROOT / "rules", guarantee=guarantee)
    payloads = generate(EVENTS).payloads
    expected = uninterrupted(setup.topology, payloads)
    setup.send(payloads)
    with setup.worker() as frozen:
        judged_by(frozen, 40_000)
        frozen.freeze()
        with setup.worker() as heir:
            judged_by(heir, 20_000)
            frozen.thaw()
            setup.drain()
            heir.check()
    assert_same(setup.alerts(), expected)
    if guarantee == "exactly_once":
        assert len(setup.alerts()) == len(expected)


def test_a_damaged_checkpoint_is_left_out(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """The one before it is taken, and more is read again; the log and a metric say so."""
    rules = write_files(tmp_path / "rules", rule_files(counting(2)))
    setup = CrashRig(kafka, tmp_path, named(topic_names), rules)
    messages = [event(f"{number}") for number in range(9)]
    with setup.worker() as worker:
        for part in range(3):
            setup.send(messages[3 * part : 3 * part + 3])
            setup.drain()
            checkpointed(worker, part + 1)
        worker.kill()
    newest = max((tmp_path / "state").rglob("manifests/*"), key=lambda path: path.name)
    newest.write_bytes(newest.read_bytes()[:-20])
    with setup.worker() as worker:
        setup.send([event("last")])
        setup.drain()
        assert worker.metrics()["fraudstream_errors_total"][("checkpoint",)] == 1
        assert total(worker, "fraudstream_recovered_messages_total") >= 3
    assert newest.name in setup.logs()
    assert_same(setup.alerts(), uninterrupted(setup.topology, [*messages, event("last")]))


def test_messages_that_have_left_the_topic_are_told(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """What a recovery needs is gone: it starts from what is there, and says and marks what that means."""
    rules = write_files(tmp_path / "rules", rule_files(counting(5)))
    setup = CrashRig(kafka, tmp_path, named(topic_names), rules)
    setup.every("1h")
    with setup.worker() as worker:
        setup.send([event(f"{number}") for number in range(4)])
        setup.drain()
        worker.kill()
    delete_records(kafka, setup.topology.input.topic, before=2)
    setup.every("1s")
    with setup.worker() as worker:
        setup.send([event(f"{number}") for number in range(4, 8)])
        setup.drain()
        assert worker.metrics()["fraudstream_errors_total"][("retention",)] == 1
        assert total(worker, "fraudstream_warming_decisions_total") == 4
        checkpointed(worker, 1)
        worker.kill()
    with setup.worker() as worker:
        setup.send([event("8"), event("month later", "2026-04-02T08:00:00Z")])
        setup.drain()
        assert total(worker, "fraudstream_warming_decisions_total") == 1
        assert worker.metrics()["fraudstream_errors_total"][("retention",)] == 0
    alerts = [orjson.loads(value) for _, value in setup.alerts()]
    assert [alert["event"]["id"] for alert in alerts] == ["6", "7", "8"]
    missing = {"from": None, "to": "2026-03-02T08:00:00Z"}
    mark = {"missing": missing, "until": "2026-04-01T08:05:00Z", "rules": ["TST-ANY-001"], "features": []}
    assert [alert["warming"] for alert in alerts] == [mark] * 3
    assert "offsets 0 to 1 have left the topic: decisions that look back to them are marked" in setup.logs()


def test_messages_that_leave_the_topic_unread_are_told(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """While no worker runs: what was never judged is named, and what comes behind it marked."""
    rules = write_files(tmp_path / "rules", rule_files(counting(1)))
    setup = CrashRig(kafka, tmp_path, named(topic_names), rules)
    with setup.worker():
        setup.send([event("0"), event("1")])
        setup.drain()
    setup.send([event("2"), event("3"), event("4")])
    delete_records(kafka, setup.topology.input.topic, before=4)
    with setup.worker() as worker:
        setup.drain()
        assert worker.metrics()["fraudstream_errors_total"][("retention",)] == 1
    alerts = [orjson.loads(value) for _, value in setup.alerts()]
    assert [(alert["event"]["id"], alert["warming"] is None) for alert in alerts] == [
        ("0", True),
        ("1", True),
        ("4", False),
    ]
    assert "offsets 2 to 3 have left the topic unread: " in setup.logs()


def delete_records(kafka: str, topic: str, before: int) -> None:
    """Have the broker forget the oldest messages of a topic."""
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as admin:
        admin.delete_records({TopicPartition(topic, 0): before})

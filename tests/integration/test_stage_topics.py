"""What becomes of topics between stages that change, lose messages or go: the table of docs/topics.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.stream.admin import STAGE_SETTINGS, create_topics
from fraudstream.stream.batch import Batch
from fraudstream.stream.keyed.origins import part_messages
from fraudstream.stream.topic_settings import doubts, topic_settings
from fraudstream.stream.worker import EXIT_FAILED, run_worker
from loadtest.crash_rig import CrashRig, uninterrupted
from loadtest.waiting import SECONDS_MAX, until
from tests.integration.broker import create_topic
from tests.integration.test_keyed import moves
from tests.integration.test_recovery import counting
from tests.integration.test_topic_life import admin, errors, events, told
from tests.unit.rule_files import rule_files, write_files
from tests.unit.stream.fakes import FakeEngine, FakeObserver, record

pytestmark = pytest.mark.integration

SHARES = 2
STAGES = SHARES + 1
"""Behind the first."""
WORDS = ("events", "alerts", "dead", "journal", "parts", "found")


class Names(dict[str, str]):
    """The names of the topics of a test, by what they are for."""


@pytest.fixture
def names(topic_names: Callable[[str], str]) -> Names:
    """Names for all topics of a keyed topology."""
    return Names((word, topic_names(word)) for word in WORDS)


@pytest.fixture
def new_rig(kafka: str, names: Names, tmp_path: Path) -> Callable[[], CrashRig]:
    """Makes the keyed topology of one rule, which hits on every event and tells how many came before."""
    rules = write_files(tmp_path / "rules", rule_files(counting(1)))
    return lambda: CrashRig(kafka, tmp_path, names, rules, guarantee="exactly_once", shares=SHARES)


@pytest.fixture
def rig(new_rig: Callable[[], CrashRig]) -> CrashRig:
    """That topology with topics as they should be."""
    return new_rig()


def judge(rig: CrashRig, *numbers: int) -> dict[tuple[str, ...], float]:
    """Have a worker judge numbered events to the end, and stop in order; return the errors it has counted."""
    count = len(rig.alerts())
    with rig.worker() as worker:
        rig.send(events(*numbers))
        until(lambda: len(rig.alerts()) >= count + len(numbers), "all are judged")
        return errors(worker)


def remake(rig: CrashRig, *topics: str) -> None:
    """Delete topics between stages, and make them anew."""
    with admin(rig) as client:
        client.delete_topics(list(topics))
        until(lambda: not {*topics} & {*client.list_topics()}, "they are gone")
    create_topics(rig.topology)


def pass_on(rig: CrashRig, judged: Sequence[int], numbers: Sequence[int]) -> dict[int, list[int]]:
    """Do what the first stage does with numbered events, where it has done with those that are judged.

    Return by partition of the parts the offsets of their messages.
    """
    assert rig.topology.keyed is not None
    ingest = Ingest(load_ruleset(rig.topology.rules), rig.topology.settings(), SHARES)
    ingest.step(events(*judged))
    offsets: dict[int, list[int]] = {partition: [] for partition in range(SHARES + 1)}
    with closing(KafkaProducer(bootstrap_servers=rig.kafka)) as producer:
        for number in numbers:
            batch = Batch((rig.topology.input.topic, 0), [record(number, events(number)[0])])
            parts = ingest.step(batch.values).parts
            for each in part_messages(batch, parts, rig.topology.keyed.parts):
                sent = producer.send(each.topic, each.value, None, each.headers, each.partition)
                offsets[each.partition or 0].append(sent.get(10).offset)
    return offsets


def lose(rig: CrashRig, topic: str, before: dict[int, int]) -> None:
    """Let messages leave a topic as retention does: by partition those before an offset."""
    with admin(rig) as client:
        client.delete_records({TopicPartition(topic, number): offset for number, offset in before.items()})


def test_topics_made_anew_when_all_is_judged_change_nothing(rig: CrashRig, names: Names) -> None:
    """The windows go on with what they have counted, and no decision is marked."""
    assert judge(rig, 0, 1, 2) == {}
    remake(rig, names["parts"], names["found"])
    assert judge(rig, 3, 4) == {}
    assert told(rig) == [(f"{number}", False) for number in range(5)]
    assert dict(rig.alerts()) == uninterrupted(rig.topology, events(0, 1, 2, 3, 4))


@pytest.mark.parametrize("word", ["parts", "found"])
def test_a_topic_that_is_deleted_ends_the_worker(rig: CrashRig, names: Names, word: str) -> None:
    """With 1, and with what it needs; made anew, the stages go on with what they have counted."""
    judge(rig, 0, 1)
    moved = moves(rig)
    with rig.worker() as worker:
        until(lambda: moves(rig) >= moved + STAGES, "all stages are there")
        with admin(rig) as client:
            client.delete_topics([names[word]])
        until(lambda: worker.code() is not None, "the worker ends", 2 * SECONDS_MAX)
        assert worker.code() == EXIT_FAILED
    remedy = "was deleted while it was read: stopping; create it with `fraudstream topics create`"
    assert f"{names[word]} {remedy}" in rig.logs()
    create_topics(rig.topology)
    judge(rig, 2)
    assert dict(rig.alerts()) == uninterrupted(rig.topology, events(0, 1, 2))


def test_a_topic_that_is_made_anew_ends_the_worker_that_reads_it(rig: CrashRig, names: Names) -> None:
    """It says what to do; the next one goes on with what the stages have counted."""
    judge(rig, 0, 1)
    moved = moves(rig)
    with rig.worker() as worker:
        until(lambda: moves(rig) >= moved + STAGES, "all stages are there")
        remake(rig, names["parts"])
        until(lambda: worker.code() is not None, "the worker ends", 2 * SECONDS_MAX)
        assert worker.code() == EXIT_FAILED
    assert (
        f"{names['parts']} was deleted and made anew while it was read: stopping; start again" in rig.logs()
    )
    judge(rig, 2)
    assert dict(rig.alerts()) == uninterrupted(rig.topology, events(0, 1, 2))


def test_parts_that_leave_the_topic_before_they_are_read_are_told(rig: CrashRig, names: Names) -> None:
    """Every stage goes on behind them; what it gives is marked, and no worker is needed to mend it."""
    judge(rig, 0, 1)
    offsets = pass_on(rig, [0, 1], [2, 3, 4])
    lose(rig, names["parts"], {partition: at[2] for partition, at in offsets.items()})
    with rig.worker() as worker:
        until(lambda: len(rig.alerts()) == 3, "the last one is judged")
        assert errors(worker) == {("retention",): STAGES}
    assert told(rig) == [("0", False), ("1", False), ("4", True)]
    assert f"{names['parts']}[{SHARES}]: 2 events have left the topic, and what was not judged" in rig.logs()
    assert f"{names['parts']}[0]: 2 events have left the topic, and share 0 does not count them" in rig.logs()


def test_the_merge_does_not_wait_for_a_share_whose_parts_are_gone(rig: CrashRig, names: Names) -> None:
    """Those events are judged without its features, and every later one that looks back to them is marked."""
    judge(rig, 0, 1)
    offsets = pass_on(rig, [0, 1], [2, 3, 4])
    lose(rig, names["parts"], {partition: offsets[partition][2] for partition in range(SHARES)})
    with rig.worker() as worker:
        until(lambda: len(rig.alerts()) == 3, "the last one is judged")
        assert errors(worker) == {("retention",): 2 * SHARES}
        assert sum(worker.metrics()["fraudstream_decisions_total"].values()) == 3
    assert told(rig) == [("0", False), ("1", False), ("4", True)]
    assert "what share 0 has found for 2 events is gone: they are judged without its features" in rig.logs()


def failed_start(rig: CrashRig, caplog: pytest.LogCaptureFixture) -> str:
    """Return the only line that a worker says which does not start."""
    observer = FakeObserver()
    assert run_worker(rig.topology, FakeEngine().as_engine(), observer) == EXIT_FAILED
    assert observer.errors == ["topics"]
    (line,) = caplog.messages
    return line


def test_other_numbers_of_partitions_are_refused(
    new_rig: Callable[[], CrashRig], kafka: str, names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    """Entities would live elsewhere: the worker does not start."""
    create_topic(kafka, names["found"], SHARES + 1)
    line = failed_start(new_rig(), caplog)
    assert line.endswith(
        "found: exists, 3 partitions, but the topology says 2: mend the topology, or make the topic anew"
    )


def test_settings_that_stop_a_stage_are_refused(
    new_rig: Callable[[], CrashRig], kafka: str, names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    """A compacted topic takes no message without a key."""
    make(kafka, names["parts"], SHARES + 1, {**STAGE_SETTINGS, "cleanup.policy": "compact"})
    line = failed_start(new_rig(), caplog)
    assert line == (
        f"{names['parts']} is compacted, and takes no messages without a key, as those between stages are: "
        f"kafka-configs --bootstrap-server {kafka} --alter --entity-type topics --entity-name "
        f"{names['parts']} --add-config cleanup.policy=delete"
    )


def test_settings_that_lose_what_waits_are_told(
    new_rig: Callable[[], CrashRig], kafka: str, names: Names
) -> None:
    """The worker starts, and says what to mend; topics that are created for it are as they should be."""
    short = {"retention.ms": "60000", "retention.bytes": "1000000"}
    make(kafka, names["found"], SHARES, {**STAGE_SETTINGS, **short})
    rig = new_rig()
    command = (
        f"kafka-configs --bootstrap-server {kafka} --alter --entity-type topics "
        f"--entity-name {names['found']}"
    )
    assert list(doubts(rig.topology, topic_settings(rig.topology))) == [
        f"{names['found']}: messages leave it after 60000 ms, judged or not: {command} "
        "--add-config retention.ms=604800000",
        f"{names['found']}: messages leave it beyond 1000000 bytes, judged or not: {command} "
        "--add-config retention.bytes=-1",
    ]


def make(kafka: str, topic: str, partitions: int, settings: dict[str, str]) -> None:
    """Create a topic with some settings."""
    options: dict[str, Any] = {"num_partitions": partitions, "replication_factor": 1, "configs": settings}
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as client:
        client.create_topics({topic: options})
        client.wait_for_topics([topic])

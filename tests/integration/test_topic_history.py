"""Parts of a topic as history: by offsets, by times, and what is said where some of it is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from fraudstream.cli.topic_history import open_topic
from fraudstream.events.times import parse_time
from fraudstream.workbench.sources import SourceError
from tests.integration.broker import create_topic

pytestmark = pytest.mark.integration

MONDAY_MS = parse_time("2026-11-02T00:00:00Z") // 1_000
HOUR_MS = 3_600_000
SENT = {0: (0, 10, 24, 30), 1: (5, 10, 40)}
"""By partition, at which hours from Monday on a message was appended."""


@pytest.fixture
def topic(kafka: str, topic_names: Callable[[str], str]) -> str:
    """The address of a topic with two partitions."""
    name = topic_names("history")
    create_topic(kafka, name, partitions=2)
    with closing(KafkaProducer(bootstrap_servers=kafka)) as producer:
        for partition, hours in SENT.items():
            for hour in hours:
                value = b"%d:%d" % (partition, hour)
                producer.send(name, value, partition=partition, timestamp_ms=MONDAY_MS + hour * HOUR_MS)
        producer.flush()
    return f"kafka://{kafka}/{name}"


def read(place: str) -> str:
    """Return the messages of a place."""
    return " ".join((value or b"").decode() for value in _values(place))


def _values(place: str) -> Iterator[bytes | None]:
    for batch in open_topic(place, None).batches():
        yield from batch


def test_ranges_are_read_by_append_time(topic: str) -> None:
    """All of it, parts by offset and time, and of one partition; a range ends before its second mark."""
    assert read(topic) == "0:0 1:5 0:10 1:10 0:24 0:30 1:40"
    assert read(f"{topic}@1..3") == "0:10 1:10 0:24 1:40"
    assert read(f"{topic}@0:1..,1:..1") == "1:5 0:10 0:24 0:30"
    assert read(f"{topic}@2026-11-02T10:00..2026-11-03") == "0:10 1:10"
    assert read(f"{topic}@2026-11-03..2027-01-01") == "0:24 0:30 1:40"
    assert open_topic(f"{topic}@1..3", None).rows == 4
    (whole,) = open_topic(topic, None).batches()
    assert whole.appended_us[:2].tolist() == [MONDAY_MS * 1_000, (MONDAY_MS + 5 * HOUR_MS) * 1_000]


def test_what_is_not_there_is_told(kafka: str, topic: str) -> None:
    """Retained away, yet to come, held by a transaction, or no topic at all; what was aborted never was."""
    name = topic.rpartition("/")[2]
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as admin:
        admin.delete_records({TopicPartition(name, 0): 2})
    with closing(KafkaProducer(bootstrap_servers=kafka, transactional_id=name)) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(name, b"aborted", partition=1)
        producer.flush()
        with pytest.raises(SourceError, match=r"\[1\] cannot be read beyond offset 3, a transaction is open"):
            read(topic)
        producer.abort_transaction()
    assert read(topic) == "1:5 1:10 0:24 0:30 1:40"
    for part, told in (
        ("@1..3", r"\[0\]: what was before offset 2, appended at 2026-11-03T00:00:00Z, has left the topic"),
        ("@2026-11-02..", r"\[0\]: what was before offset 2, appended at 2026-11-03T00:00:00Z, has left"),
        ("@0:2..9", r"\[0\] ends at offset 4: end the range there"),
        ("@2027-01-01..", "holds no message there: give another range"),
        ("-gone", "no topic .*-gone: check the name"),
    ):
        with pytest.raises(SourceError, match=told):
            read(topic + part)

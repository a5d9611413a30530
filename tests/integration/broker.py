"""Which broker serves the integration tests: real Apache Kafka wherever Docker or Java can run it.

Elsewhere it is the embedded broker, but in CI (`CI=true`) that is an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from fraudstream.stream.embedded import EmbeddedBroker

KAFKA_TOOL = Path(__file__).parents[2] / "deploy" / "kafka" / "kafka.py"
EXIT_NO_RUNTIME = 3
NO_REAL_KAFKA = "neither a Docker engine nor Java with Maven is here"
IN_CI = os.environ.get("CI") == "true"


class NoRealKafkaError(Exception):
    """This machine cannot run Apache Kafka; the message says what to install."""


@dataclass(frozen=True)
class Broker:
    """A broker that is up: its address, and its name for the test summary."""

    bootstrap: str
    name: str


@contextmanager
def session_broker(directory: Path) -> Iterator[Broker]:
    """The broker of this test run, for the length of the block."""
    with ExitStack() as stack:
        yield enter_broker(stack, directory)


def enter_broker(stack: ExitStack, directory: Path) -> Broker:
    """The broker that FRAUDSTREAM_KAFKA names, else real Kafka, else (never in CI) the embedded one."""
    if given := os.environ.get("FRAUDSTREAM_KAFKA"):
        return Broker(given, f"{given}, which FRAUDSTREAM_KAFKA names")
    try:
        return stack.enter_context(real_kafka(directory, "--port", "0"))
    except NoRealKafkaError:
        if IN_CI:
            raise
    embedded = stack.enter_context(EmbeddedBroker())
    return Broker(embedded.bootstrap, f"the embedded broker: {NO_REAL_KAFKA}")


@contextmanager
def real_kafka(directory: Path, *options: str) -> Iterator[Broker]:
    """Apache Kafka for the length of the block. Raises NoRealKafkaError where it cannot run."""
    started = kafka_tool("up", directory, *options)
    if started.returncode == EXIT_NO_RUNTIME:
        raise NoRealKafkaError(started.stderr)
    assert started.returncode == 0, started.stderr
    try:
        yield Broker(started.stdout.strip(), kafka_tool("status", directory).stdout.strip())
    finally:
        stopped = kafka_tool("down", directory)
        assert stopped.returncode == 0, stopped.stderr


def kafka_tool(command: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs deploy/kafka/kafka.py on the broker of a directory."""
    line = [sys.executable, str(KAFKA_TOOL), command, "--dir", str(directory), *options]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def create_topic(bootstrap: str, name: str, partitions: int = 4) -> None:
    """Creates a topic of one replica."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_topics([NewTopic(name=name, num_partitions=partitions, replication_factor=1)])


def delete_topics(bootstrap: str, names: set[str]) -> None:
    """Deletes those of the topics that exist."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        if existing := names & set(admin.list_topics()):
            admin.delete_topics(sorted(existing))

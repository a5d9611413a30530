"""A topology on the broker of the run: feeds it, runs workers on it, and reads what comes out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from fraudstream.stream.admin import create_topics, lag
from loadtest.waiting import SECONDS_MAX, until
from tests.integration.broker import IN_CI
from tests.unit.stream.fakes import topology

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """A worker on its own process, with its log in a file."""

    def __init__(self, rig: Rig, step_seconds: float, receipt_seconds: float) -> None:
        self._log = rig.directory / f"worker-{len(rig.workers)}.log"
        self._summary = self._log.with_suffix(".json")
        command = [sys.executable, "-m", "tests.integration.stream_worker"]
        numbers = [rig.told_partitions, step_seconds, receipt_seconds]
        arguments = [rig.bootstrap, rig.prefix, *map(str, numbers)]
        with self._log.open("wb") as log, self._summary.open("wb") as summary:
            self._process = subprocess.Popen(command + arguments, cwd=ROOT, stdout=summary, stderr=log)

    def ready(self) -> WorkerProcess:
        """Wait until the worker has its partitions."""
        until(lambda: ": ready" in self.text() or self._process.poll() is not None, "the worker is ready")
        assert self._process.poll() is None, self.text()
        return self

    def text(self) -> str:
        """What the worker has logged."""
        return self._log.read_text()

    def stop(self) -> dict[str, Any]:
        """Ask the worker to stop; return what it saw. It must end in order."""
        self._process.send_signal(signal.SIGTERM)
        code, summary = self.wait()
        assert code == 0, self.text()
        return summary

    def wait(self) -> tuple[int, dict[str, Any]]:
        """Wait for the worker's own end; return its exit code and what it saw."""
        code = self._process.wait(SECONDS_MAX)
        return code, json.loads(self._summary.read_text())

    def kill(self) -> None:
        """End the worker as a power cut would, if it still runs."""
        self._process.kill()
        self._process.wait()


class Rig:
    """Topics of one test, with the names `<prefix>.events`, `.alerts` and `.dead`."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int, directory: Path) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.partitions = partitions
        self.told_partitions = partitions
        """What the topology of the workers says."""
        self.directory = directory
        self.topology = topology(bootstrap, prefix, partitions)
        self.workers: list[WorkerProcess] = []
        create_topics(self.topology)

    def worker(self, step_seconds: float = 0.0, receipt_seconds: float = 0.0) -> WorkerProcess:
        """Start a worker whose engine and whose broker take so long for each batch."""
        worker = WorkerProcess(self, step_seconds, receipt_seconds)
        self.workers.append(worker)
        return worker

    def send(self, values: Iterable[bytes | None], **options: Any) -> None:
        """Send messages to the partitions in turn, and wait until the broker has them all."""
        with closing(self.producer(linger_ms=5, **options)) as producer:
            for number, value in enumerate(values):
                producer.send(self.topology.input.topic, value=value, partition=number % self.partitions)
            producer.flush()

    def producer(self, **options: Any) -> Any:
        """Return a producer."""
        return KafkaProducer(bootstrap_servers=self.bootstrap, batch_size=200_000, **options)

    def lag(self) -> int:
        """How many messages the group has yet to commit."""
        return sum(lag(self.topology).values())

    def drain(self) -> None:
        """Wait until the group has committed everything."""
        until(lambda: self.lag() == 0, "no lag")

    def alerts(self) -> list[str]:
        """The ids of all alerts."""
        return [headers_of(each)["alert_id"] for each in self.read(self.topology.output.alerts)]

    def dead_letters(self) -> list[Any]:
        """All dead letters."""
        return list(self.read(self.topology.output.dead_letters))

    def read(self, topic: str) -> Iterator[Any]:
        """Give all messages of a topic, without those of transactions that were not committed."""
        with closing(
            KafkaConsumer(
                bootstrap_servers=self.bootstrap,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
            )
        ) as consumer:
            partitions = [TopicPartition(topic, number) for number in range(self.partitions)]
            consumer.assign(partitions)
            # On the embedded broker only a fetch knows the end, see EmbeddedBroker.
            done = dict.fromkeys(partitions, False)
            while not all(done.values()):
                for records in consumer.poll(timeout_ms=200).values():
                    yield from records
                for partition in partitions:
                    done[partition] = consumer.position(partition) == consumer.highwater(partition)


NewRig = Callable[..., Rig]
"""Makes a rig with so many partitions."""


def set_limit(kafka: str, topic: str, size_bytes: int) -> None:
    """Set the largest record batch that a topic takes."""
    setting = {"max.message.bytes": str(size_bytes)}
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as admin:
        try:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=setting)])
        except ValueError:
            if IN_CI:
                raise
            pytest.skip("this broker, the embedded one, has no topic settings")


def headers_of(record: Any) -> dict[str, str]:
    """Return a message's headers as text."""
    return {name: value.decode() for name, value in record.headers}


def alert_id(value: bytes) -> str:
    """Return the id of the alert that the fake engine gives for a payload."""
    return f"alert of {value.decode()}"


def payloads(count: int, every: int = 10, start: int = 0) -> list[bytes]:
    """Return payloads of which one in so many is alerted on."""
    numbers = range(start, start + count)
    return [b'{"ALERT": %d}' % n if n % every == 0 else b'{"event": %d}' % n for n in numbers]


def expected_alerts(values: Iterable[bytes]) -> set[str]:
    """Return the ids of the alerts that these payloads must give."""
    return {alert_id(value) for value in values if b"ALERT" in value}

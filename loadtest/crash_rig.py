"""Workers on a topology of their own, to be hurt in every way, beside one engine that judges everything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from fraudstream.config import Topology, load_topology
from fraudstream.engine.step import Engine
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.stream.admin import create_topics, lag
from fraudstream.stream.embedded import free_port
from loadtest import metrics_page
from loadtest.demo_worker import Worker
from loadtest.waiting import SECONDS_MAX, until

JUDGED_SECONDS_MAX = 120.0
GUARANTEES = ("at_least_once", "exactly_once")


class CrashRig:
    """A topology in a folder, its topics, and the workers on it.

    `names` are those of the topics: events, alerts, dead and journal; the first is the group as well. Where
    there is one for labels, labels are learned; where there is one for shadow alerts, they are told. With
    `shares` the topology is a keyed one with so many, and `names` has parts and found as well. In a `warm`
    one new features count the past.
    """

    def __init__(
        self,
        kafka: str,
        folder: Path,
        names: Mapping[str, str],
        rules: Path,
        partitions: int = 1,
        *,
        every: str = "1s",
        guarantee: str = GUARANTEES[0],
        shares: int = 0,
        payloads: str = "kept",
        warm: bool = False,
    ) -> None:
        shadow = f", shadow: {names['shadow']}" if "shadow" in names else ""
        self._text = (
            "schema: fraudstream.topology/v1\nname: recovery\n"
            f"kafka: {{bootstrap: '{kafka}', group: {names['events']}}}\n"
            f"input: {{topic: {names['events']}, partitions: {partitions}}}\n"
            f"output: {{alerts: {names['alerts']}, dead_letters: {names['dead']}, "
            f"journal: {names['journal']}, dead_letter_payloads: {payloads}{shadow}}}\n"
            f"rules: {{directory: {rules}{', warm_from: input' if warm else ''}}}\n"
            f"checkpoints: {{url: state, every: {every}}}\n"
            f"processing_guarantee: {guarantee}\nprivacy: {{personal: clear}}\n"
        )
        if "labels" in names:
            self._text += f"labels: {{topic: {names['labels']}}}\n"
        if shares:
            between = f"parts: {names['parts']}, found: {names['found']}"
            self._text += f"keyed: {{partitions: {shares}, {between}}}\n"
        self.folder = folder
        self.kafka = kafka
        self.workers: list[Worker] = []
        """All that were made, in their order."""
        self.topology: Topology = load_topology(self._file(0, 0))
        create_topics(self.topology)

    def worker(self, kafka: str | None = None, module: str = "fraudstream.cli") -> Worker:
        """Return a worker, to be started by `with`; it may reach the broker by another address.

        `module` is what runs as `fraudstream`.
        """
        number, port = len(self.workers) + 1, free_port()
        log = self.folder / f"worker-{number}.log"
        self.workers.append(Worker(self._file(number, port), kafka or self.kafka, port, log, module))
        return self.workers[-1]

    def every(self, every: str) -> None:
        """Have the workers that are started from now on write checkpoints so often."""
        self._text = re.sub(r"every: \w+", f"every: {every}", self._text)

    def _file(self, number: int, port: int) -> Path:
        file = self.folder / f"topology-{number}.yml"
        file.write_text(f"{self._text}metrics: {{port: {port}}}\n")
        return file

    def logs(self) -> str:
        """Return what the workers have logged."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))

    def send(self, payloads: Sequence[bytes], partition: int = 0, topic: str = "") -> None:
        """Send messages, to the input unless another topic is named; wait until the broker has them."""
        with closing(KafkaProducer(bootstrap_servers=self.kafka, linger_ms=5)) as producer:
            for payload in payloads:
                producer.send(topic or self.topology.input.topic, payload, partition=partition)
            producer.flush()

    def behind(self) -> int:
        """Return how many messages are not yet judged and committed."""
        return sum(lag(self.topology).values())

    def drain(self, seconds_max: float = SECONDS_MAX) -> None:
        """Wait until everything is judged and committed; AssertionError where it takes longer."""
        until(lambda: self.behind() == 0, "all are judged", seconds_max)

    def alerts(self) -> list[tuple[str, bytes]]:
        """Return the id and the bytes of every alert, partition by partition."""
        alerts = self.read(self.topology.output.alerts)
        return [(headers_of(each)["alert_id"], each.value) for each in alerts]

    def settle(self, topic: str) -> None:
        """Wait until no transaction is open in a topic: what lies behind one cannot be read yet."""
        until(
            lambda: self._ends(topic, "read_committed") == self._ends(topic, "read_uncommitted"),
            f"no transaction is open in {topic}",
        )

    def _ends(self, topic: str, isolation: str) -> dict[TopicPartition, int]:
        with closing(KafkaConsumer(bootstrap_servers=self.kafka, isolation_level=isolation)) as consumer:
            numbers = sorted(consumer.partitions_for_topic(topic))
            ends: dict[TopicPartition, int] = consumer.end_offsets(
                [TopicPartition(topic, number) for number in numbers]
            )
            return ends

    def read(self, topic: str) -> list[Any]:
        """Return every committed message of a topic, in order within each partition."""
        with closing(
            KafkaConsumer(bootstrap_servers=self.kafka, isolation_level="read_committed")
        ) as consumer:
            numbers = sorted(consumer.partitions_for_topic(topic))
            partitions = [TopicPartition(topic, number) for number in numbers]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found: list[Any] = []
            while any(consumer.position(partition) < end for partition, end in ends.items()):
                for records in consumer.poll(timeout_ms=1_000).values():
                    found += records
        return found


def headers_of(record: Any) -> dict[str, str]:
    """Return a message's headers as text."""
    return {name: value.decode() for name, value in record.headers}


def total(worker: Worker, name: str) -> float:
    """Return one figure of a worker's metrics page, summed over its labels."""
    return metrics_page.total(worker.metrics(), name)


def judged_by(worker: Worker, events: int, seconds_max: float = JUDGED_SECONDS_MAX) -> None:
    """Wait until a worker has judged so many events; WorkerError where it ends before that."""

    def judged() -> bool:
        worker.check()
        return total(worker, "fraudstream_events_total") >= events

    until(judged, f"{events} are judged", seconds_max)


def uninterrupted(topology: Topology, payloads: Sequence[bytes]) -> dict[str, bytes]:
    """Return the alerts of one engine that judges everything."""
    engine = Engine(load_ruleset(topology.rules), topology.settings())
    return {alert.alert_id: alert.value for alert in engine.step(payloads).alerts}

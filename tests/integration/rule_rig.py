"""A real worker with rules of its own on the broker of the run: feeds it and sees what it alerts on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from fraudstream.config import load_topology
from fraudstream.stream.admin import create_topics
from fraudstream.stream.embedded import free_port
from loadtest.demo_worker import Worker
from loadtest.waiting import until
from tests.unit.rule_files import write_files


class RuleRig:
    """A topology with a rule directory of its own, and a worker to be run on it."""

    def __init__(
        self,
        kafka: str,
        folder: Path,
        topic: Callable[[str], str],
        files: Mapping[str, bytes],
        source: str = "rules: rules",
        privacy: str = "{personal: clear}",
        module: str = "fraudstream.cli",
    ) -> None:
        self.rules = folder / "rules"
        write_files(self.rules, files)
        names = {word: topic(word) for word in ("events", "alerts", "dead", "journal")}
        port = free_port()
        self.file = folder / "topology.yml"
        self.file.write_text(
            "schema: fraudstream.topology/v1\nname: rules\n"
            f"kafka: {{bootstrap: '{kafka}', group: {names['events']}}}\n"
            f"input: {{topic: {names['events']}}}\n"
            f"output: {{alerts: {names['alerts']}, dead_letters: {names['dead']}, "
            f"journal: {names['journal']}}}\n"
            f"{source}\nprivacy: {privacy}\nmetrics: {{port: {port}}}\n"
        )
        self.topology = load_topology(self.file)
        create_topics(self.topology)
        self.kafka = kafka
        self.worker = Worker(self.file, kafka, port, folder / "worker.log", module)

    def send(self, *messages: bytes) -> None:
        """Send events and wait until they are judged."""
        before = self.total("fraudstream_events_total")
        with closing(KafkaProducer(bootstrap_servers=self.kafka)) as producer:
            for message in messages:
                producer.send(self.topology.input.topic, message)
            producer.flush()
        until(lambda: self.total("fraudstream_events_total") == before + len(messages), "all are judged")

    def total(self, name: str, *labels: str) -> float:
        """Return one figure of the metrics page."""
        samples = self.worker.metrics().get(name, {})
        return samples.get(labels, 0.0)

    def alerts(self) -> list[str]:
        """Return the ids of the events that were alerted on."""
        return [alert["event"]["id"] for alert in self.whole_alerts()]

    def whole_alerts(self) -> list[dict[str, Any]]:
        """Return the alerts."""
        partition = TopicPartition(self.topology.output.alerts, 0)
        with closing(KafkaConsumer(bootstrap_servers=self.kafka)) as consumer:
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            end = consumer.end_offsets([partition])[partition]
            found: list[dict[str, Any]] = []
            while len(found) < end:
                for records in consumer.poll(timeout_ms=1_000).values():
                    found += [orjson.loads(record.value) for record in records]
        return found

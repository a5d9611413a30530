"""A running worker takes up changed rules and lists, and keeps its windows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from fraudstream.config import load_topology
from fraudstream.stream.admin import create_topics
from fraudstream.stream.embedded import free_port
from loadtest.demo_worker import Worker
from tests.integration.stream_rig import until
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration

COUNT = "{n: {count: events, by: debtor.id, window: 1h}}"
LISTED = rule_file('n >= 3 and creditor.account in list("mules")', features=COUNT, cases="[]", status="live")


def mules(*accounts: str) -> bytes:
    """Return a list of accounts."""
    entries = ", ".join(f"{{value: {account}}}" for account in accounts)
    head = b"schema: fraudstream.list/v1\nid: mules\ntitle: Mules\nsource: invented\nretrieved: 2026-03-01\n"
    return head + f"entries: [{entries}]\n".encode()


class Setup:
    """A topology with a rule directory of its own, and a running worker."""

    def __init__(self, kafka: str, folder: Path, topic: Callable[[str], str]) -> None:
        self.rules = folder / "rules"
        write_files(self.rules, rule_files(LISTED, **{"lists/mules.yml": mules("m1")}))
        names = {word: topic(word) for word in ("events", "alerts", "dead")}
        port = free_port()
        self.file = folder / "topology.yml"
        self.file.write_text(
            "schema: fraudstream.topology/v1\nname: reload\n"
            f"kafka: {{bootstrap: '{kafka}', group: {names['events']}}}\n"
            f"input: {{topic: {names['events']}}}\n"
            f"output: {{alerts: {names['alerts']}, dead_letters: {names['dead']}}}\n"
            f"rules: rules\nmetrics: {{port: {port}}}\n"
        )
        self.topology = load_topology(self.file)
        create_topics(self.topology)
        self.kafka = kafka
        self.worker = Worker(self.file, kafka, port, folder / "worker.log")

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
        partition = TopicPartition(self.topology.output.alerts, 0)
        with closing(KafkaConsumer(bootstrap_servers=self.kafka)) as consumer:
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            end = consumer.end_offsets([partition])[partition]
            found: list[str] = []
            while len(found) < end:
                for records in consumer.poll(timeout_ms=1_000).values():
                    found += [orjson.loads(record.value)["event"]["id"] for record in records]
        return found


def test_lists_and_rules_change_while_the_worker_runs(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """A list entry, then a rule, each from the next event on; what is not fit is refused."""
    setup = Setup(kafka, tmp_path, topic_names)
    to_m2: dict[str, Any] = {"creditor": {"account": "m2"}}
    with setup.worker:
        setup.send(*(event(f"a{number}", **to_m2) for number in range(3)))
        assert setup.alerts() == []

        write_files(setup.rules, {"lists/mules.yml": mules("m1", "m2")})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "loaded") == 1, "the list is taken up")
        setup.send(event("b", **to_m2))
        assert setup.alerts() == ["b"]

        write_files(setup.rules, {"x/0.yml": LISTED.replace(b"n >= 3", b"n >= ")})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "refused") == 1, "it is refused")
        setup.send(event("c", **to_m2))
        assert setup.alerts() == ["b", "c"]

        write_files(setup.rules, {"x/0.yml": LISTED.replace(b"n >= 3", b"n == 6")})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "loaded") == 2, "the rule is taken up")
        setup.send(event("d", **to_m2), event("e", **to_m2))
        assert setup.alerts() == ["b", "c", "d"]

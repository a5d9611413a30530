"""Live equals replay: what a worker told while its rules changed twice, history tells again to the byte."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from loadtest.crash_rig import CrashRig, total
from loadtest.demo_worker import Worker
from loadtest.traffic import Traffic, generate
from loadtest.waiting import until
from tests.unit.cli.commands import fraudstream
from tests.unit.rule_files import rule_file, write_files

pytestmark = pytest.mark.integration

EVENTS = int(os.environ.get("FRAUDSTREAM_LIVE_EVENTS", "4000"))
"""`make live-replay` sends 200,000, and shows what the replay found."""
CHUNK, TRICKLE = max(500, EVENTS // 40), 20
RULES = Path(__file__).parents[2] / "rules"
WINDOW = "{n: {count: events, by: debtor.id, window: 24h}}"
KNOWN = "{frauds: {count: frauds, by: debtor.id, window: 30d}}"


def added(rule_id: str, when: str, features: str = "{}", version: int = 1) -> bytes:
    """Return a rule to be put beside those of the repository."""
    rule = rule_file(when, features=features, cases="[]", rule_id=rule_id, version=version)
    return rule.replace(b"typology: any", b"typology: stolen_card_use").replace(b"ANY}", b"CARD_VELOCITY}")


def untested(rules: Path) -> Path:
    """Take the cases out of rules, which take longer at each reload than all else in this test."""
    for path in rules.glob("*/*.yml"):
        path.write_text(
            re.sub(r"(?s)^tests:.*", "tests: {cases: []}\n", path.read_text(), flags=re.MULTILINE)
        )
    return rules


def watched(*countries: str) -> bytes:
    """Return a list of countries."""
    entries = ", ".join(f"{{value: {country}}}" for country in countries)
    head = (
        "schema: fraudstream.list/v1\nid: watched\ntitle: Watched\nsource: invented\nretrieved: 2026-03-01\n"
    )
    return f"{head}entries: [{entries}]\n".encode()


FIRST = {
    "x/1.yml": added("FRD-TST-901", "amount_usd > 900"),
    "x/2.yml": added("FRD-TST-902", 'merchant.country in list("watched")'),
    "x/3.yml": added("FRD-TST-903", "frauds >= 1", KNOWN),
    "lists/watched.yml": watched("ZW"),
}
CHANGES: Sequence[Mapping[str, bytes]] = (
    {"x/1.yml": added("FRD-TST-901", "n >= 6 and amount_usd > 100", WINDOW, 2)},
    {"lists/watched.yml": watched("ZW", "US"), "x/3.yml": added("FRD-TST-903", "frauds >= 2", KNOWN, 2)},
)


@dataclass
class Sender:
    """Sends traffic to the partitions of a rig in turn, and behind each chunk what is known of it."""

    rig: CrashRig
    worker: Worker
    traffic: Traffic
    sent: int = 0

    def send(self, events: int) -> None:
        """Send the next events, and wait until they are judged."""
        start, self.sent = self.sent, min(self.sent + events, len(self.traffic.payloads))
        if start == self.sent:
            return
        for partition in range(self.rig.topology.input.partitions):
            number = self.rig.topology.input.partitions
            self.rig.send(self.traffic.payloads[start : self.sent][partition::number], partition)
        assert self.rig.topology.labels is not None
        self.rig.send(list(self._labels(start)), topic=self.rig.topology.labels.topic)
        until(lambda: total(self.worker, "fraudstream_events_total") >= self.sent, "all are judged")

    def _labels(self, start: int) -> Iterator[bytes]:
        for row in range(start, self.sent):
            if self.traffic.incident[row] >= 0:
                known = {
                    "schema": "fraudstream.label/v1",
                    "label": "fraud",
                    "event_id": self.traffic.ids[row],
                }
                yield orjson.dumps(known)

    def up_to(self, share: float) -> None:
        """Send all events up to a share of them."""
        while self.sent < share * len(self.traffic.payloads):
            self.send(min(CHUNK, int(share * len(self.traffic.payloads)) + 1 - self.sent))


def test_live_equals_replay(kafka: str, topic_names: Callable[[str], str], tmp_path: Path) -> None:
    """Two reloads amid the traffic of two partitions, with labels and a new feature that counts the past."""
    shutil.copytree(RULES, tmp_path / "rules")
    rules = write_files(untested(tmp_path / "rules"), FIRST)
    names = {word: topic_names(word) for word in ("events", "alerts", "dead", "journal", "labels")}
    rig = CrashRig(kafka, tmp_path, names, rules, partitions=2, warm=True)
    with rig.worker() as worker:
        sender = Sender(rig, worker, generate(EVENTS))
        for number, change in enumerate(CHANGES, start=1):
            sender.up_to(number / 3)
            write_files(rules, change)
            while worker.metrics()["fraudstream_ruleset_changes_total"].get(("loaded",), 0) < number:
                sender.send(TRICKLE)
        sender.up_to(1)
        rig.drain()
    told = sorted(value for _, value in rig.alerts())

    topology, found = tmp_path / "topology-0.yml", tmp_path / "alerts.jsonl"
    command = ("replay", f"kafka://{names['events']}", "--topology", topology, "--recorded")
    ran = fraudstream(*command, "--alerts", found)
    assert ran.code == 0, ran.err
    assert sorted(found.read_bytes().splitlines()) == told
    assert sum("events by ruleset" in line for line in ran.out.splitlines()) == 3
    print(ran.out)

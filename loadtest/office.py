"""A play office for the guide: its rules, topology, and a stream of labelled traffic that is cut in three.

`python -m loadtest.office create office` writes it; `python -m loadtest.office send office/payments.yml FILE`
sends one of its files as a payment processor would.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import orjson

from fraudstream.config import Topology, load_topology
from fraudstream.stream.behind import backlog
from loadtest import bench_load
from loadtest.traffic import Traffic, generate
from loadtest.waiting import until

RULES = Path(__file__).parents[1] / "rules"
EVENTS = 40_000
PARTS = {"last-quarter.jsonl": 20_000, "this-week.jsonl": 30_000, "next-week.jsonl": EVENTS}
"""Where in the stream each file ends."""

TOPOLOGY = """\
schema: fraudstream.topology/v1
name: office
kafka: {{bootstrap: "{bootstrap}", group: office}}
input: {{topic: payments, partitions: 1}}
output: {{alerts: alerts, shadow: shadow-alerts, dead_letters: dead-letters, journal: journal}}
rules: {{bundle: published/rules.bundle, trust: [keys/ann.pub, keys/bob.pub], approval: required}}
audit: worker.audit.jsonl
privacy: {{personal: clear}}
checkpoints: {{url: state, every: 5s, keep: 3}}
# The traffic is of March 2026, whatever the clock of this machine says.
ahead_max: 520w
metrics: {{port: {port}}}
"""


def main() -> None:
    """Create an office, or send what one of its files holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    making = commands.add_parser("create", help="write the office into a new directory")
    making.add_argument("directory", type=Path)
    making.add_argument("--kafka", default="localhost:9092", help="host:port of a broker")
    making.add_argument("--port", type=int, default=9464, help="of the worker's metrics")
    sending = commands.add_parser("send", help="send the events of a file, and wait until they are judged")
    sending.add_argument("topology", type=Path)
    sending.add_argument("file", type=Path)
    asked = parser.parse_args()
    if asked.command == "create":
        create(asked.directory, asked.kafka, asked.port)
    else:
        print(f"{send(asked.topology, asked.file):,} messages sent and judged")


def create(directory: Path, bootstrap: str, port: int) -> None:
    """Write rules, topology, traffic and labels; FileExistsError where the directory is there."""
    directory.mkdir(parents=True)
    for name in ("keys", "published"):
        (directory / name).mkdir()
    shutil.copytree(RULES, directory / "rules")
    (directory / "payments.yml").write_text(TOPOLOGY.format(bootstrap=bootstrap, port=port))
    traffic = generate(EVENTS)
    start = 0
    for name, end in PARTS.items():
        (directory / name).write_bytes(b"\n".join(traffic.payloads[start:end]) + b"\n")
        start = end
    (directory / "labels.jsonl").write_bytes(b"\n".join(_labels(traffic)) + b"\n")
    print(f"{directory}: {', '.join(path.name for path in sorted(directory.iterdir()))}")


def _labels(traffic: Traffic) -> list[bytes]:
    numbered = zip(traffic.ids, traffic.incident.tolist(), strict=True)
    frauds = {name for name, number in numbered if number >= 0}
    label = {"schema": "fraudstream.label/v1", "label": "fraud"}
    return [orjson.dumps({**label, "event_id": name}) for name in sorted(frauds)]


def send(topology: Path, file: Path) -> int:
    """Send each line as a message, in order, wait until a worker has judged them, and return how many.

    LoadError where the broker does not take them all, AssertionError where they are not judged in a minute.
    """
    wanted = load_topology(topology)
    lines = file.read_bytes().splitlines()
    bench_load.send(wanted.kafka.bootstrap, wanted.input.topic, lines, bench_load.USUAL)
    until(lambda: _waiting(wanted) == 0, "a worker has judged what was sent")
    return len(lines)


def _waiting(topology: Topology) -> int:
    return sum(partition.events for partition in backlog(topology).partitions)


if __name__ == "__main__":
    main()

"""`make demo`: a broker, a worker, labelled traffic through Kafka, and what was found."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient
from rich.console import Console
from rich.live import Live

from fraudstream.config import Topology, load_topology
from fraudstream.stream.admin import create_topics, topic_names
from fraudstream.stream.embedded import EmbeddedBroker, EmbeddedBrokerError, free_port
from fraudstream.stream.errors import BrokerError
from loadtest.demo_report import Found, count, summary
from loadtest.demo_traffic import Collector, Sender
from loadtest.demo_view import View, show_end
from loadtest.demo_worker import Worker, WorkerError
from loadtest.traffic import generate

RULES = Path(__file__).parents[1] / "rules"
SEED = 7
STALLED_SECONDS_MAX = 60
_POLL_SECONDS = 0.1

_TOPOLOGY = """
schema: fraudstream.topology/v1
name: demo
kafka: {{bootstrap: "{bootstrap}", group: {name}}}
input: {{topic: {name}.events, partitions: 1}}
output: {{alerts: {name}.alerts, dead_letters: {name}.dead-letters, journal: {name}.journal}}
rules: {rules}
privacy: {{personal: clear}}
# The traffic is of March 2026, whatever the clock of this machine says.
ahead_max: 520w
metrics: {{port: {port}}}
"""


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why."""


def main() -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="how many events, at least 1000")
    parser.add_argument("--rate", type=int, default=5_000, help="events per second, 0 = as fast as it goes")
    parser.add_argument("--kafka", help="host:port of a cluster of your own")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    asked = parser.parse_args()
    # A polite end is an interrupt too: everything that was started is stopped on the way out.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    console = Console(stderr=asked.json)
    if not console.is_terminal:
        console.width = 140
    try:
        figures = run(console, asked.events, asked.rate, asked.kafka)
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    except (DemoError, WorkerError, EmbeddedBrokerError, BrokerError, ValueError) as error:
        console.print(f"demo: {error}", style="red", markup=False, highlight=False)
        return 1
    if asked.json:
        print(json.dumps(figures))
    return 0


def run(console: Console, events: int, rate: int, kafka: str | None) -> dict[str, Any]:
    """Stream the traffic through a worker and return the figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fraudstream-demo-")))
        traffic = generate(events, SEED)
        bootstrap = kafka or stack.enter_context(EmbeddedBroker()).bootstrap
        console.print(f"broker: {bootstrap} ({'yours' if kafka else 'embedded, in memory'})", highlight=False)
        port = free_port()
        topology = write_topology(folder, bootstrap, port)
        stack.enter_context(own_topics(topology))
        console.print("starting a worker; the first start compiles its kernels ...", highlight=False)
        worker = stack.enter_context(Worker(folder / "demo.yml", bootstrap, port, folder / "worker.log"))
        console.print(f"metrics: http://127.0.0.1:{port}/metrics", highlight=False)
        found = Found(traffic)
        collector = Collector(bootstrap, topology.output.alerts, found.add)
        sender = Sender(bootstrap, topology.input.topic, traffic, rate)
        for thread in (collector, sender):
            thread.start()
            stack.callback(thread.stop)
        seconds = watch(console, worker, sender, found) - sender.started_s
        samples = worker.metrics()
        figures = summary(found, samples, sender.sent_ms, seconds)
        show_end(console, found, samples, figures)
    return figures


def watch(console: Console, worker: Worker, sender: Sender, found: Found) -> float:
    """Show the progress until every event is judged and every alert is here; return when that was."""
    events = len(found.traffic.payloads)
    view = View(events)
    progress = (0, 0)
    judged_at = moved_at = time.monotonic()
    with Live(console=console, get_renderable=lambda: view.render(found), refresh_per_second=4):
        while True:
            worker.check()
            if sender.error is not None:
                raise DemoError(f"sending failed: {sender.error}")
            samples = worker.metrics()
            view.update(sender.sent, samples)
            now = time.monotonic()
            done = (count(samples, "fraudstream_events_total"), len(found.alerts))
            if done[0]:
                sender.go.set()
            if done != progress:
                judged_at = now if done[0] != progress[0] else judged_at
                progress, moved_at = done, now
            if done == (events, count(samples, "fraudstream_alerts_total")):
                return judged_at
            if now - moved_at > STALLED_SECONDS_MAX:
                raise DemoError(f"no progress for {STALLED_SECONDS_MAX} s at {done[0]} of {events} events")
            time.sleep(_POLL_SECONDS)


def write_topology(folder: Path, bootstrap: str, port: int) -> Topology:
    """Write the topology of this run, with names that no other run has."""
    name = f"fraudstream-demo-{time.time_ns():x}"
    path = folder / "demo.yml"
    path.write_text(_TOPOLOGY.format(bootstrap=bootstrap, name=name, rules=json.dumps(str(RULES)), port=port))
    return load_topology(path)


@contextmanager
def own_topics(topology: Topology) -> Iterator[None]:
    """Create the topics of this run and delete them afterwards."""
    create_topics(topology)
    try:
        yield
    finally:
        admin = KafkaAdminClient(bootstrap_servers=topology.kafka.bootstrap)
        admin.delete_topics(topic_names(topology))
        admin.close()


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-kafka`: one worker from Kafka to Kafka, beside aiokafka alone, Faust and Quix Streams."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kafka import KafkaAdminClient
from rich.table import Table

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stream.admin import create_topic
from loadtest.bench_broker import running_broker
from loadtest.bench_command import Figures, Say, command
from loadtest.bench_load import BULK, send
from loadtest.bench_peers import WINDOWS, alert_topic, peer_events_per_s, raw_consumer_events_per_s
from loadtest.bench_rules import bench_files
from loadtest.bench_stream import stream_of
from loadtest.bench_worker import FULL_SPEED, LENGTHS, ONE_BY_ONE_RATE, Latency, worker_figures
from loadtest.traffic import generate


def run(kafka: str | None, say: Say) -> Figures:
    """Measure everything on one broker, and return the figures."""
    ruleset = build_ruleset(bench_files())
    stream = stream_of(generate(sum(LENGTHS)), LENGTHS)
    name = f"fraudstream-bench-{time.time_ns():x}"
    with tempfile.TemporaryDirectory(prefix="fraudstream-bench-") as directory:
        folder = Path(directory)
        say("a broker ...")
        with running_broker(kafka, folder / "kafka") as broker, _own_topics(broker.bootstrap, name):
            events = stream.ends[FULL_SPEED]
            say(f"filling the input topic with {events:,} events, and reading it with aiokafka alone ...")
            send(broker.bootstrap, f"{name}.events", stream.payloads[:events], BULK)
            raw = raw_consumer_events_per_s(broker.bootstrap, f"{name}.events")
            worker = worker_figures(broker.bootstrap, name, ruleset, stream, folder, say)
            peers = peer_events_per_s(broker.bootstrap, name, folder, say)
    quix = {kind: peers[f"quix_windows_{kind}"] for kind in WINDOWS["quix_windows"]}
    return {
        "kafka_events_per_s": round(worker.events_per_s),
        "faust_per_event_events_per_s": round(peers["faust_per_event_hopping"]),
        "faust_tumbling_events_per_s": round(peers["faust_per_event_tumbling"]),
        "quix_events_per_s": round(max(quix.values())),
        **{f"quix_{kind}_events_per_s": round(rate) for kind, rate in quix.items()},
        "raw_consumer_events_per_s": round(raw),
        **_latency_figures("latency", worker.half_load),
        **_latency_figures("latency_5k", worker.one_by_one),
        "rules": len(ruleset.rules),
        "features": Engine(ruleset).features,
        "broker": broker.name,
    }


def _latency_figures(prefix: str, latency: Latency) -> Figures:
    return {
        f"{prefix}_ms_p50": round(latency.p50_ms, 1),
        f"{prefix}_ms_p99": round(latency.p99_ms, 1),
        f"{prefix}_events_per_s": round(latency.events_per_s),
        f"{prefix}_events_per_batch": round(latency.events_per_batch, 1),
    }


@contextmanager
def _own_topics(bootstrap: str, name: str) -> Iterator[None]:
    """Create the topics of a run; afterwards delete them, and those that peers made under the same name."""
    peers = [alert_topic(name, module, kind) for module, kinds in WINDOWS.items() for kind in kinds]
    own = [f"{name}.{word}" for word in ("events", "alerts", "dead-letters", "journal")]
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        for topic in (*own, *peers):
            create_topic(admin, topic, 1, {})
        try:
            yield
        finally:
            admin.delete_topics([topic for topic in admin.list_topics() if name in topic])


def table_of(figures: Figures) -> Table:
    """Lay the figures out for people."""
    table = Table(title=f"{figures['rules']} rules, {figures['features']} features, HalfSpaceTrees 25x8")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    ours = figures["kafka_events_per_s"]
    table.add_row(f"Kafka to Kafka ({figures['broker']}), one worker, events/s", f"{ours:,}", ">= 80,000")
    table.add_row("  aiokafka alone, reading", f"{figures['raw_consumer_events_per_s']:,}", "")
    for key, peer, target in _PEERS:
        rate = figures[key]
        table.add_row(f"  {peer}", f"{rate:,}  1/{ours / rate:.0f}", target)
    for prefix, load, target_ms in (
        ("latency", "half of that", 20),
        ("latency_5k", f"{ONE_BY_ONE_RATE:,}/s one by one", 50),
    ):
        p50, p99 = (f"{figures[f'{prefix}_ms_p{percent}']:g}" for percent in (50, 99))
        table.add_row(f"event to alert at {load}, p50, p99", f"{p50}, {p99} ms", f"p99 <= {target_ms} ms")
    return table


_PEERS = (
    ("faust_per_event_events_per_s", "per-event Faust app, five hopping windows", "<= 1/50"),
    ("faust_tumbling_events_per_s", "the same with tumbling windows", ""),
    ("quix_sliding_events_per_s", "Quix Streams app, five sliding windows", "<= 1/10"),
    ("quix_hopping_events_per_s", "the same with hopping windows", "<= 1/10"),
)


if __name__ == "__main__":
    sys.exit(command(__doc__, run, table_of))

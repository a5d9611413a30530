"""`make bench`: the engine, one worker from Kafka to Kafka, and a per-event Faust app, in one run."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stream.admin import BrokerError
from fraudstream.stream.embedded import EmbeddedBrokerError
from loadtest.bench_alerts import BenchError
from loadtest.bench_broker import BrokerStartError, running_broker
from loadtest.bench_engine import USUAL_BATCH, engine_events_per_s, hst_speedup, stage_us_per_event
from loadtest.bench_kafka import STEADY_RATE, STEADY_SECONDS, kafka_figures, stream_of
from loadtest.bench_kafka import WARM_UP as KAFKA_WARM_UP
from loadtest.bench_rules import bench_files
from loadtest.demo_worker import WorkerError
from loadtest.traffic import generate

COUNTED_MIN, COUNTED_MAX = 100_000, 400_000
COUNTED_SECONDS = 6
"""About how long the events that count should keep a worker busy."""


def main() -> int:
    """Run the benchmark and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", help="host:port of a cluster of your own")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    asked = parser.parse_args()
    # A polite end is an interrupt too: everything that was started is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(stderr=asked.json)
    try:
        figures, stages = run(asked.kafka, lambda line: console.print(line, highlight=False))
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    except (BenchError, WorkerError, BrokerError, BrokerStartError, EmbeddedBrokerError) as error:
        console.print(f"bench: {error}", style="red", markup=False, highlight=False)
        return 1
    console.print(table_of(figures, stages))
    if asked.json:
        print(json.dumps(figures))
    return 0


def run(kafka: str | None, say: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, float]]:
    """Measure everything; return the figures, and the microseconds per event of the engine's stages."""
    ruleset = build_ruleset(bench_files())
    traffic = generate(KAFKA_WARM_UP + COUNTED_MAX + STEADY_RATE * STEADY_SECONDS)
    say("the engine alone ...")
    by_batch = engine_events_per_s(ruleset, traffic.payloads)
    stages = stage_us_per_event(ruleset, traffic.payloads)
    say("the model against River ...")
    speedup = hst_speedup()
    counted = int(min(max(by_batch[USUAL_BATCH] * COUNTED_SECONDS, COUNTED_MIN), COUNTED_MAX))
    with tempfile.TemporaryDirectory(prefix="fraudstream-bench-") as name:
        folder = Path(name)
        say("a broker ...")
        with running_broker(kafka, folder / "kafka") as broker:
            stream = stream_of(traffic, counted)
            piped = kafka_figures(broker.bootstrap, ruleset, stream, folder, say)
    figures = {
        "engine_events_per_s": {str(size): round(rate) for size, rate in by_batch.items()},
        "kafka_events_per_s": round(piped.kafka_events_per_s),
        "faust_per_event_events_per_s": round(piped.faust_per_event_events_per_s),
        "faust_tumbling_events_per_s": round(piped.faust_tumbling_events_per_s),
        "hst_speedup": round(speedup, 1),
        "rules": len(ruleset.rules),
        "features": Engine(ruleset).features,
        "broker": broker.name,
        "latency_ms_p50": round(piped.latency_ms_p50, 1),
        "latency_ms_p99": round(piped.latency_ms_p99, 1),
        "events": counted,
    }
    return figures, stages


def table_of(figures: dict[str, Any], stages: dict[str, float]) -> Table:
    """Lay the figures out for people."""
    table = Table(title=f"{figures['rules']} rules, {figures['features']} features, HalfSpaceTrees 25x8")
    table.add_column("what")
    table.add_column("events/s", justify="right")
    table.add_column("")
    for size, rate in figures["engine_events_per_s"].items():
        table.add_row(f"engine, batches of {int(size):,}", f"{rate:,}", "")
    table.add_section()
    piped, peer = figures["kafka_events_per_s"], figures["faust_per_event_events_per_s"]
    latency = f"at {STEADY_RATE:,}/s p50 {figures['latency_ms_p50']} ms, p99 {figures['latency_ms_p99']} ms"
    table.add_row(f"Kafka to Kafka ({figures['broker']}), one worker", f"{piped:,}", latency)
    tumbling = figures["faust_tumbling_events_per_s"]
    table.add_row("per-event Faust app, five hopping windows", f"{peer:,}", f"1/{piped / peer:.0f}")
    table.add_row("the same with tumbling windows", f"{tumbling:,}", f"1/{piped / tumbling:.0f}")
    table.add_section()
    table.add_row("HalfSpaceTrees, times River's speed", f"{figures['hst_speedup']:g}", "equal scores")
    shares = ", ".join(f"{stage} {us:.1f}" for stage, us in stages.items())
    table.caption = f"us per event in batches of {USUAL_BATCH}: {shares}"
    return table


if __name__ == "__main__":
    sys.exit(main())

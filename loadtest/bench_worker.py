"""Measures one worker from Kafka to Kafka: its rate, and its latency at half of it and event by event.

The broker is the clock. Every alert names the offset of its event, and both topics stamp what is appended:
between two alerts lie so many events and so much time, and starting up and compiling come before the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stream.embedded import free_port
from loadtest.bench_alerts import AlertLog, AlertReader, BenchError
from loadtest.bench_engine import USUAL_BATCH, batches
from loadtest.bench_load import ONE_BY_ONE, USUAL, Options, append_times_ms, send
from loadtest.bench_rules import write_files
from loadtest.bench_stream import WARM_UP, Stream
from loadtest.demo_worker import Worker

COUNTED = 400_000
HALF_LOAD = 250_000
ONE_BY_ONE_RATE = 5_000
ONE_BY_ONE_EVENTS = 40_000
LENGTHS = (WARM_UP, COUNTED, ONE_BY_ONE_EVENTS, HALF_LOAD)
"""Events of the parts of a stream: not counted, as fast as may be, one by one, at half of the rate."""
FULL_SPEED, ALONE, HALF = 1, 2, 3
"""The numbers of these parts."""
RUN_SECONDS_MAX = 180.0

_TOPOLOGY = """
schema: fraudstream.topology/v1
name: bench
kafka: {{bootstrap: "{bootstrap}", group: {name}}}
input: {{topic: {name}.events, partitions: 1}}
output: {{alerts: {name}.alerts, dead_letters: {name}.dead-letters, journal: {name}.journal}}
rules: rules
privacy: {{personal: clear}}
metrics: {{port: {port}}}
"""


@dataclass(frozen=True)
class Latency:
    """From an event's append to its alert's, in milliseconds, at the events/s that in fact came."""

    p50_ms: float
    p99_ms: float
    events_per_s: float
    events_per_batch: float


@dataclass(frozen=True)
class WorkerFigures:
    """What one worker does in one run."""

    events_per_s: float
    half_load: Latency
    one_by_one: Latency


class WorkerBench:
    """Drives a worker that has read the first two parts of a stream, which are on its topic already."""

    def __init__(
        self, bootstrap: str, name: str, stream: Stream, worker: Worker, alerts: AlertReader
    ) -> None:
        self._bootstrap, self._topic = bootstrap, f"{name}.events"
        self._stream, self._worker, self._alerts = stream, worker, alerts

    def full_speed(self) -> float:
        """Return the rate over the second part."""
        first, end = self._stream.ends[:2]
        self._alerts.read_until(end - 1, RUN_SECONDS_MAX)
        return self._alerts.log.events_per_s(first - 1, end - 1)

    def latency(self, part: int, options: Options, events_per_s: float) -> Latency:
        """Send a part at a steady rate, and return the latency of its alerts."""
        before = self._batches()
        payloads, end = self._stream.part(part), self._stream.ends[part]
        send(self._bootstrap, self._topic, payloads, options, events_per_s)
        self._alerts.read_until(end - 1, RUN_SECONDS_MAX)
        fed = self._batches() - before
        first = end - len(payloads)
        appended_ms = append_times_ms(self._bootstrap, self._topic, first, len(payloads))
        latency_ms = self._alerts.log.latency_ms(first, appended_ms)
        p50, p99 = (float(np.percentile(latency_ms, percent)) for percent in (50, 99))
        seconds = (appended_ms[-1] - appended_ms[0]) / 1000
        return Latency(p50, p99, len(payloads) / seconds, len(payloads) / fed)

    def _batches(self) -> float:
        return sum(self._worker.metrics()["fraudstream_batch_events_count"].values())


def worker_figures(
    bootstrap: str, name: str, ruleset: Ruleset, stream: Stream, folder: Path, say: Callable[[str], None]
) -> WorkerFigures:
    """Run a worker on a stream of `LENGTHS`; BenchError unless its alerts are those of the engine alone."""
    say("a worker ...")
    with (
        _worker(bootstrap, name, folder) as worker,
        AlertReader(bootstrap, f"{name}.alerts", worker.check) as alerts,
    ):
        bench = WorkerBench(bootstrap, name, stream, worker, alerts)
        rate = bench.full_speed()
        say(f"the same worker at {ONE_BY_ONE_RATE:,} events/s one by one ...")
        alone = bench.latency(ALONE, ONE_BY_ONE, ONE_BY_ONE_RATE)
        say(f"the same worker at {rate / 2:,.0f} events/s ...")
        half = bench.latency(HALF, USUAL, rate / 2)
    compare(alerts.log, ruleset, stream)
    return WorkerFigures(rate, half, alone)


@contextmanager
def _worker(bootstrap: str, name: str, folder: Path) -> Iterator[Worker]:
    """Run `fraudstream run` on the benchmark's rules."""
    write_files(folder / "rules")
    port = free_port()
    topology = folder / "bench.yml"
    topology.write_text(_TOPOLOGY.format(bootstrap=bootstrap, name=name, port=port))
    with Worker(topology, bootstrap, port, folder / "worker.log") as worker:
        yield worker


def compare(alerts: AlertLog, ruleset: Ruleset, stream: Stream) -> None:
    """Raise BenchError unless the alerts are those that the engine alone gives."""
    engine = Engine(ruleset)
    expected = [
        alert.alert_id
        for batch in batches(stream.payloads, USUAL_BATCH)
        for alert in engine.step(batch).alerts
    ]
    if alerts.ids != expected:
        raise BenchError(
            f"the worker sent {len(alerts.ids)} alerts, the engine alone gives {len(expected)}: "
            "they are not the same, so the figures mean nothing"
        )

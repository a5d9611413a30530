"""Measures from Kafka to Kafka: one worker, and a per-event Faust app on the same events.

The broker is the clock. Every alert names the offset of its event, and its topic stamps it as it is appended:
between two alerts lie so many events and so much time, and starting up and compiling come before the first.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from kafka import KafkaAdminClient, KafkaProducer

from fraudstream.engine.step import Engine
from fraudstream.events.times import format_time
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stream.admin import create_topic
from fraudstream.stream.embedded import free_port
from loadtest.bench_alerts import AlertLog, AlertReader, BenchError
from loadtest.bench_engine import USUAL_BATCH, batches
from loadtest.bench_rules import MARKER_USD_MIN, write_files
from loadtest.demo_worker import Worker
from loadtest.traffic import Traffic

STEADY_RATE = 5_000
STEADY_SECONDS = 8
WARM_UP = 20_000
"""Events before the ones that count: by then every kernel is compiled and the model gives scores."""
PEER_WARM_UP = 1_000
PEER_SECONDS = 15.0
RUN_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 20.0

_TOPOLOGY = """
schema: fraudstream.topology/v1
name: bench
kafka: {{bootstrap: "{bootstrap}", group: {name}}}
input: {{topic: {name}.events, partitions: 1}}
output: {{alerts: {name}.alerts, dead_letters: {name}.dead-letters, journal: {name}.journal}}
rules: rules
metrics: {{port: {port}}}
"""


@dataclass(frozen=True)
class Stream:
    """What goes through Kafka: warm-up, then `counted` events as fast as may be, then a steady tail.

    The first and the last of those that count, and the last of all, are alerted on for sure.
    """

    payloads: list[bytes]
    counted: int

    @property
    def first(self) -> int:
        """The offset of the first event that counts."""
        return WARM_UP

    @property
    def last(self) -> int:
        """The offset of the last event that counts."""
        return WARM_UP + self.counted - 1


def stream_of(traffic: Traffic, counted: int) -> Stream:
    """Cut a stream out of some traffic, which must be long enough."""
    length = WARM_UP + counted + STEADY_RATE * STEADY_SECONDS
    stream = Stream(traffic.payloads[:length], counted)
    for offset in (stream.first, stream.last, length - 1):
        stream.payloads[offset] = _marker(f"marker-{offset}", int(traffic.occurred_at_us[offset]))
    return stream


def _marker(name: str, time_us: int) -> bytes:
    """Return an event on which the benchmark's rules alert whatever came before."""
    return orjson.dumps(
        {
            "id": name,
            "kind": "transfer",
            "occurred_at": format_time(time_us),
            "amount": MARKER_USD_MIN,
            "currency": "USD",
            "status": "approved",
            "debtor": {"id": name},
        }
    )


@dataclass(frozen=True)
class Figures:
    """Events per second of both, and the worker's latency from append to append."""

    kafka_events_per_s: float
    faust_per_event_events_per_s: float
    faust_tumbling_events_per_s: float
    latency_ms_p50: float
    latency_ms_p99: float


def kafka_figures(
    bootstrap: str, ruleset: Ruleset, stream: Stream, folder: Path, say: Callable[[str], None]
) -> Figures:
    """Run the worker and the peer one after the other, on topics of their own that are deleted afterwards."""
    name = f"fraudstream-bench-{time.time_ns():x}"
    with _own_topics(bootstrap, name):
        say(f"filling the input topic with {stream.last + 1:,} events ...")
        _send(bootstrap, f"{name}.events", stream.payloads[: stream.last + 1])
        say("a worker ...")
        with (
            _worker(bootstrap, name, folder) as worker,
            AlertReader(bootstrap, f"{name}.alerts", worker.check) as alerts,
        ):
            alerts.read_until(stream.last, RUN_SECONDS_MAX)
            rate = alerts.log.events_per_s(stream.first, stream.last)
            say(f"the same worker at a steady {STEADY_RATE:,} events/s ...")
            appended_ms = _send(bootstrap, f"{name}.events", stream.payloads[stream.last + 1 :], STEADY_RATE)
            alerts.read_until(len(stream.payloads) - 1, RUN_SECONDS_MAX)
            latency_ms = alerts.log.latency_ms(stream.last + 1, appended_ms)
        _compare(alerts.log, ruleset, stream)
        say("a per-event Faust app, with hopping and then with tumbling windows ...")
        hopping, tumbling = (
            _peer_events_per_s(bootstrap, name, windows, folder / f"{windows}.log")
            for windows in ("hopping", "tumbling")
        )
    p50, p99 = (float(np.percentile(latency_ms, percent)) for percent in (50, 99))
    return Figures(rate, hopping, tumbling, p50, p99)


@contextmanager
def _own_topics(bootstrap: str, name: str) -> Iterator[None]:
    """Create the topics of a run; afterwards delete them, and those that Faust made under the same name."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        for topic in ("events", "alerts", "dead-letters", "hopping-alerts", "tumbling-alerts"):
            create_topic(admin, f"{name}.{topic}", 1)
        try:
            yield
        finally:
            admin.delete_topics([topic for topic in admin.list_topics() if topic.startswith(name)])


@contextmanager
def _worker(bootstrap: str, name: str, folder: Path) -> Iterator[Worker]:
    """Run `fraudstream run` on the benchmark's rules."""
    write_files(folder / "rules")
    port = free_port()
    topology = folder / "bench.yml"
    topology.write_text(_TOPOLOGY.format(bootstrap=bootstrap, name=name, port=port))
    with Worker(topology, bootstrap, port, folder / "worker.log") as worker:
        yield worker


def _send(bootstrap: str, topic: str, payloads: Sequence[bytes], rate: int = 0) -> list[int]:
    """Send events in order, at a steady rate per second unless it is 0; return when each was appended."""
    options = {"linger_ms": 1} if rate else {"linger_ms": 20, "batch_size": 2**18}
    with closing(KafkaProducer(bootstrap_servers=bootstrap, **options)) as producer:
        receipts: list[Any] = []
        start = time.monotonic()
        for index, payload in enumerate(payloads):
            while rate and index > (time.monotonic() - start) * rate:
                time.sleep(0.001)
            receipts.append(producer.send(topic, value=payload))
        producer.flush()
        return [receipt.get(timeout=30).timestamp for receipt in receipts]


def _compare(alerts: AlertLog, ruleset: Ruleset, stream: Stream) -> None:
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


def _peer_events_per_s(bootstrap: str, name: str, windows: str, log: Path) -> float:
    module = "loadtest.peers.faust_per_event"
    topics = ["--input", f"{name}.events", "--alerts", f"{name}.{windows}-alerts"]
    group = ["--group", f"{name}-{windows}", "--windows", windows]
    line = [sys.executable, "-m", module, "--kafka", bootstrap, *group, *topics]
    with log.open("wb") as out:
        # A session of its own, so that Ctrl-C reaches only the one who stops it.
        peer = subprocess.Popen(line, stdout=out, stderr=out, start_new_session=True)

    def check() -> None:
        if peer.poll() is not None:
            tail = log.read_text(errors="replace")[-1_000:]
            raise BenchError(f"the per-event Faust app ended with code {peer.returncode}\n{tail}")

    try:
        with AlertReader(bootstrap, f"{name}.{windows}-alerts", check) as alerts:
            alerts.read_until(PEER_WARM_UP, RUN_SECONDS_MAX)
            alerts.read_for(PEER_SECONDS)
            return alerts.log.events_per_s(PEER_WARM_UP, alerts.log.offsets[-1])
    finally:
        _stop(peer)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""`make bench-keyed`: a keyed topology from Kafka to Kafka with one worker and with two, in turns.

The events are on the topic before the workers come to those that count, and the broker is the clock, as in
`bench_worker.py`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from rich.table import Table

from fraudstream.rules.ruleset import build_ruleset
from loadtest.bench_alerts import AlertReader
from loadtest.bench_broker import running_broker
from loadtest.bench_command import Figures, Say, command
from loadtest.bench_load import BULK, send
from loadtest.bench_rules import bench_files, write_files
from loadtest.bench_stream import WARM_UP, Stream, stream_of
from loadtest.bench_worker import compare
from loadtest.crash_rig import CrashRig, total
from loadtest.demo_worker import Worker
from loadtest.traffic import generate
from loadtest.waiting import until

SHARES = 2
WORKERS = (1, 2)
TURNS = 3
LEAD, COUNTED = 100_000, 300_000
LENGTHS = (WARM_UP, LEAD, COUNTED)
"""Events of the parts of a stream: for the compilers, while the topic is still being filled, counted."""
RUN_SECONDS_MAX = 180.0
TOPICS = ("events", "alerts", "dead", "journal", "parts", "found")


def run(kafka: str | None, say: Say) -> Figures:
    """Measure each number of workers in turns on one broker, and return the figures."""
    stream = stream_of(generate(sum(LENGTHS)), LENGTHS)
    rates: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    with tempfile.TemporaryDirectory(prefix="fraudstream-bench-") as directory:
        folder = Path(directory)
        say("a broker ...")
        with running_broker(kafka, folder / "kafka") as broker:
            for turn in range(TURNS):
                for workers in WORKERS:
                    place = folder / f"{turn}-{workers}"
                    rates[workers].append(_rate(broker.bootstrap, place, workers, stream))
                    say(f"{workers} worker(s): {rates[workers][-1]:,.0f} events/s")
    one, two = (median(rates[workers]) for workers in WORKERS)
    return {
        "keyed_1_worker_events_per_s": round(one),
        "keyed_2_workers_events_per_s": round(two),
        "keyed_speedup": round(two / one, 2),
        "shares": SHARES,
        "turns": TURNS,
        "broker": broker.name,
    }


def _rate(kafka: str, folder: Path, workers: int, stream: Stream) -> float:
    """Return the events/s of some workers; BenchError unless their alerts are those of the engine alone."""
    folder.mkdir()
    write_files(folder / "rules")
    prefix = f"fraudstream-bench-{time.time_ns():x}"
    names = {word: f"{prefix}.{word}" for word in TOPICS}
    rig = CrashRig(
        kafka, folder, names, folder / "rules", every="10s", guarantee="exactly_once", shares=SHARES
    )
    topic, (warm, lead, end) = rig.topology.input.topic, stream.ends
    with _started(rig, workers) as started:

        def check() -> None:
            for worker in started:
                worker.check()

        with AlertReader(kafka, rig.topology.output.alerts, check) as alerts:
            send(kafka, topic, stream.payloads[:warm], BULK)
            alerts.read_until(warm - 1, RUN_SECONDS_MAX)
            send(kafka, topic, stream.payloads[warm:], BULK)
            alerts.read_until(end - 1, RUN_SECONDS_MAX)
    compare(alerts.log, build_ruleset(bench_files()), stream)
    return alerts.log.events_per_s(lead - 1, end - 1)


@contextmanager
def _started(rig: CrashRig, workers: int) -> Iterator[Sequence[Worker]]:
    """Run some workers, each of which has stages to do."""
    with ExitStack() as stack:
        started = [stack.enter_context(rig.worker()) for _ in range(workers)]
        until(
            lambda: all(total(each, "fraudstream_recovery_seconds") > 0 for each in started),
            "every worker has stages",
        )
        yield started


def table_of(figures: Figures) -> Table:
    """Lay the figures out for people."""
    table = Table(title=f"a keyed topology of {figures['shares']} shares, on {figures['broker']}")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    table.add_row("one worker, events/s", f"{figures['keyed_1_worker_events_per_s']:,}", "")
    table.add_row("two workers, events/s", f"{figures['keyed_2_workers_events_per_s']:,}", "")
    table.add_row("  two beside one", f"{figures['keyed_speedup']:g} x", ">= 1.7 x")
    return table


if __name__ == "__main__":
    sys.exit(command(__doc__, run, table_of))

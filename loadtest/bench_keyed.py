"""`make bench-keyed`: a keyed topology from Kafka to Kafka with one worker and with two, and a single one.

They take turns. The events are on the topic before the workers come to those that count, and the broker is
the clock, as in `bench_worker.py`.
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
TURNS = 3
RUNS = {"single": (0, 1), "keyed_1_worker": (SHARES, 1), "keyed_2_workers": (SHARES, 2)}
"""By name the shares, 0 where one engine does everything, and the workers."""
LEAD, COUNTED = 100_000, 300_000
LENGTHS = (WARM_UP, LEAD, COUNTED)
"""Events of the parts of a stream: for the compilers, while the topic is still being filled, counted."""
RUN_SECONDS_MAX = 180.0
TOPICS = ("events", "alerts", "dead", "journal", "parts", "found")


def run(kafka: str | None, say: Say) -> Figures:
    """Measure each number of workers in turns on one broker, and return the figures."""
    stream = stream_of(generate(sum(LENGTHS)), LENGTHS)
    rates: dict[str, list[float]] = {name: [] for name in RUNS}
    with tempfile.TemporaryDirectory(prefix="fraudstream-bench-") as directory:
        folder = Path(directory)
        say("a broker ...")
        with running_broker(kafka, folder / "kafka") as broker:
            for turn in range(TURNS):
                for name, (shares, workers) in RUNS.items():
                    place = folder / f"{turn}-{name}"
                    rates[name].append(_rate(broker.bootstrap, place, shares, workers, stream))
                    say(f"{name}: {rates[name][-1]:,.0f} events/s")
    medians = {name: median(several) for name, several in rates.items()}
    return {
        **{f"{name}_events_per_s": round(rate) for name, rate in medians.items()},
        "keyed_speedup": round(medians["keyed_2_workers"] / medians["keyed_1_worker"], 2),
        "shares": SHARES,
        "turns": TURNS,
        "broker": broker.name,
    }


def _rate(kafka: str, folder: Path, shares: int, workers: int, stream: Stream) -> float:
    """Return the events/s of some workers; BenchError unless their alerts are those of the engine alone."""
    folder.mkdir()
    write_files(folder / "rules")
    prefix = f"fraudstream-bench-{time.time_ns():x}"
    names = {word: f"{prefix}.{word}" for word in TOPICS}
    rig = CrashRig(
        kafka, folder, names, folder / "rules", every="10s", guarantee="exactly_once", shares=shares
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
    table = Table(title=f"A keyed topology of {figures['shares']} shares, on {figures['broker']}")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    table.add_row("keyed, one worker, events/s", f"{figures['keyed_1_worker_events_per_s']:,}", "")
    table.add_row("keyed, two workers, events/s", f"{figures['keyed_2_workers_events_per_s']:,}", "")
    table.add_row("  two beside one", f"{figures['keyed_speedup']:g} x", ">= 1.7 x")
    table.add_row("single, one worker, exactly once, events/s", f"{figures['single_events_per_s']:,}", "")
    return table


if __name__ == "__main__":
    sys.exit(command(__doc__, run, table_of))

"""`make bench-recovery`: how soon a large state is back after kill -9, and what a checkpoint holds up.

The broker is the clock: of the events that are sent meanwhile every fifth is alerted on for sure, and both
topics stamp what is appended.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.table import Table

from loadtest.bench_alerts import AlertReader, BenchError
from loadtest.bench_broker import running_broker
from loadtest.bench_command import Figures, Say, command
from loadtest.bench_entities import rounds
from loadtest.bench_load import BULK, USUAL, append_times_ms, send
from loadtest.bench_rules import MARKER_USD_MIN, write_files
from loadtest.crash_rig import CrashRig, judged_by
from loadtest.demo_worker import Worker
from loadtest.metrics_page import Metrics, total

ENTITIES = 1_000_000
EVENTS_PER_ENTITY = 2
EVENTS_PER_S = 1_000
MARKER_EVERY = 5
SECONDS = 60
"""So long events come while checkpoints are written."""
CHECKPOINT_EVERY = "10s"
BEGUN_SECONDS_MAX = 1.5
"""So much earlier than its duration says may a checkpoint have begun: it is looked for now and then."""
JUDGED_SECONDS_MAX = 600.0
_MARKER = "marker-"


@dataclass
class Watch:
    """What a worker's metrics page told of its checkpoints, looked at all the time while the block lasts."""

    worker: Worker
    pauses_ms: list[float] = field(default_factory=list)
    spans_ms: list[tuple[float, float]] = field(default_factory=list)
    """When each was written, in milliseconds since 1970 UTC."""
    size_bytes: float = 0.0

    def __post_init__(self) -> None:
        self._seen = self._written(self.worker.metrics())

    def __enter__(self) -> Watch:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.1):
            self.look()

    def look(self) -> None:
        """Take note of a checkpoint that was written since the last look."""
        page = self.worker.metrics()
        before, self._seen = self._seen, max(self._seen, self._written(page))
        if self._seen == before:
            return
        end = total(page, "fraudstream_checkpoint_timestamp_seconds")
        begin = end - total(page, "fraudstream_checkpoint_seconds") - BEGUN_SECONDS_MAX
        self.spans_ms.append((begin * 1000, end * 1000))
        self.pauses_ms.append(total(page, "fraudstream_checkpoint_pause_seconds") * 1000)
        self.size_bytes = max(self.size_bytes, total(page, "fraudstream_checkpoint_bytes"))

    @staticmethod
    def _written(page: Metrics) -> float:
        return total(page, "fraudstream_checkpoints_total")

    def covers(self, times_ms: Sequence[int]) -> NDArray[np.bool_]:
        """Return for each time whether a checkpoint was being written then."""
        covered = [any(begin <= each <= end for begin, end in self.spans_ms) for each in times_ms]
        return np.array(covered, np.bool_)


def run(kafka: str | None, say: Say) -> Figures:
    """Measure both with one worker and its successor, and return the figures."""
    with tempfile.TemporaryDirectory(prefix="fraudstream-bench-") as directory:
        folder = Path(directory)
        write_files(folder / "rules")
        say("a broker ...")
        with running_broker(kafka, folder / "kafka") as broker:
            prefix = f"bench-{time.time_ns():x}"
            names = {word: f"{prefix}.{word}" for word in ("events", "alerts", "dead", "journal")}
            rig = CrashRig(broker.bootstrap, folder, names, folder / "rules", every=CHECKPOINT_EVERY)
            return {**_measured(rig, say), "broker": broker.name}


def _measured(rig: CrashRig, say: Say) -> Figures:
    topic, state = rig.topology.input.topic, rounds(ENTITIES, EVENTS_PER_ENTITY, seed=1)
    say(f"{len(state):,} events on {ENTITIES:,} entities ...")
    send(rig.kafka, topic, state, BULK)
    later = marked(rounds(ENTITIES, 1, seed=2)[: EVENTS_PER_S * SECONDS])
    with rig.worker() as worker:
        judged_by(worker, len(state), JUDGED_SECONDS_MAX)
        say(f"{SECONDS} s of {EVENTS_PER_S:,} events/s while checkpoints are written ...")
        with Watch(worker) as watch:
            send(rig.kafka, topic, later, USUAL, EVENTS_PER_S)
            judged_by(worker, len(state) + len(later))
        worker.kill()
    say("kill -9, and its successor ...")
    recovery = _recovery(rig, topic)
    return {"entities": ENTITIES, **recovery, **_latencies(rig, watch, len(state), len(later))}


def _latencies(rig: CrashRig, watch: Watch, first: int, events: int) -> Figures:
    """Return how long events waited for their alerts while a checkpoint was written, and else."""
    if not watch.spans_ms:
        raise BenchError("no checkpoint was written meanwhile: is its disk too slow?")
    with AlertReader(rig.kafka, rig.topology.output.alerts, lambda: None) as reader:
        reader.read_until(first + events - MARKER_EVERY, JUDGED_SECONDS_MAX)
        appended_ms = append_times_ms(rig.kafka, rig.topology.input.topic, first, events)
        latency_ms = reader.log.latency_ms(first, appended_ms)
        offsets = [each for each in reader.log.offsets if first <= each < first + events]
    is_saving = watch.covers([appended_ms[each - first] for each in offsets])
    return {
        "checkpoint_fork_ms_max": round(max(watch.pauses_ms), 1),
        "latency_ms_max_saving": int(latency_ms[is_saving].max()),
        "latency_ms_max_else": int(latency_ms[~is_saving].max()),
        "latency_ms_p99_saving": float(np.percentile(latency_ms[is_saving], 99)),
        "latency_ms_p99_else": float(np.percentile(latency_ms[~is_saving], 99)),
        "checkpoints": len(watch.spans_ms),
        "checkpoint_s_max": round(
            max(end - begin for begin, end in watch.spans_ms) / 1000 - BEGUN_SECONDS_MAX, 1
        ),
        "checkpoint_mb_max": round(watch.size_bytes / 1e6),
    }


def _recovery(rig: CrashRig, topic: str) -> Figures:
    """Start a successor, and return how long that took up to the first event that it judged."""
    send(rig.kafka, topic, marked(rounds(60_000, 1, seed=3)[:1_000]), BULK)
    started = time.monotonic()
    with rig.worker() as worker:
        serving = time.monotonic()
        judged_by(worker, 1)
        judged = time.monotonic()
    text, read_again = re.findall(r"recovered in ([\d.]+) s: (\d+) messages", rig.logs())[-1]
    return {
        "recovery_s": round(judged - started, 1),
        "recovery_process_start_s": round(serving - started, 1),
        "recovery_state_s": float(text),
        "recovery_messages_read_again": int(read_again),
    }


def marked(payloads: list[bytes]) -> list[bytes]:
    """Make every fifth event one on which the benchmark's rules alert whatever came before."""
    return [_marker(each, row) if row % MARKER_EVERY == 0 else each for row, each in enumerate(payloads)]


def _marker(payload: bytes, row: int) -> bytes:
    event = orjson.loads(payload)
    name = f"{_MARKER}{event['id']}-{row}"
    debtor = {"id": name}
    return orjson.dumps({**event, "id": name, "amount": MARKER_USD_MIN, "kind": "transfer", "debtor": debtor})


def table_of(figures: Figures) -> Table:
    """Lay the figures out for people."""
    table = Table(title=f"{figures['entities']:,} entities, on {figures['broker']}")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    rows = [
        ("from the start of the process to the first event judged", "recovery_s", "s", "<= 10 s"),
        ("  until the process serves its metrics", "recovery_process_start_s", "s", ""),
        ("  checkpoint and replay", "recovery_state_s", "s", ""),
        (
            "longest wait for an alert while a checkpoint is written",
            "latency_ms_max_saving",
            "ms",
            "<= 50 ms",
        ),
        ("  of it the fork", "checkpoint_fork_ms_max", "ms", ""),
        ("  the same while none is written", "latency_ms_max_else", "ms", ""),
    ]
    for text, name, unit, target in rows:
        table.add_row(text, f"{figures[name]:g} {unit}", target)
    return table


if __name__ == "__main__":
    sys.exit(command(__doc__, run, table_of))

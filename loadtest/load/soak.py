"""`make soak`: measures what the machine can do, and has it do a share of that for a long time."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console

from loadtest.bench_command import Say
from loadtest.blows import Scene
from loadtest.chaos_load import Load
from loadtest.demo_worker import Worker
from loadtest.load.__main__ import EXIT_FAILED, EXIT_STOPPED, FAILURES, OUT, told
from loadtest.load.holding import COMPLETE, DRAINED, LAG_FLAT, MEMORY_FLAT, OBJECTIVE, Claim
from loadtest.load.observed import Run, Sample, accounted
from loadtest.load.report import Report, report_of, write
from loadtest.load.runner import WARM_EVENTS, drained, own_folder, scene_for, settle, warmed
from loadtest.load.sampler import Sampler
from loadtest.load.scenario import Scenario
from loadtest.load.streams import customers
from loadtest.load.summary import markdown

MINUTES, SHARE_PERCENT, SEED = 30.0, 70.0, 7
CAPACITY_SECONDS = 30.0
CAPACITY_FROM_SECONDS = 10.0
"""The seconds before are not counted: the backlog has to be there first."""
BACKLOG_EVENTS = 300_000
"""So many wait at most while the capacity is measured, as they have to be judged afterwards."""
CUSTOMERS = 100_000
STEP_US = 3_000_000
"""Event time between two events: the 35 days of the longest exact windows are about a million events."""
START_US = int(np.datetime64("2005-01-01", "us").astype(np.int64))
CHECKPOINTS_EVERY = "10s"
HOLDS: tuple[Claim, ...] = (COMPLETE, OBJECTIVE, MEMORY_FLAT, LAG_FLAT, DRAINED)
COMPRESSION = "lz4"
"""Half an hour at full speed is tens of gigabytes else."""


class Soak:
    """A worker under events without end."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._payloads: Iterator[bytes] = customers(CUSTOMERS, STEP_US, seed, START_US)
        scene.rig.every(CHECKPOINTS_EVERY)
        self._worker: Worker = warmed(scene, [*islice(self._payloads, WARM_EVENTS)])
        self._sent = WARM_EVENTS

    def capacity(self, seconds: float = CAPACITY_SECONDS) -> float:
        """Return how many events/s are judged while there are always some that wait."""
        run = self.run(seconds)
        return rate_of([each for each in run.samples if each.seconds <= seconds])

    def run(self, seconds: float, events_per_s: float | None = None) -> Run:
        """Send for so many seconds, wait until all is judged, and return what was seen.

        Without a rate as many are sent as are judged, and a backlog.
        """
        sampler = Sampler(self._scene.rig, lambda: load.sent)

        def due(passed: float) -> float:
            if events_per_s is not None:
                return passed * events_per_s
            return BACKLOG_EVENTS + (sampler.samples[-1].events if sampler.samples else 0)

        load = Load(
            self._scene.broker.bootstrap,
            self._scene.rig.topology.input.topic,
            1,
            self._payloads,
            due,
            COMPRESSION,
        )
        with sampler, load:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self._worker.check()
                time.sleep(min(1.0, max(0.0, end - time.monotonic())))
            self._sent += load.finish()
            drained_s = drained(self._scene)
            settle(self._worker, self._sent)
            metrics = sampler.finish()
        return Run(
            seconds=seconds,
            asked_s=seconds,
            events_per_s=events_per_s or 0.0,
            sent=self._sent,
            fates=Counter(),
            samples=sampler.samples,
            latency=sampler.latency(),
            accounted=accounted(metrics),
            figures={},
            drained_s=drained_s,
        )


def rate_of(samples: list[Sample]) -> float:
    """Return the rate over samples, the first seconds left out where there are others."""
    counted = [each for each in samples if each.seconds >= CAPACITY_FROM_SECONDS]
    if len(counted) < 2:
        counted = samples
    first, last = counted[0], counted[-1]
    return (last.events - first.events) / (last.seconds - first.seconds)


def soak(scene: Scene, minutes: float, share_percent: float, seed: int, say: Say) -> Report:
    """Measure the capacity, load a share of it, and return the report."""
    load = Soak(scene, seed)
    say(f"capacity: as fast as it goes for {CAPACITY_SECONDS:g} s ...")
    capacity = load.capacity()
    events_per_s = round(capacity * share_percent / 100)
    say(f"capacity {capacity:,.0f}/s; {events_per_s:,}/s for {minutes:g} minutes ...")
    run = load.run(60 * minutes, events_per_s)
    does = f"{share_percent:g} % of {capacity:,.0f} events/s for {minutes:g} minutes"
    report = report_of("soak", does, HOLDS, run, scene.broker.name)
    report["figures"] |= {"capacity_per_s": round(capacity), "share_percent": share_percent}
    return report


def main() -> int:
    """Run it; returns the exit code."""
    asked = _parsed()
    console = Console(stderr=asked.json)
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False)

    scenario = Scenario("soak", "", HOLDS)
    try:
        with (
            own_folder() as folder,
            scene_for(scenario, asked.kafka, Path(folder), SEED, say) as scene,
        ):
            report = soak(scene, asked.minutes, asked.share, SEED, say)
    except KeyboardInterrupt:
        say("stopped")
        return EXIT_STOPPED
    except FAILURES as error:
        console.print(f"soak: {error}", style="red", markup=False, highlight=False)
        return EXIT_FAILED
    page = write(report, asked.out)
    (asked.out / "soak.md").write_text(markdown(report))
    console.print(told(report))
    say(f"report: {page}")
    if asked.json:
        print(json.dumps({key: value for key, value in report.items() if key != "samples"}))
    return 0 if report["held"] else EXIT_FAILED


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="loadtest.load.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="default: %(default)s")
    parser.add_argument("--share", type=float, default=SHARE_PERCENT, help="percent; default: %(default)s")
    parser.add_argument("--kafka", help="host:port of a cluster of your own")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the report; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

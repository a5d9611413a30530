"""`make chaos`: hurts workers at random under load, and holds what came out against a run without a break."""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from loadtest.bench_broker import BrokerStartError, running_broker
from loadtest.crash_rig import GUARANTEES, CrashRig, judged_by, uninterrupted
from loadtest.demo_worker import Worker, WorkerError
from loadtest.traffic import generate

RULES = Path(__file__).parents[1] / "rules"
EVENTS_PER_BLOW = 60_000
EVENTS_BETWEEN = (1_000, 12_000)
"""A worker judges so many events, drawn at random, before the next blow."""
DRAIN_SECONDS_MAX = 300.0
BLOWS = ("kill", "kill", "kill", "freeze", "corrupt")
"""Drawn from: kill -9; frozen until another has taken over; kill -9 and a damaged checkpoint."""

Figures = dict[str, int | float | str]


def main() -> int:
    """Run it and return its exit code: 1 where an alert is lost or different, or twice under exactly once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="how many blows")
    parser.add_argument("--seed", type=int, default=1, help="the same seed deals the same blows")
    parser.add_argument("--guarantee", choices=GUARANTEES, default="exactly_once")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    asked = parser.parse_args()
    console = Console(stderr=asked.json)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="fraudstream-chaos-") as folder,
            running_broker(None, Path(folder) / "kafka") as broker,
        ):
            console.print(f"on {broker.name}")
            prefix = f"chaos-{uuid4().hex[:8]}"
            rig = CrashRig(broker.bootstrap, Path(folder), named(prefix), RULES, guarantee=asked.guarantee)
            figures = {**run(rig, asked.kills, asked.seed, console.print), "guarantee": asked.guarantee}
    except (BrokerStartError, WorkerError, AssertionError) as error:
        console.print(str(error), highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    if asked.json:
        print(json.dumps(figures))
    else:
        console.print(figures)
    twice = figures["alerts_duplicated"] if asked.guarantee == "exactly_once" else 0
    return 1 if figures["alerts_lost"] or figures["decisions_different"] or twice else 0


def named(prefix: str) -> dict[str, str]:
    """Return names for the topics of one run."""
    return {word: f"{prefix}.{word}" for word in ("events", "alerts", "dead", "journal")}


def run(rig: CrashRig, blows: int, seed: int, say: Callable[[str], None]) -> Figures:
    """Deal some blows to the workers of a rig under load, and return what became of the alerts."""
    payloads = generate(EVENTS_PER_BLOW * (blows + 1), seed=seed).payloads
    say(f"{len(payloads):,} events, {blows} blows, seed {seed} ...")
    rig.send(payloads)
    dealt = _blows(rig, blows, random.Random(seed), say)
    with rig.worker():
        rig.drain(DRAIN_SECONDS_MAX)
    return {**_audit(rig, payloads), "seed": seed, **dealt}


def _blows(rig: CrashRig, blows: int, chance: random.Random, say: Callable[[str], None]) -> Counter[str]:
    """Deal the blows, one worker after the other; return how many there were of each kind."""
    dealt: Counter[str] = Counter(kills=0)
    for number in range(blows):
        blow, events = chance.choice(BLOWS), chance.randint(*EVENTS_BETWEEN)
        with rig.worker() as worker:
            judged_by(worker, events)
            say(f"{number + 1}: {blow} after {events:,} events")
            if blow == "freeze":
                _freeze(rig, worker)
            worker.kill()
        if blow == "corrupt":
            _corrupt(rig)
        dealt["kills"] += 1
        dealt[blow] += blow != "kill"
    return +dealt


def _freeze(rig: CrashRig, worker: Worker) -> None:
    """Stop a worker's time until another has taken over, and let it come back as a zombie beside that one."""
    worker.freeze()
    with rig.worker() as heir:
        judged_by(heir, 1)
        worker.thaw()
        judged_by(heir, EVENTS_BETWEEN[0])
        heir.kill()


def _corrupt(rig: CrashRig) -> None:
    """Damage the newest checkpoint, if there is one."""
    found = sorted((rig.folder / "state").rglob("manifests/*"), key=lambda path: path.name)
    if found:
        found[-1].write_bytes(found[-1].read_bytes()[:-10])


def _audit(rig: CrashRig, payloads: list[bytes]) -> Figures:
    """Hold the alerts against those of one engine that judges everything without a break."""
    expected, found = uninterrupted(rig.topology, payloads), rig.alerts()
    times = Counter(alert for alert, _ in found)
    recoveries = [float(each) for each in re.findall(r"recovered in ([\d.]+) s", rig.logs())]
    return {
        "alerts_expected": len(expected),
        "alerts_lost": len(expected.keys() - times.keys()),
        "alerts_duplicated": sum(times.values()) - len(times),
        "decisions_different": sum(value != expected.get(alert) for alert, value in found),
        "recoveries": len(recoveries),
        "recovery_s_max": max(recoveries, default=0.0),
    }


if __name__ == "__main__":
    sys.exit(main())

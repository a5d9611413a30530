"""`make chaos`: hurts workers and what they stand on under load, and compares with a run without a break."""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from loadtest.bench_broker import BrokerStartError
from loadtest.blows import Scene, possible, strike
from loadtest.chaos_audit import Figures, audit
from loadtest.chaos_broker import ChaosBroker, UnhurtBroker, chaos_broker
from loadtest.chaos_load import EVENTS_PER_S, Load
from loadtest.crash_rig import GUARANTEES, CrashRig
from loadtest.demo_worker import Worker, WorkerError
from loadtest.small_disk import small_disk
from loadtest.traffic import generate

RULES = Path(__file__).parents[1] / "rules"
MORE_RULE = Path(__file__).with_name("chaos_rule.yml")
EVENTS_PER_KILL = 60_000
EVENTS_MORE = 120_000
PARTITIONS = 3
DRAIN_SECONDS_MAX = 300.0
OTHER_BLOW_SHARE = 0.3
"""Of the rounds after every blow has fallen once, how many have another blow than the kill."""


def main() -> int:
    """Run it and return its exit code: 1 where anything is lost or different, or twice under exactly once."""
    asked = _parsed()
    console = Console(stderr=asked.json)
    try:
        with (
            _folder(asked.logs) as folder,
            chaos_broker(folder / "kafka") as broker,
            scene_on(broker, folder, asked.guarantee, asked.seed, console.print) as scene,
        ):
            figures = {**run(scene, asked.kills, asked.seed), "guarantee": asked.guarantee}
    except (BrokerStartError, WorkerError, AssertionError) as error:
        console.print(str(error), highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    if asked.json:
        print(json.dumps(figures))
    else:
        console.print(figures)
    return 0 if is_clean(figures) else 1


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="how many workers are killed with kill -9")
    parser.add_argument("--seed", type=int, default=1, help="the same seed deals the same blows")
    parser.add_argument("--guarantee", choices=GUARANTEES, default="exactly_once")
    parser.add_argument("--logs", type=Path, help="a new folder that keeps all logs")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    return parser.parse_args()


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="fraudstream-chaos-") as folder:
        yield Path(folder)


@contextmanager
def scene_on(
    broker: ChaosBroker | UnhurtBroker,
    folder: Path,
    guarantee: str,
    seed: int,
    say: Callable[[str], None],
    partitions: int = PARTITIONS,
    *,
    own_disk: bool = True,
) -> Iterator[Scene]:
    """Give a topology on a broker, checkpoints on a disk of their own where it is wanted and can be had."""
    say(f"on {broker.name}")
    prefix = f"chaos-{uuid4().hex[:8]}"
    names = {word: f"{prefix}.{word}" for word in ("events", "alerts", "dead", "journal")}
    rules = telling_rules(folder / "rules")
    rig = CrashRig(broker.bootstrap, folder, names, rules, partitions, guarantee=guarantee)
    disk_for = small_disk(folder / "state") if own_disk else nullcontext()
    with disk_for as disk, ExitStack() as workers:
        yield Scene(rig, broker, disk, random.Random(seed), say, workers)


def telling_rules(folder: Path) -> Path:
    """Put the usual rules into a folder, with one more that alerts on many events; return the folder."""
    shutil.copytree(RULES, folder)
    shutil.copy(MORE_RULE, folder / "fraud")
    return folder


def run(scene: Scene, kills: int, seed: int) -> Figures:
    """Kill workers that many times under load, with other blows between; return what became of the alerts."""
    rig, started = scene.rig, time.monotonic()
    payloads = generate(EVENTS_PER_KILL * kills + EVENTS_MORE, seed=seed).payloads
    scene.say(f"{kills} kills under {EVENTS_PER_S:,} events/s, seed {seed} ...")
    with Load(scene.broker.bootstrap, rig.topology.input.topic, PARTITIONS, payloads) as load:
        dealt = _deal(scene, load, kills)
        sent = load.finish()
        rig.drain(DRAIN_SECONDS_MAX)
    scene.say("comparing with a run without a break ...")
    figures = audit(rig, sent)
    return {
        "kills": scene.kills,
        **figures,
        **dealt,
        "seconds": round(time.monotonic() - started),
        "seed": seed,
    }


def _deal(scene: Scene, load: Load, kills: int) -> Counter[str]:
    """Deal blows until so many workers are killed, and leave one at work.

    Returns how many blows there were of each other kind.
    """
    dealt: Counter[str] = Counter()
    owner: Worker | None = None
    for number, name in enumerate(_names(scene), start=1):
        if scene.kills >= kills:
            break
        load.check()
        scene.say(f"round {number}, {scene.kills} killed: {name or 'kill -9'}")
        owner = strike(scene, owner, name)
        if name is not None:
            dealt[name] += 1
    if owner is None:
        scene.start()
    return dealt


def _names(scene: Scene) -> Iterator[str | None]:
    """Give the blow of each round: all there are, in any order, then again with mere kills between."""
    names = list(possible(scene))
    for turn in range(sys.maxsize):
        scene.chance.shuffle(names)
        for name in names:
            while turn and scene.chance.random() > OTHER_BLOW_SHARE:
                yield None
            yield name


def is_clean(figures: Figures) -> bool:
    """Whether nothing is lost or different, nor twice where each is promised once."""
    wrong = [
        "alerts_lost",
        "decisions_different",
        "events_unread",
        "dead_letters_lost",
        "dead_letters_different",
    ]
    if figures["guarantee"] == "exactly_once":
        wrong += ["alerts_duplicated", "dead_letters_duplicated"]
    return not any(figures[each] for each in wrong)


if __name__ == "__main__":
    sys.exit(main())

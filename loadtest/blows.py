"""What is done to workers and to what they stand on, between one kill -9 and the next."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from loadtest.chaos_broker import ChaosBroker, UnhurtBroker
from loadtest.crash_rig import CrashRig, judged_by, total
from loadtest.demo_worker import Worker
from loadtest.small_disk import SmallDisk
from loadtest.waiting import until

EVENTS_BEFORE = (200, 5_000)
"""A worker judges so many events, drawn at random, before the next blow."""
EVENTS_AFTER = 500
"""Whoever owns the shard after a blow judges so many before anything else is done."""
BROKER_AWAY_SECONDS = (0.0, 5.0)
"""And some seconds more until it has started."""
NETWORK_CUT_SECONDS = (1.0, 9.0)
"""Shorter than a session of the group, and longer."""
ENDED_SECONDS_MAX = 40.0


@dataclass
class Scene:
    """Where the blows fall.

    Attributes
    ----------
    workers
        Ends those that still run.
    disk
        That of the checkpoints, None where it cannot be filled.
    kills
        How many workers were killed with kill -9 so far.
    """

    rig: CrashRig
    broker: ChaosBroker | UnhurtBroker
    disk: SmallDisk | None
    chance: random.Random
    say: Callable[[str], None]
    workers: ExitStack
    kills: int = 0

    def start(self) -> Worker:
        """Start a worker."""
        (worker,) = self.start_all(1)
        return worker

    def start_all(self, count: int) -> list[Worker]:
        """Start some workers at once."""
        workers = [self.rig.worker(self.broker.proxied) for _ in range(count)]
        with ThreadPoolExecutor() as pool:
            return list(pool.map(self.workers.enter_context, workers))

    def kill(self, worker: Worker) -> None:
        """End a worker with kill -9."""
        worker.kill()
        self.kills += 1


Blow = Callable[[Scene, Worker], Worker | None]
"""Falls on the owner of the shard; returns who owns it then, None where nobody does."""


def freeze(scene: Scene, worker: Worker) -> Worker | None:
    """Stop a worker's time until another has taken over, and let it come back beside that one.

    The zombie stops with exit code 1 where a transaction of its own tells it, else it stands by.
    """
    worker.freeze()
    heir = scene.start()
    judged_by(heir, 1)
    worker.thaw()
    judged_by(heir, EVENTS_AFTER)
    heir.check()
    scene.kill(heir)
    if worker.code() is None:
        try:
            judged_by(worker, 1 + _judged(worker))
        except Exception:
            if worker.code() is None:
                raise
        else:
            return worker
    assert worker.code() == 1, f"a zombie ended with exit code {worker.code()}"
    return None


def corrupt(scene: Scene, worker: Worker) -> None:
    """Kill a worker, and damage its newest checkpoint if there is one."""
    scene.kill(worker)
    found = sorted((scene.rig.folder / "state").rglob("manifests/*"), key=lambda path: path.name)
    if found:
        found[-1].write_bytes(found[-1].read_bytes()[:-10])


def join_and_leave(scene: Scene, worker: Worker) -> Worker:
    """Add two workers, have the owner leave in order, and kill the one that takes over."""
    others = scene.start_all(2)
    worker.stop()
    assert worker.code() == 0, f"a worker that was to stop ended with exit code {worker.code()}"
    heir = _who_judges(others)
    scene.kill(heir)
    (last,) = (each for each in others if each is not heir)
    judged_by(last, EVENTS_AFTER)
    return last


def fill_disk(scene: Scene, worker: Worker) -> Worker:
    """Fill the disk of the checkpoints, and kill a worker that could write none; the next starts as it is."""
    assert scene.disk is not None
    before = _checkpoint_errors(worker)
    scene.disk.fill()
    try:
        until(lambda: _checkpoint_errors(worker) > before, "a checkpoint fails")
        judged_by(worker, EVENTS_AFTER + _judged(worker))
        scene.kill(worker)
        heir = scene.start()
        judged_by(heir, EVENTS_AFTER)
    finally:
        scene.disk.free()
    until(lambda: total(heir, "fraudstream_checkpoints_total") > 0, "a checkpoint is written again")
    return heir


def kill_broker(scene: Scene, worker: Worker) -> Worker:
    """Kill the broker and start it again some seconds later; the worker goes on by itself."""
    assert isinstance(scene.broker, ChaosBroker)
    scene.broker.kill()
    time.sleep(scene.chance.uniform(*BROKER_AWAY_SECONDS))
    scene.broker.revive()
    judged_by(worker, EVENTS_AFTER + _judged(worker))
    return worker


def cut_network(scene: Scene, worker: Worker) -> Worker:
    """Cut a worker off from the broker for some seconds, with or without a word; it goes on by itself."""
    assert isinstance(scene.broker, ChaosBroker)
    scene.broker.proxy.cut(noisily=scene.chance.random() < 0.5)
    try:
        time.sleep(scene.chance.uniform(*NETWORK_CUT_SECONDS))
    finally:
        scene.broker.proxy.mend()
    judged_by(worker, EVENTS_AFTER + _judged(worker))
    return worker


BLOWS: dict[str, Blow] = {
    "freezes": freeze,
    "corruptions": corrupt,
    "joins": join_and_leave,
    "full_disks": fill_disk,
    "broker_kills": kill_broker,
    "network_cuts": cut_network,
}
"""By the name of their figure."""


def possible(scene: Scene) -> Iterator[str]:
    """Give the blows that can fall here, and say why others cannot."""
    for name, blow in BLOWS.items():
        if blow in (kill_broker, cut_network) and not isinstance(scene.broker, ChaosBroker):
            scene.say(f"skipped: {name}: the broker can be hurt only where Kafka runs on Java 17, with Maven")
        elif blow is fill_disk and scene.disk is None:
            scene.say(f"skipped: {name}: to fill the disk of the checkpoints, run as root (it mounts one)")
        else:
            yield name


def strike(scene: Scene, owner: Worker | None, name: str | None) -> Worker | None:
    """Let a worker work, deal it a blow (None: no other than the kill), and kill it unless that killed one.

    Takes and returns the owner of the shard, None where nobody is.
    """
    owner, kills = owner or scene.start(), scene.kills
    judged_by(owner, _judged(owner) + scene.chance.randint(*EVENTS_BEFORE))
    if name is not None:
        owner = BLOWS[name](scene, owner)
    if owner is not None and scene.kills == kills:
        scene.kill(owner)
        return None
    return owner


def _who_judges(workers: list[Worker]) -> Worker:
    until(lambda: any(_judged(each) >= EVENTS_AFTER for each in workers), "one of them takes over")
    return max(workers, key=_judged)


def _judged(worker: Worker) -> int:
    return int(total(worker, "fraudstream_events_total"))


def _checkpoint_errors(worker: Worker) -> float:
    return worker.metrics().get("fraudstream_errors_total", {}).get(("checkpoint",), 0.0)

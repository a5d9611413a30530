"""What is done to workers and to what they stand on, under the usual traffic."""

from __future__ import annotations

import time

from loadtest.blows import EVENTS_AFTER, Scene, fill_disk, join_and_leave, kill_broker
from loadtest.chaos_broker import ChaosBroker
from loadtest.crash_rig import judged_by, total
from loadtest.demo_worker import Worker
from loadtest.load.holding import DISK_RESUMED, DISK_TOLD, SURVIVED, WHOLE, Claim, back
from loadtest.load.scenario import Scenario

SLOW_SECONDS = 0.1
HURT: tuple[Claim, ...] = (*WHOLE, SURVIVED)


def rebalance(scene: Scene, worker: Worker, seconds: float) -> None:
    """Add two workers, have the owner leave, and kill its heir."""
    join_and_leave(scene, worker)


def slow_broker(scene: Scene, worker: Worker, seconds: float) -> None:
    """Hold back all that passes between worker and broker for a third of the run."""
    assert isinstance(scene.broker, ChaosBroker)
    scene.broker.proxy.slow(SLOW_SECONDS)
    try:
        time.sleep(seconds / 3)
    finally:
        scene.broker.proxy.slow(0)
    judged_by(worker, EVENTS_AFTER + int(total(worker, "fraudstream_events_total")))


def broker_restart(scene: Scene, worker: Worker, seconds: float) -> None:
    """Kill the broker, and start it again after some seconds."""
    kill_broker(scene, worker)


def disk_full(scene: Scene, worker: Worker, seconds: float) -> None:
    """Fill the disk of the checkpoints, kill the worker, and have the next one start on it as it is."""
    fill_disk(scene, worker)


HURTS = (
    Scenario(
        "rebalance",
        "two workers join, the owner leaves, its heir is killed",
        HURT,
        hurt=rebalance,
    ),
    Scenario(
        "slow-broker",
        "100 ms more each way between worker and broker for a third of the time",
        (*HURT, back(2 / 3)),
        hurt=slow_broker,
        of_broker=True,
    ),
    Scenario(
        "broker-restart",
        "kill -9 of the broker, back after some seconds",
        HURT,
        hurt=broker_restart,
        of_broker=True,
    ),
    Scenario(
        "disk-full",
        "no space for checkpoints, and a kill -9 meanwhile",
        (*HURT, DISK_TOLD, DISK_RESUMED),
        hurt=disk_full,
        of_disk=True,
    ),
)

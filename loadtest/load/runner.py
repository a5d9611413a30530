"""Runs a scenario: a worker, messages by the profile, what is done meanwhile, a look at what came out."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from kafka import KafkaAdminClient

from fraudstream.stream.admin import topic_names
from fraudstream.stream.app import MEMORY_SECONDS
from loadtest.bench_broker import running_broker
from loadtest.bench_command import Say
from loadtest.blows import Scene
from loadtest.chaos import scene_on
from loadtest.chaos_audit import audit
from loadtest.chaos_broker import ChaosBroker, UnhurtBroker, chaos_broker
from loadtest.chaos_load import Load
from loadtest.crash_rig import GUARANTEES, uninterrupted
from loadtest.demo_worker import Worker, WorkerError
from loadtest.load.observed import Run, accounted
from loadtest.load.sampler import Sampler
from loadtest.load.scenario import Scenario
from loadtest.load.streams import Stream, newest_us
from loadtest.metrics_page import total
from loadtest.waiting import until

WARM_EVENTS = 1_000
"""Sent before anything is looked at, or half as many as come after: by then kernels are compiled."""
SPARE_SECONDS = 150
"""So much longer there are messages where something is done that takes its time."""
GIVEN_UP_SECONDS = 300.0
SETTLED_SECONDS_MAX = 10.0
STATE_TOLD_SECONDS = 2.0


class NotPossibleError(RuntimeError):
    """A scenario cannot run here; the message says what it needs."""


def own_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for a run; what a child of a killed worker still writes there may be left."""
    return tempfile.TemporaryDirectory(prefix="fraudstream-load-", ignore_cleanup_errors=True)


@contextmanager
def scene_for(scenario: Scenario, given: str | None, folder: Path, seed: int, say: Say) -> Iterator[Scene]:
    """Give what a scenario needs to run; NotPossibleError where that is not to be had."""
    with (
        _broker(scenario, given, folder) as broker,
        scene_on(broker, folder, GUARANTEES[0], seed, say, 1, own_disk=scenario.of_disk) as scene,
    ):
        if scenario.of_disk and scene.disk is None:
            raise NotPossibleError(
                f"{scenario.name} fills a disk: run it as root, which may mount a small one"
            )
        try:
            yield scene
        finally:
            if given is not None:
                _delete_topics(scene)


@contextmanager
def _broker(scenario: Scenario, given: str | None, folder: Path) -> Iterator[ChaosBroker | UnhurtBroker]:
    if not scenario.of_broker:
        with running_broker(given, folder / "kafka") as broker:
            yield UnhurtBroker(broker.bootstrap, broker.name)
        return
    if given is not None:
        raise NotPossibleError(
            f"{scenario.name} hurts its broker: leave KAFKA out, and it starts one of its own"
        )
    with chaos_broker(folder / "kafka") as own:
        if not isinstance(own, ChaosBroker):
            raise NotPossibleError(f"{scenario.name} hurts its broker: that takes Java 17 and Maven")
        yield own


def _delete_topics(scene: Scene) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=scene.rig.kafka)) as admin:
        admin.delete_topics(topic_names(scene.rig.topology))


def run(scenario: Scenario, scene: Scene, seconds: float, events_per_s: float, seed: int) -> Run:
    """Run a scenario and look at it; WorkerError where a worker that nobody hurt has ended."""
    rig, profile = scene.rig, scenario.profile
    looked_at = int(profile.due(seconds, seconds, events_per_s))
    # No storm, which begins at a third, may blow before it is looked at.
    warm = min(WARM_EVENTS, looked_at // 2)
    spare = int(SPARE_SECONDS * events_per_s) if scenario.hurt else 0
    stream = scenario.make(warm + looked_at + spare, seed)
    worker = warmed(scene, stream.payloads[:warm])
    scene.say(f"{scenario.name}: {scenario.does}; {events_per_s:,.0f}/s for {seconds:g} s")
    load = Load(
        scene.broker.bootstrap,
        rig.topology.input.topic,
        1,
        stream.payloads[warm:],
        lambda passed: profile.due(passed, seconds, events_per_s),
    )
    with load, Sampler(rig, lambda: load.sent) as sampler:
        begin = time.monotonic()
        blow = (
            _hurt(scenario, scene, worker, load, seconds) if scenario.hurt else _wait(load, worker, seconds)
        )
        sent, lasted_s = warm + load.finish(), time.monotonic() - begin
        drained_s = drained(scene)
        if scenario.hurt is None:
            settle(worker, sent)
        if scenario.asks_state:
            # Workers look at their state that often, the last time perhaps just before the last message.
            time.sleep(MEMORY_SECONDS + STATE_TOLD_SECONDS)
        metrics = sampler.finish()
    scene.say("comparing with one engine ...")
    found = Run(
        seconds=lasted_s,
        asked_s=seconds,
        events_per_s=events_per_s,
        sent=sent,
        fates=stream.count(sent),
        samples=sampler.samples,
        latency=sampler.latency(),
        accounted=Counter() if scenario.hurt else accounted(metrics),
        figures=audit(rig, sent),
        drained_s=drained_s,
        watermark_s=total(metrics, "fraudstream_watermark_timestamp_seconds"),
        blow=blow,
    )
    if scenario.asks_good:
        found.good_lost, found.good_added = _against_good(scene, stream, sent)
    if stream.fates:
        found.newest_s = newest_us(stream.good(sent)) / 1e6
    return found


def warmed(scene: Scene, payloads: list[bytes]) -> Worker:
    """Start a worker, and return it once it has judged some messages."""
    worker = scene.start()
    scene.rig.send(payloads)
    scene.rig.drain()
    return worker


def drained(scene: Scene) -> float:
    """Wait until all is judged and committed, and return how long; AssertionError after 5 minutes."""
    begin = time.monotonic()
    scene.rig.drain(GIVEN_UP_SECONDS)
    return time.monotonic() - begin


def settle(worker: Worker, sent: int) -> None:
    """Wait until a worker's counters are those of everything, or for some seconds."""
    with suppress(AssertionError):
        until(lambda: accounted(worker.metrics()).total() >= sent, "all are counted", SETTLED_SECONDS_MAX)


def _wait(load: Load, worker: Worker, seconds: float) -> str:
    def over() -> bool:
        worker.check()
        return load.ran_out

    until(over, "all messages are sent", 4 * seconds + GIVEN_UP_SECONDS)
    return ""


def _hurt(scenario: Scenario, scene: Scene, worker: Worker, load: Load, seconds: float) -> str:
    """Return why the workers did not get over it, nothing where they did."""
    assert scenario.hurt is not None
    begin = time.monotonic()
    time.sleep(seconds / 3)
    try:
        scenario.hurt(scene, worker, seconds)
        load.check()
    except (AssertionError, WorkerError) as error:
        return str(error)
    time.sleep(max(0.0, seconds - (time.monotonic() - begin)))
    return ""


def _against_good(scene: Scene, stream: Stream, sent: int) -> tuple[int, int]:
    """Return how many alerts of plain events alone never came or differ, and how many others there are."""
    expected = uninterrupted(scene.rig.topology, stream.good(sent))
    found = dict(scene.rig.alerts())
    lost = sum(found.get(alert_id) != value for alert_id, value in expected.items())
    return lost, len(found.keys() - expected.keys())

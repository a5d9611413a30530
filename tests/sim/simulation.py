"""Runs a world: feeds the input, deals the blows, starts workers anew, and keeps what came of it all."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from random import Random
from types import SimpleNamespace

from fraudstream.config import Topology
from tests.sim.cluster import Cluster
from tests.sim.disk import Disk, mount
from tests.sim.group import Coordinator
from tests.sim.history import Commit, History, Told
from tests.sim.loop import SimLoop
from tests.sim.partition_log import Record, Transaction
from tests.sim.processes import PROCESS, Process
from tests.sim.surroundings import Surroundings
from tests.sim.worker import Worker, start
from tests.sim.world import EXACTLY_ONCE, Blow, Message, World

EVENTS, ALERTS, DEAD, JOURNAL = "events", "alerts", "dead", "journal"
PEACE_SECONDS_MAX = 600.0
STOP_SECONDS_MAX = 60.0
RESTART_SECONDS_MAX = 8.0
WORKERS_MAX = 40
OPEN_SECONDS_MAX = 3.0


def simulate(world: World) -> History:
    """Run a world to its end."""
    with _quiet(), _chance_from(world.seed):
        return Simulation(world).run()


class Simulation:
    """One world while it runs."""

    def __init__(self, world: World) -> None:
        rng = Random(world.seed)
        loop = self._loop = SimLoop(rng, world.disorder)
        topics = {EVENTS: world.partitions, ALERTS: 2, DEAD: 2, JOURNAL: 1}
        self._cluster = Cluster(loop, rng, topics, "topic-1")
        self._disk = Disk(rng)
        self._coordinator = Coordinator(self._cluster)
        self._around = Surroundings(world, loop, self._cluster, self._coordinator, self._disk)
        self._world = world
        self._rng = rng
        self._topology = _topology(world)
        self._crashes = [*world.crashes]
        self._workers: list[Worker] = []
        self._transactions: dict[int, Transaction] = {}
        self._commits: list[Commit] = []
        self._has_peace = self._is_closing = self._is_finished = self._has_retention = False

    def run(self) -> History:
        """Run it, once."""
        mount(self._disk)
        self._cluster.on_commit = self._note_commit
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
            history = self._history()
            self._loop.bury()
        finally:
            asyncio.set_event_loop(None)
        return history

    async def _live(self) -> None:
        world, cluster = self._world, self._cluster
        for message in world.messages:
            cluster.at(message.at, lambda message=message: self._feed(message))  # type: ignore[misc]
        for blow in world.blows:
            cluster.at(blow.at, lambda blow=blow: self._deal(blow))  # type: ignore[misc]
        cluster.trouble, self._disk.trouble = world.trouble, world.disk_trouble
        keeping = asyncio.create_task(self._coordinator.run())
        for _ in range(world.workers):
            self._start_worker()
        await asyncio.sleep(world.horizon + OPEN_SECONDS_MAX)
        self._make_peace()
        self._is_finished = await self._comes_true(self._is_all_committed, PEACE_SECONDS_MAX)
        self._is_closing = True
        for worker in self._living():
            self._inside(worker, worker.stop)
        await self._comes_true(lambda: not self._living(), STOP_SECONDS_MAX)
        keeping.cancel()

    async def _comes_true(self, condition: object, seconds_max: float) -> bool:
        deadline = self._loop.time() + seconds_max
        assert callable(condition)
        while not condition():
            if self._loop.time() > deadline:
                return False
            await asyncio.sleep(0.5)
        return True

    def _make_peace(self) -> None:
        self._has_peace = True
        self._cluster.trouble = self._disk.trouble = 0.0
        for worker in self._workers:
            worker.process.crash_at = None
            self._thaw(worker.process)

    def _start_worker(self) -> None:
        if self._is_closing or len(self._workers) == WORKERS_MAX:
            return
        process = Process(f"worker {len(self._workers)}", self._restart)
        if self._crashes and not self._has_peace:
            process.crash_at = self._crashes.pop(0)
        self._workers.append(start(self._around, self._topology, process))

    def _restart(self) -> None:
        """Start another worker in the place of one that ended."""
        if not self._loop.is_over:
            self._cluster.at(self._loop.later(RESTART_SECONDS_MAX), self._start_worker)

    def _living(self) -> list[Worker]:
        return [worker for worker in self._workers if not worker.process.is_dead]

    def _inside(self, worker: Worker, do: object) -> None:
        context = copy_context()
        context.run(PROCESS.set, worker.process)
        assert callable(do)
        self._loop.call_soon(do, context=context)

    def _feed(self, message: Message) -> None:
        where = (EVENTS, message.partition)
        content = SimpleNamespace(key=None, value=message.value, headers=())
        if message.transaction is None:
            self._cluster.append(where, [content], "source")
            return
        transaction = self._transactions.get(message.transaction)
        if transaction is None:
            transaction = self._transactions[message.transaction] = Transaction()
            self._cluster.at(self._loop.later(OPEN_SECONDS_MAX), lambda: self._end(message, transaction))
        self._cluster.append(where, [content], "source", transaction)

    def _end(self, message: Message, transaction: Transaction | None) -> None:
        """End the transaction of a source; what came of it after that is the next one's."""
        assert transaction is not None
        transaction.is_committed = not message.is_aborted
        for log in transaction.logs:
            log.close(self._cluster.now_ms(), transaction)
        self._transactions.pop(message.transaction or 0)

    def _deal(self, blow: Blow) -> None:
        if self._has_peace:
            return
        getattr(self, f"_{blow.kind}")(blow)

    def _victim(self) -> Worker | None:
        living = self._living()
        return self._rng.choice(living) if living else None

    def _freeze(self, blow: Blow) -> None:
        if (worker := self._victim()) is not None:
            worker.process.is_frozen = True
            self._cluster.at(blow.seconds, lambda: self._thaw(worker.process))

    def _thaw(self, process: Process) -> None:
        process.is_frozen = False
        if not process.is_dead:
            self._loop.thaw(process)

    def _cut(self, blow: Blow) -> None:
        if (worker := self._victim()) is not None:
            worker.process.cut_until = self._loop.time() + blow.seconds

    def _stall(self, blow: Blow) -> None:
        """Let nothing be appended to the alerts for a while, as between two leaders."""
        self._cluster.stalled = (ALERTS, self._loop.time() + blow.seconds)

    def _kill(self, blow: Blow) -> None:
        if (worker := self._victim()) is not None:
            worker.process.crash()

    def _join(self, blow: Blow) -> None:
        self._start_worker()

    def _stop(self, blow: Blow) -> None:
        if (worker := self._victim()) is not None:
            self._inside(worker, worker.stop)

    def _reload(self, blow: Blow) -> None:
        rules = self._around.rules
        rules.version = f"v{int(rules.version[1:]) + 1}"

    def _retention(self, blow: Blow) -> None:
        """Let go of some messages that are committed."""
        for partition, offset in self._cluster.group.committed.items():
            log = self._cluster.logs[EVENTS, partition]
            log.start = self._rng.randrange(log.start, offset + 1)
        self._has_retention = True

    def _rot(self, blow: Blow) -> None:
        self._disk.rot()

    def _is_all_committed(self) -> bool:
        return all(
            self._cluster.group.committed.get(each, 0) > self._newest(each)
            for each in range(self._world.partitions)
        )

    def _newest(self, partition: int) -> int:
        return max(
            (
                record.offset
                for record in self._cluster.logs[EVENTS, partition].records
                if record.is_committed
            ),
            default=-1,
        )

    def _note_commit(self, partition: int, offset: int) -> None:
        sources = frozenset(told.source for told in (*self._told(ALERTS), *self._told(DEAD)))
        self._commits.append(Commit(partition, offset, sources))

    def _told(self, topic: str) -> Iterator[Told]:
        for partition in sorted(self._cluster.partitions(topic)):
            for record in self._cluster.logs[topic, partition].records:
                if record.is_committed:
                    yield _told(record)

    def _history(self) -> History:
        world = self._world
        reloads = any(blow.kind == "reload" for blow in world.blows)
        is_exact = world.guarantee == EXACTLY_ONCE
        return History(
            topic=EVENTS,
            inputs={
                (each, record.offset): record.value or b""
                for each in range(world.partitions)
                for record in self._cluster.logs[EVENTS, each].records
                if record.is_committed
            },
            alerts=[*self._told(ALERTS)],
            letters=[*self._told(DEAD)],
            commits=self._commits,
            committed=dict(self._cluster.group.committed),
            may_repeat=not is_exact,
            may_differ=not is_exact and reloads,
            has_gap="retention" in self._around.errors,
            may_have_gap=self._has_retention,
            is_finished=self._is_finished,
            trace=self._loop.trace,
            steps=self._loop.steps,
            steps_by_process={worker.process.name: worker.process.steps for worker in self._workers},
        )


def _told(record: Record) -> Told:
    headers = dict(record.headers)
    source = (int(headers["source_partition"]), int(headers["source_offset"]))
    return Told(source, record.key, record.value, headers, record.by)


def _topology(world: World) -> Topology:
    return Topology.model_validate(
        {
            "schema": "fraudstream.topology/v1",
            "name": "sim",
            "kafka": {"bootstrap": "localhost:9092", "group": "sim"},
            "input": {"topic": EVENTS, "partitions": world.partitions},
            "output": {"alerts": ALERTS, "dead_letters": DEAD, "journal": JOURNAL},
            "rules": "rules",
            "processing_guarantee": world.guarantee,
            "privacy": {"personal": "clear"},
        }
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the logs of thousands of failures out of sight."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _chance_from(seed: int) -> Iterator[None]:
    """Have the partition of a message without a key drawn from a seed, as everything else is."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)

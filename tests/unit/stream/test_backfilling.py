"""New features count the past beside the events, and again in a recovery, from the same offsets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError

from fraudstream.config import RuleSource, Topology
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stream import backfilling
from fraudstream.stream.admin import Standing
from fraudstream.stream.backfilling import Backfiller, BackfillError
from fraudstream.stream.batch import Batch
from fraudstream.stream.journal import Entry, Filled, Poison, decode
from fraudstream.stream.recovery import Means, Recovery
from fraudstream.stream.shard import Shard
from tests.unit.rule_files import event, rule_file, ruleset_of
from tests.unit.stream.fakes import FakeObserver, batch, record, settled, topology
from tests.unit.stream.test_recovery import JOURNAL, FakeLog, _nothing

EVENTS = 40
"""Of each partition; one a minute, from 08:00 on."""
FEATURES = (
    "{n: {count: events, by: debtor.id, window: 5m}, last: {last: amount_usd, by: debtor.id, window: 5m}}"
)
SETTINGS = Settings(duplicates=Horizon(horizon_us=1_000_000), ahead_us=0)
OLD = ruleset_of(rule_file(cases="[]"))
NEW = ruleset_of(
    rule_file(cases="[]"),
    rule_file("n >= 1 or last >= 0", features=FEATURES, cases="[]", rule_id="TST-NEW-001"),
)
PAST = Filled({0: 20, 1: 19}, {0: 30, 1: 30}, True)
"""Where the window, the lateness and the second of duplicates before 08:29:20 begin."""
SINCE = b'"since":"2026-03-02T08:27:00Z"'
"""The lateness after the first event that is there."""


@dataclass
class TwoPartitions(FakeLog):
    """An input of two partitions with their append times, of which the first offsets may be gone."""

    gone: int = 0
    events: Sequence[Any] = ()
    kept: dict[int, list[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = {number: [message(number, each) for each in range(EVENTS)] for number in (0, 1)}

    def filled(self) -> list[Filled]:
        """Return what the journal tells of features that count the past."""
        told = [decode(each.value).filled for each in self.journal]
        return [each for each in told if each is not None]

    async def getmany(self, partition: Any, **options: Any) -> dict[Any, list[Any]]:
        """Return a part of what stands behind."""
        behind = [each for each in self._records(partition) if each.offset >= self.at[partition]]
        found = behind[: options["max_records"]]
        self.at[partition] = found[-1].offset + 1 if found else self._end(partition)
        return {partition: found} if found else {}

    async def offsets_for_times(self, times: dict[Any, int]) -> dict[Any, Any]:
        """Return the first offset of a time or later."""
        ((partition, time_ms),) = times.items()
        later = [each for each in self._records(partition) if each.timestamp >= time_ms]
        return {partition: SimpleNamespace(offset=later[0].offset) if later else None}

    def _records(self, partition: Any) -> Sequence[Any]:
        topic, number = partition
        if (topic, number) == JOURNAL:
            return self.journal
        return self.kept[number][self.gone :]


def message(partition: int, offset: int) -> Any:
    """Return a message of one of three customers, appended when it happened."""
    seconds = 60 * offset + 20 * partition
    at = f"2026-03-02T08:{seconds // 60:02}:{seconds % 60:02}Z"
    value = event(f"{partition}-{offset}", at, debtor={"id": f"c{offset % 3}"}, amount=1 + offset)
    return record(offset, value, timestamp=1_772_438_400_000 + 1_000 * seconds)


class Setup:
    """A shard of two partitions, and the log that it has read."""

    def __init__(self, log: TwoPartitions | None = None, warm: bool = True) -> None:
        self.log = log or TwoPartitions([])
        source = RuleSource.model_validate({"directory": "rules", "warm_from": "input" if warm else None})
        self.topology: Topology = topology(partitions=2).model_copy(update={"rule_source": source})
        self.shard = Shard(Engine(OLD, SETTINGS))
        self.shard.last = Entry(1, self.shard.owner, topic_id="topic")
        self.alerts: list[bytes] = []
        self.observer = FakeObserver()
        self.backfiller = Backfiller(self.topology, self.shard, self.log.consumer)

    async def fold(self, partition: int, stop: int) -> None:
        """Judge what comes next in a partition, up to an offset, as a desk does."""
        async with self.shard.folding:
            start = self.shard.positions.get(partition, 0)
            batch = Batch(("fraudstream.events", partition), self.log.kept[partition][start:stop])
            while (entry := self.shard.turn_to(batch)) is not None:
                await self.log.write(entry)
            self.alerts += [alert.value for alert in self.shard.fold(batch).alerts]

    async def some(self) -> None:
        """Judge three quarters of both partitions, in turns."""
        for stop in (3, 9, 10, 22, 30):
            await self.fold(0, stop)
            await self.fold(1, stop)

    async def rest(self) -> list[bytes]:
        """Judge the rest and return the alerts on that."""
        self.alerts = []
        await self.fold(1, EVENTS)
        await self.fold(0, EVENTS)
        return self.alerts

    async def recovered(self, wanted: Ruleset, kept: dict[str, Ruleset]) -> Setup:
        """Return what the next owner makes of the log, who has no checkpoint and other rules in force."""
        found = Setup(self.log)
        found.topology = self.topology
        found.shard = Shard(Engine(wanted, SETTINGS))
        committed = dict(self.shard.positions)
        now = Standing("topic", {0: 0, 1: 0}, {0: EVENTS, 1: EVENTS}, committed)
        means = Means(
            None,
            kept.get,
            _nothing,
            self.log.write,
            _nothing,
            _nothing,
            self.log.oldest,
            _nothing,
            _nothing,
            lambda _: now,
            self.log.consumer,
        )
        await Recovery(found.topology, found.shard, means, found.observer).take()
        return found


async def always() -> list[bytes]:
    """Return the alerts on the rest of an engine that has had the new rules from the begin."""
    setup = Setup()
    setup.shard.engine.reload(setup.shard.engine.prepare(NEW))
    await setup.some()
    return await setup.rest()


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the past be read in many slices and rounds."""
    monkeypatch.setattr(backfilling, "SLICE_EVENTS", 4)
    monkeypatch.setattr(backfilling, "CLOSE_EVENTS", 3)


def run(scenario: Callable[[], Any]) -> None:
    """Run a scenario."""
    asyncio.run(scenario())


def test_events_are_judged_while_the_past_is_counted() -> None:
    """By the old rules; from the swap on it is as if the new ones had always been there."""

    async def scenario() -> None:
        setup = Setup()
        for stop in (3, 9, 10):
            await setup.fold(0, stop)
            await setup.fold(1, stop)
        swap = asyncio.create_task(setup.backfiller.swap(NEW))
        for stop in (22, 30):
            for partition in (0, 1):
                await settled()
                assert setup.shard.engine.ruleset is OLD
                await setup.fold(partition, stop)
        await swap
        assert setup.shard.engine.ruleset is NEW
        assert await setup.rest() == await always()

    run(scenario)


def test_a_recovery_puts_the_rules_in_force_with_the_same_past() -> None:
    """The journal tells from where on, and no entry tells it twice."""

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        await setup.backfiller.swap(NEW)
        await setup.fold(0, 32)
        found = await setup.recovered(NEW, {OLD.version: OLD})
        assert found.shard.engine.ruleset is NEW
        assert await found.rest() == await setup.rest()
        assert setup.log.filled() == [PAST]

    run(scenario)


@pytest.mark.parametrize("warm", [True, False])
def test_a_worker_that_starts_with_other_rules_lets_them_count_the_past(warm: bool) -> None:
    """Where the topology says so; and its first entry tells of it."""

    async def scenario() -> None:
        setup = Setup(warm=warm)
        await setup.some()
        found = await setup.recovered(NEW, {OLD.version: OLD})
        assert (await found.rest() == await always()) is warm
        assert setup.log.filled() == ([PAST] if warm else [])

    run(scenario)


def test_what_has_left_the_topic_is_told_in_alerts() -> None:
    """The features count from the first event on that is there."""

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        setup.log.gone = 22
        await setup.backfiller.swap(NEW)
        assert SINCE in (await setup.rest())[0]
        assert setup.log.filled() == [Filled({0: 22, 1: 22}, {0: 30, 1: 30}, False)]

    run(scenario)


def test_what_leaves_the_topic_before_a_recovery_is_told() -> None:
    """It cannot count what it counted then."""

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        await setup.backfiller.swap(NEW)
        await setup.fold(0, 31)
        setup.log.gone = 22
        found = await setup.recovered(NEW, {OLD.version: OLD})
        # Eight stretches that it cannot fold again, and what the features have counted.
        assert found.observer.errors == 9 * ["retention"]
        assert SINCE in (await found.rest())[0]

    run(scenario)


def test_poison_is_left_out_again() -> None:
    """It was never counted."""

    async def scenario() -> None:
        setup, other = Setup(), Setup()
        for each in (setup, other):
            each.shard._poison = {(0, 29): Poison(0, 29, "KeyError", "x")}
        other.shard.engine.reload(other.shard.engine.prepare(NEW))
        await setup.some()
        await other.some()
        await setup.backfiller.swap(NEW)
        assert await setup.rest() == await other.rest()

    run(scenario)


def test_a_shard_that_is_recovered_meanwhile_is_filled_anew() -> None:
    """Its texts have other codes."""

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        swap = asyncio.create_task(setup.backfiller.swap(NEW))
        await settled()
        async with setup.shard.folding:
            engine = Engine(OLD, SETTINGS)
            engine.restore(setup.shard.engine.snapshot())
            setup.shard.renew(engine, setup.shard.positions, ())
        await swap
        assert setup.shard.engine is engine
        assert await setup.rest() == await always()

    run(scenario)


def test_a_past_that_grows_faster_than_it_is_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old rules stay, and the message says what to do."""
    monkeypatch.setattr(backfilling, "CLOSE_EVENTS", -1)

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        with pytest.raises(BackfillError, match=r"fraudstream\.events grows faster .* bring the rules again"):
            await setup.backfiller.swap(NEW)
        assert setup.shard.engine.ruleset is OLD

    run(scenario)


def test_rules_without_new_features_are_in_force_at_once() -> None:
    """There is nothing to count, and nothing to tell."""

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        other = ruleset_of(rule_file("amount_usd > 3", cases="[]"))
        await setup.backfiller.swap(other)
        assert setup.shard.engine.ruleset is other
        entry = setup.shard.turn_to(batch([30]))
        assert entry is not None
        assert entry.filled is None

    run(scenario)


def test_what_the_past_was_counted_from_is_told_until_something_is_folded() -> None:
    """Two changes between two batches, and an entry that another replaces, tell it as one."""

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        await setup.backfiller.swap(NEW)
        longer = rule_file("n >= 1", features=FEATURES.replace("5m", "9m"), cases="[]", rule_id="TST-NEW-002")
        await setup.backfiller.swap(ruleset_of(rule_file(cases="[]"), longer))
        first = setup.shard.turn_to(batch([30]))
        again = setup.shard.leave_out(Poison(0, 30, "KeyError", "x"))
        assert first is not None
        assert first.filled == again.filled == Filled({0: 16, 1: 15}, {0: 30, 1: 30}, True)
        await setup.fold(0, 32)
        following = setup.shard.turn_to(batch([30], partition=("events", 1)))
        assert following is not None
        assert following.filled is None

    run(scenario)


def test_a_broker_that_is_away_leaves_the_old_rules_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one message that says why."""

    async def refuse(times: object) -> None:
        raise KafkaTimeoutError("no answer")

    async def scenario() -> None:
        setup = Setup()
        await setup.some()
        monkeypatch.setattr(setup.log, "offsets_for_times", refuse)
        with pytest.raises(BackfillError, match=r"fraudstream\.events cannot be read again .*no answer"):
            await setup.backfiller.swap(NEW)
        assert setup.shard.engine.ruleset is OLD

    run(scenario)


def test_a_partition_that_is_read_for_the_first_time_meanwhile_is_counted() -> None:
    """The past is read anew then, with all of it."""

    async def scenario() -> None:
        setup, other = Setup(), Setup()
        other.shard.engine.reload(other.shard.engine.prepare(NEW))
        await setup.fold(0, 30)
        swap = asyncio.create_task(setup.backfiller.swap(NEW))
        await settled()
        await setup.fold(1, 30)
        await swap
        for partition in (0, 1):
            await other.fold(partition, 30)
        assert await setup.rest() == await other.rest()

    run(scenario)

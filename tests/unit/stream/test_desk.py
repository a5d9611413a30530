"""A batch is acknowledged after everything that came of it, or never."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaError

from fraudstream.stream import sender as sender_module
from fraudstream.stream.admin import Standing
from fraudstream.stream.batch import Batch, Partition
from fraudstream.stream.continuity import Continuity
from fraudstream.stream.desk import Desk
from fraudstream.stream.emission import Outlet
from fraudstream.stream.journal import Entry, Poison, decode
from fraudstream.stream.producer import Outgoing
from fraudstream.stream.recovery import Recovery
from fraudstream.stream.sender import Done, FencedError
from fraudstream.stream.shard import Shard
from tests.unit.stream.fakes import (
    RULESET_VERSION,
    FakeEngine,
    FakeEvent,
    FakeObserver,
    FakeProducer,
    batch,
    record,
    settled,
    topology,
)

ALERT = b'{"ALERT": 1}'


class Setup:
    """A desk with everything around it faked."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.observer = FakeObserver()
        self.producer = FakeProducer()
        self.failures = 0
        outlet = Outlet("alerts", "dead", "journal")
        self.shard = Shard(self.engine.as_engine())
        self.shard.last = Entry(1, self.shard.owner, 0, {}, RULESET_VERSION)
        self.desk = Desk(self.shard, outlet, self.observer, self.producer, self.on_failure)
        self.desk.recovery = cast(Recovery, self)
        self.continuity = Continuity(
            topology(), self.shard, self.observer, lambda _: Standing("", {}, {}, {}), nothing_gone
        )

    async def again(self, upto: Mapping[int, int]) -> None:
        """Go back to some positions; the fake engine is as good as before."""
        self.shard.renew(self.shard.engine, upto, self.shard.poison)

    def on_failure(self) -> None:
        """Count the failures that are reported."""
        self.failures += 1

    async def handle(self, *payloads: bytes) -> list[FakeEvent]:
        """Hand over a batch of one message for each payload."""
        events = [FakeEvent(batch([offset], payload)) for offset, payload in enumerate(payloads)]
        for event in events:
            await self.desk.handle(event)
        await settled()
        return events


async def nothing_gone(_: Partition) -> int:
    """Return the oldest offset of a partition that has kept everything."""
    return 0


@pytest.fixture
def setup() -> Setup:
    """A desk in front of a fake engine."""
    return Setup()


def test_acknowledgement_waits_for_the_broker(setup: Setup) -> None:
    """The batch is emitted, acknowledged and reported once its alert has a receipt, and not before."""

    async def scenario() -> None:
        (event,) = await setup.handle(ALERT)
        assert [message.topic for message in setup.producer.submitted[0]] == ["alerts"]
        assert event.acknowledged == []
        assert setup.observer.events == []
        setup.producer.confirm()
        await settled()
        assert event.acknowledged == [True]
        assert setup.observer.events == [1]
        assert [set(each) for each in setup.observer.stages] == [{"emit"}]
        (passage,) = setup.observer.passages
        assert passage[:8] == ("events", 0, 0, 0, 1, RULESET_VERSION, 1, 0)
        assert 0 < passage.step_seconds < passage.seconds

    asyncio.run(scenario())


def test_the_next_batch_is_judged_meanwhile(setup: Setup) -> None:
    """While an alert is on its way the engine works on; each batch is acknowledged on its own receipt."""

    async def scenario() -> None:
        first, second = await setup.handle(ALERT, ALERT)
        assert setup.engine.seen == [ALERT, ALERT]
        setup.producer.confirm()
        await settled()
        assert (first.acknowledged, second.acknowledged) == ([True], [])
        setup.producer.confirm()
        await settled()
        assert second.acknowledged == [True]

    asyncio.run(scenario())


def test_a_failure_stops_everything_behind_it(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    """A refused alert is reported once; its batch and all later ones are never acknowledged nor judged."""

    async def scenario() -> None:
        first, second = await setup.handle(ALERT, ALERT)
        setup.producer.refuse()
        await settled()
        setup.producer.refuse()
        await settled()
        (third,) = await setup.handle(b"{}")
        for event in (first, second, third):
            assert event.acknowledged == []
            assert not event.value.emitted

    asyncio.run(scenario())
    assert setup.failures == 1
    assert setup.observer.errors == ["emit"]
    assert len(setup.engine.seen) == 2
    (line,) = caplog.messages
    assert line.startswith("what came of events[0] offsets 0 to 0 cannot be sent (KafkaError('refused'))")


def test_a_fenced_worker_says_so(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    """Where another worker has the shard, one line says that, and nothing is acknowledged."""

    async def scenario() -> None:
        (event,) = await setup.handle(ALERT)
        setup.producer.refuse(FencedError())
        await settled()
        assert event.acknowledged == []

    asyncio.run(scenario())
    assert (setup.failures, setup.observer.errors) == (1, ["fenced"])
    (line,) = caplog.messages
    assert line.startswith("another worker has taken the shard over")


def test_a_silent_broker_is_a_failure(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt that does not come in time stops the worker."""
    monkeypatch.setattr(sender_module, "DELIVERY_SECONDS_MAX", 0.01)

    async def scenario() -> None:
        (event,) = await setup.handle(ALERT)
        await asyncio.wait_for(reported(), 5)
        assert event.acknowledged == []

    async def reported() -> None:
        while not setup.failures:
            await asyncio.sleep(0.001)

    asyncio.run(scenario())
    assert setup.failures == 1


def test_a_producer_that_takes_nothing_is_a_failure(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error on handing over stops the worker as well."""

    async def broken(messages: Sequence[Outgoing], done: Done) -> list[Awaitable[Any]]:
        raise KafkaError("closed")

    monkeypatch.setattr(setup.producer, "submit", broken)
    (event,) = asyncio.run(setup.handle(ALERT))
    assert event.acknowledged == []
    assert setup.failures == 1


def test_the_message_on_which_the_engine_fails_becomes_a_dead_letter(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    """It is kept with the exception's words once the journal has it; the worker goes on."""

    async def scenario() -> None:
        handling = asyncio.create_task(setup.handle(b"CRASH"))
        await settled()
        setup.producer.confirm()
        (event,) = await handling
        (entry,), (letter,) = setup.producer.submitted
        assert decode(entry.value or b"").poison == (Poison(0, 0, "RuntimeError", "no such luck"),)
        assert (letter.topic, letter.value) == ("dead", b"CRASH")
        headers = dict(letter.headers)
        assert (headers["reason"], headers["exception"]) == (b"step_failed", b"RuntimeError")
        assert headers["detail"] == b"RuntimeError: no such luck"
        setup.producer.confirm()
        await settled()
        assert event.acknowledged == [True]

    asyncio.run(scenario())
    assert setup.failures == 0
    assert setup.observer.errors == ["step"]
    (result,) = setup.observer.results
    assert (result.events_in, len(result.dead_letters), len(result.decisions.row)) == (1, 1, 0)
    assert "the engine failed on events[0] offsets 0 to 0" in caplog.text


def test_what_stands_before_the_poison_of_a_batch_is_judged_for_good(setup: Setup) -> None:
    """Looking for the poison folds it as well, and must leave no trace: it would be its own duplicate."""

    async def scenario() -> None:
        event = FakeEvent(Batch(("events", 0), [record(0, ALERT), record(1, b"CRASH")]))
        handling = asyncio.create_task(setup.desk.handle(event))
        await settled()
        (entry,) = setup.producer.submitted[0]
        assert decode(entry.value or b"").positions == {}
        assert setup.shard.positions == {}
        setup.producer.confirm()
        await handling
        assert [message.topic for message in setup.producer.submitted[1]] == ["alerts", "dead"]

    asyncio.run(scenario())


def test_rules_that_change_while_the_journal_is_written_are_written_too(setup: Setup) -> None:
    """The journal names the ruleset that judges the batch, and not one that was in force before it."""

    async def scenario() -> None:
        setup.shard.last = Entry(1, setup.shard.owner)
        handling = asyncio.create_task(setup.handle(ALERT))
        await settled()
        setup.engine.ruleset = SimpleNamespace(version="ruleset-2")
        setup.producer.confirm()
        await settled()
        setup.producer.confirm()
        await handling

    asyncio.run(scenario())
    *entries, (alert,) = setup.producer.submitted
    assert [decode(entry.value or b"").ruleset for (entry,) in entries] == [RULESET_VERSION, "ruleset-2"]
    assert dict(alert.headers)["ruleset_version"] == b"ruleset-2"


def test_an_alert_too_large_is_reported(setup: Setup) -> None:
    """It counts as an error and not as an alert; the batch is acknowledged."""

    async def scenario() -> None:
        (event,) = await setup.handle(b'{"HUGE": 1}')
        setup.producer.confirm()
        await settled()
        assert event.acknowledged == [True]

    asyncio.run(scenario())
    assert setup.observer.errors == ["alert_too_large"]
    assert setup.observer.results[0].alerts == []


def test_the_engine_is_told_when_messages_were_appended(setup: Setup) -> None:
    """By their timestamps, in microseconds."""
    message = FakeEvent(Batch(("events", 0), [record(0, b"{}", timestamp=5)]))
    asyncio.run(setup.desk.handle(message))
    assert setup.engine.appended_us == [5_000]

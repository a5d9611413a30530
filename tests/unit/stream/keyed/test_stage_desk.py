"""A message of a stage is acknowledged once the broker has what came of it, in order, or never."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from fraudstream.engine.keyed.part import OutOfStepError
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.keyed.desk import StageDesk
from fraudstream.stream.keyed.folding import Folded
from fraudstream.stream.producer import Outgoing
from fraudstream.stream.sender import Done, FencedError
from tests.unit.stream.fakes import FakeEvent, FakeObserver, FakeProducer, batch, settled

PARTITION = ("parts", 2)


class FakeState:
    """Knows how far it is."""

    partition = 2

    def __init__(self) -> None:
        self.positions = {2: 0}


class FakeWork:
    """Answers each message with its offset; from `stop_at` on it waits until it may go on."""

    def __init__(self, state: FakeState, observer: FakeObserver) -> None:
        self._state = state
        self._observer = observer
        self.stop_at: int | None = None
        self.may_go_on = asyncio.Event()
        self.fails_at: int | None = None
        self.error: Exception = RuntimeError("no such luck")
        self.folded: list[int] = []

    async def fold(self, record: Any) -> Folded:
        """Fold a message."""
        if record.offset == self.stop_at:
            await self.may_go_on.wait()
        if record.offset == self.fails_at:
            raise self.error
        self.folded.append(record.offset)
        self._state.positions[2] = record.offset + 1
        told = Outgoing("found", None, b"%d" % record.offset, [])
        return Folded([told], lambda: self._observer.events.append(record.offset))


class Setup:
    """A stage's desk with everything around it faked."""

    def __init__(self) -> None:
        self.state, self.observer, self.producer = FakeState(), FakeObserver(), FakeProducer()
        self.work = FakeWork(self.state, self.observer)
        self.failures = self.checked = 0
        self.is_made_anew = False
        self.done: list[tuple[Done, ...]] = []
        submit = self.producer.submit

        async def noted(messages: Any, *done: Done) -> list[Awaitable[Any]]:
            self.done.append(done)
            return await submit(messages, *done)

        self.producer.submit = noted  # type: ignore[method-assign]
        self.desk = StageDesk(
            cast(Any, self.state),
            self.work.fold,
            self.check_topic,
            self.producer,
            self.observer,
            self._note_failure,
        )

    async def check_topic(self) -> None:
        """Raise once the topic is another one."""
        self.checked += 1
        if self.is_made_anew:
            raise BrokerError("it was made anew", "topics")

    def _note_failure(self) -> None:
        self.failures += 1

    async def handle(self, *batches: list[int]) -> list[FakeEvent]:
        """Hand over batches of some offsets."""
        events = [FakeEvent(batch(offsets, partition=PARTITION)) for offsets in batches]
        for event in events:
            await self.desk.handle(cast(Any, event))
        await settled()
        return events


def run(scenario: Callable[[Setup], Awaitable[None]]) -> None:
    """Run a scenario."""

    async def begin() -> None:
        await scenario(Setup())

    asyncio.run(begin())


def test_every_message_goes_out_by_itself_and_a_batch_counts_when_all_have() -> None:
    """Offsets are committed with what came of them; acknowledged and reported is what the broker has."""

    async def scenario(setup: Setup) -> None:
        (event,) = await setup.handle([0, 1])
        assert [messages[0].value for messages in setup.producer.submitted] == [b"0", b"1"]
        assert setup.done == [(Done(PARTITION, 1),), (Done(PARTITION, 2),)]
        setup.producer.confirm()
        await settled()
        assert (event.acknowledged, setup.observer.events) == ([], [0])
        setup.producer.confirm()
        await settled()
        assert (event.acknowledged, setup.observer.events) == ([True], [0, 1])

    run(scenario)


def test_batches_are_taken_in_while_one_waits() -> None:
    """What it waits for may come behind those, of other partitions; they are folded in order all the same."""

    async def scenario(setup: Setup) -> None:
        setup.work.stop_at = 1
        await setup.handle([0, 1], [2])
        assert setup.work.folded == [0]
        setup.work.may_go_on.set()
        await settled()
        assert setup.work.folded == [0, 1, 2]

    run(scenario)


def test_what_the_state_has_seen_is_not_folded_again() -> None:
    """Behind a rebalance messages may be read again; what is new of them counts."""

    async def scenario(setup: Setup) -> None:
        setup.state.positions[2] = 2
        old, _ = await setup.handle([0, 1], [1, 2, 3])
        assert setup.work.folded == [2, 3]
        assert old.acknowledged == [True]
        assert setup.checked == 2

    run(scenario)


def test_offsets_of_a_topic_made_anew_are_not_taken_for_those_that_were_seen() -> None:
    """Nothing of it would ever be judged: the worker stops."""

    async def scenario(setup: Setup) -> None:
        setup.state.positions[2] = 5
        setup.is_made_anew = True
        (event,) = await setup.handle([0, 1])
        assert (event.acknowledged, setup.failures, setup.observer.errors) == ([], 1, ["topics"])

    run(scenario)


@pytest.mark.parametrize(("error", "stage"), [(FencedError(), "fenced"), (RuntimeError("refused"), "stage")])
def test_what_cannot_be_sent_stops_the_worker(error: Exception, stage: str) -> None:
    """Nothing is acknowledged from then on, and the failure is reported once."""

    async def scenario(setup: Setup) -> None:
        first, second = await setup.handle([0], [1])
        setup.producer.refuse(error)
        setup.producer.refuse(error)
        await settled()
        (third,) = await setup.handle([2])
        assert [*first.acknowledged, *second.acknowledged, *third.acknowledged] == []
        assert (setup.failures, setup.observer.errors) == (1, [stage])
        assert setup.work.folded == [0, 1]

    run(scenario)


def test_a_message_that_cannot_be_folded_stops_the_worker() -> None:
    """What came before it in its batch is sent, but the batch is not acknowledged."""

    async def scenario(setup: Setup) -> None:
        setup.work.fails_at = 1
        (event,) = await setup.handle([0, 1])
        assert (event.acknowledged, setup.failures, setup.observer.errors) == ([], 1, ["stage"])

    run(scenario)


def test_what_is_foreseen_says_in_one_line_why_the_worker_stops(caplog: pytest.LogCaptureFixture) -> None:
    """Its own words hold what to do, and a traceback would only hide them."""

    async def scenario(setup: Setup) -> None:
        setup.work.fails_at, setup.work.error = 0, OutOfStepError("start again")
        await setup.handle([0, 1])
        assert (setup.failures, setup.observer.errors) == (1, ["stage"])

    run(scenario)
    (line,) = caplog.records
    assert (line.getMessage(), line.exc_info) == ("start again: stopping at parts[2] offsets 0 to 1", None)


def test_what_waits_for_other_stages_can_be_let_go_of() -> None:
    """A worker that stops does not wait for what others would bring."""

    async def scenario(setup: Setup) -> None:
        setup.work.stop_at = 1
        _, waits, behind = await setup.handle([0], [1], [2])
        left = setup.desk.let_go()
        setup.work.may_go_on.set()
        await settled()
        assert list(left) == [waits.message, behind.message]
        assert setup.work.folded == [0]
        assert setup.desk.let_go() == []

    run(scenario)

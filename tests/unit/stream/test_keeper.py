"""A shard is taken when its partitions come, by one recovery at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fraudstream.engine.keyed.part import OutOfStepError
from fraudstream.stream import patience
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.keeper import Keeper
from tests.unit.stream.fakes import FakeObserver, settled


class SlowToEnd:
    """Recovers as long as it must, and when it is given up still has a thread to wait for."""

    def __init__(self) -> None:
        self.begun = 0
        self.under_way = 0
        self.may_end = asyncio.Event()

    async def take(self) -> None:
        """Recover, never beside another recovery."""
        self.begun += 1
        self.under_way += 1
        assert self.under_way == 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            await self.may_end.wait()
            raise
        finally:
            self.under_way -= 1


def run(scenario: Callable[[SlowToEnd, Keeper, list[str]], Awaitable[None]]) -> None:
    """Run a scenario with a recovery, its keeper and the list of failures."""

    async def begin() -> None:
        failures: list[str] = []
        recovery = SlowToEnd()
        await scenario(
            recovery, Keeper(recovery, FakeObserver(), lambda: failures.append("failed")), failures
        )

    asyncio.run(begin())


def test_a_recovery_begins_when_those_given_up_before_it_have_ended() -> None:
    """Two of them would read one store and put two states in place."""

    async def scenario(recovery: SlowToEnd, keeper: Keeper, failures: list[str]) -> None:
        for _ in range(3):
            keeper.take()
            await settled()
        assert recovery.begun == 1
        assert keeper.is_recovering
        recovery.may_end.set()
        assert await keeper.ready()
        assert recovery.begun == 2
        assert failures == []

    run(scenario)


def test_who_waits_for_a_recovery_that_is_given_up_hears_that_it_is_not_ready() -> None:
    """Its batch is read again by whoever gets the partition."""

    async def scenario(recovery: SlowToEnd, keeper: Keeper, failures: list[str]) -> None:
        keeper.take()
        await settled()
        waiting = asyncio.create_task(keeper.ready())
        await settled()
        keeper.give_up()
        recovery.may_end.set()
        assert not await waiting
        assert not keeper.is_ready
        assert not await keeper.ready()

    run(scenario)


class AwayAtFirst:
    """A recovery whose broker comes back before it is begun for the second time."""

    def __init__(self) -> None:
        self.begun = 0

    async def take(self) -> None:
        """Recover, or find that the broker is away."""
        self.begun += 1
        if self.begun == 1:
            raise BrokerError("nobody there", is_away=True)


def test_a_recovery_outlasts_a_broker_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebalance is often what the broker's absence brings, so that the two meet."""
    monkeypatch.setattr(patience, "AGAIN_SECONDS", 0)

    async def scenario() -> None:
        failures: list[str] = []
        recovery, observer = AwayAtFirst(), FakeObserver()
        keeper = Keeper(recovery, observer, lambda: failures.append("failed"))
        keeper.take()
        assert await keeper.ready()
        assert (recovery.begun, failures, observer.errors) == (2, [], ["broker"])

    asyncio.run(scenario())


class Fails:
    """A recovery that comes to nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def take(self) -> None:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "stage", "has_traceback"),
    [
        (OutOfStepError("parts are there twice"), "stage", False),
        (BrokerError("it was made anew", "topics"), "topics", False),
        (RuntimeError("no such luck"), "recovery", True),
    ],
)
def test_a_recovery_that_fails_says_why(
    error: Exception, stage: str, has_traceback: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What is foreseen says it in its own words, in one line."""

    async def scenario() -> None:
        failures: list[str] = []
        observer = FakeObserver()
        keeper = Keeper(Fails(error), observer, lambda: failures.append("failed"))
        keeper.take()
        assert not await keeper.ready()
        assert (failures, observer.errors) == (["failed"], [stage])

    asyncio.run(scenario())
    (line,) = caplog.records
    assert (line.getMessage(), bool(line.exc_info)) == (str(error), has_traceback)

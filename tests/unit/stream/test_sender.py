"""What is handed to a transaction comes out whole and in order, or its owner hears of it at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from fraudstream.config import Kafka
from fraudstream.stream.sender import Done, ExactlyOnce, FencedError
from tests.unit.stream.fakes import settled

EVENTS = ("events", 0)


class FakeClient:
    """A transactional producer whose transactions end when they may, or with an error."""

    def __init__(self, **_: Any) -> None:
        self.may_end = asyncio.Event()
        self.error: Exception | None = None
        self.committed: list[int] = []
        self._offsets: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Begin a transaction, and end it."""
        self._offsets = {}
        yield
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        self.committed += self._offsets.values()

    async def send_offsets_to_transaction(self, offsets: dict[TopicPartition, int], group: str) -> None:
        """Take offsets."""
        self._offsets |= offsets


class Setup:
    """A sender that has taken its shard."""

    def __init__(self) -> None:
        self.clients: list[FakeClient] = []
        self.seconds: list[float] = []
        self.sender = ExactlyOnce(
            "name",
            Kafka(bootstrap="nowhere:1"),
            {},
            lambda: None,
            self._new_client,
            committed_in=self.seconds.append,
        )

    def _new_client(self, **settings: Any) -> FakeClient:
        self.clients.append(FakeClient(**settings))
        return self.clients[-1]

    @property
    def client(self) -> FakeClient:
        """The newest client."""
        return self.clients[-1]

    async def submit(self, offset: int) -> asyncio.Future[None]:
        """Have an offset committed."""
        (receipt,) = await self.sender.submit([], Done(EVENTS, offset))
        await settled()
        assert isinstance(receipt, asyncio.Future)
        return receipt


def run(scenario: Callable[[Setup], Awaitable[None]]) -> None:
    """Run a scenario with a sender that has taken its shard, and close it."""

    async def begin() -> None:
        setup = Setup()
        await setup.sender.take()
        await scenario(setup)
        await setup.sender.close()

    asyncio.run(begin())


def test_what_waits_goes_with_the_next_transaction() -> None:
    """Two submissions during one transaction are committed together behind it."""

    async def scenario(setup: Setup) -> None:
        first, second, third = [await setup.submit(offset) for offset in (1, 2, 3)]
        setup.client.may_end.set()
        await asyncio.gather(first, second, third)
        assert setup.client.committed == [1, 3]
        assert setup.sender.committed() == {0: 3}
        assert len(setup.seconds) == 2

    run(scenario)


@pytest.mark.parametrize(
    ("error", "told"), [(KafkaError("refused"), KafkaError), (ProducerFenced("by another"), FencedError)]
)
def test_a_failure_is_told_to_all_that_wait_and_to_whoever_comes_later(
    error: Exception, told: type[Exception]
) -> None:
    """Nobody waits for a sender that has given up."""

    async def scenario(setup: Setup) -> None:
        first, waiting = await setup.submit(1), await setup.submit(2)
        setup.client.error = error
        setup.client.may_end.set()
        await settled()
        later = await setup.submit(3)
        for receipt in (first, waiting, later):
            assert isinstance(receipt.exception(), told)
        assert setup.client.committed == []

    run(scenario)


def test_what_was_given_up_takes_what_is_behind_it_along() -> None:
    """Else the offsets of what came later would be committed, and those messages would be lost."""

    async def scenario(setup: Setup) -> None:
        under_way, given_up, behind = [await setup.submit(offset) for offset in (1, 2, 3)]
        given_up.cancel()
        setup.client.may_end.set()
        await under_way
        await settled()
        assert isinstance(behind.exception(), TimeoutError)
        assert setup.client.committed == [1]

    run(scenario)


def test_a_transaction_under_way_outlives_whoever_stops_waiting_for_it() -> None:
    """It is committed as a whole, and the next one follows."""

    async def scenario(setup: Setup) -> None:
        left = await setup.submit(1)
        left.cancel()
        setup.client.may_end.set()
        await settled()
        await (await setup.submit(2))
        assert setup.client.committed == [1, 2]

    run(scenario)


def test_a_sender_that_is_closed_or_taken_anew_leaves_nothing_behind() -> None:
    """What was under way or waiting is not sent, then or by the next owner's client."""

    async def scenario(setup: Setup) -> None:
        under_way, waiting = await setup.submit(1), await setup.submit(2)
        await setup.sender.close()
        assert under_way.cancelled()
        assert waiting.cancelled()
        assert (await setup.submit(3)).cancelled()
        await setup.sender.take()
        setup.client.may_end.set()
        await (await setup.submit(4))
        assert [client.committed for client in setup.clients] == [[], [4]]

    run(scenario)

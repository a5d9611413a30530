"""The Kafka client lives in the worker's own event loop, and ends in good order."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fraudstream.stream.clients import FETCH_WAIT_MS
from fraudstream.stream.in_loop import InLoop
from fraudstream.stream.transport import BatchConsumer
from tests.unit.stream.scenarios import run


def test_the_client_asks_often_and_reads_only_what_is_committed(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer
) -> None:
    """The Kafka client waits briefly for an empty answer, and aborted transactions are not read."""

    async def scenario() -> None:
        client = consumer._thread._create_worker_consumer(consumer.transport)
        assert client._fetch_max_wait_ms == FETCH_WAIT_MS
        assert client._isolation_level == "read_committed"
        assert client._enable_auto_commit is False
        await client.stop()

    run(loop, scenario)


class Client:
    """A Kafka client that notes what happens to it."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    async def start(self) -> None:
        """Connect."""
        self.happened.append("started")

    async def stop(self) -> None:
        """Disconnect."""
        self.happened.append("stopped")

    async def later(self, word: str) -> str:
        """Return a word after a turn of the loop."""
        await asyncio.sleep(0)
        return f"{word} later"


def test_the_client_lives_in_the_workers_loop(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread is started for it, what Faust would have one call is called at once, and it ends in order."""
    client, threads = Client(), threading.active_count()
    monkeypatch.setattr(InLoop, "_create_worker_consumer", lambda self, transport: client)

    async def scenario() -> None:
        within = consumer._thread
        await within.maybe_start()
        assert threading.active_count() == threads
        assert await within.call_thread(str.upper, "at once") == "AT ONCE"
        assert await within.call_thread(client.later, "a turn") == "a turn later"
        await within.stop()
        assert client.happened == ["started", "stopped"]

    run(loop, scenario)


class StopsLikeCancelled:
    """A Kafka client whose stop ends as aiokafka's does while a request waits for a broker that is away."""

    def __init__(self) -> None:
        self._client = self
        self.is_closed = False

    async def stop(self) -> None:
        """Take the end of a cancelled request for its own."""
        raise asyncio.CancelledError

    async def close(self) -> None:
        """Disconnect."""
        self.is_closed = True


def test_a_client_stops_in_good_order_while_the_broker_is_away(
    loop: asyncio.AbstractEventLoop, consumer: BatchConsumer
) -> None:
    """Otherwise the worker would take the end of a request for its own, and not end in order."""

    async def scenario() -> None:
        within = consumer._thread
        within._consumer = client = StopsLikeCancelled()
        await within.on_thread_stop()
        assert client.is_closed

    run(loop, scenario)

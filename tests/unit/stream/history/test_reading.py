"""A stretch of a topic is read whole, or it is said why not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from fraudstream.config import Kafka
from fraudstream.stream.history import reading
from fraudstream.stream.history.address import PastError
from fraudstream.stream.history.reading import batches, in_turn
from fraudstream.stream.history.spans import Span
from fraudstream.stream.log_reader import LogReader
from tests.unit.stream.fakes import record
from tests.unit.stream.test_recovery import EVENTS, FakeLog


def offsets(log: FakeLog, start: int, stop: int) -> list[int]:
    """Read a span of a log."""

    async def read() -> list[int]:
        async with LogReader(Kafka(bootstrap="nowhere:1"), [EVENTS], log.consumer) as reader:
            coming = batches(reader, Span(EVENTS, start, stop))
            return [each.offset async for batch in coming for each in batch.records]

    return asyncio.run(read())


def test_offsets_that_hold_no_message_are_no_gap() -> None:
    """Such as the ends of transactions, in the middle and at the end."""
    assert offsets(FakeLog([record(0), record(2), record(4)]), 0, 4) == [0, 2]


def test_what_has_left_meanwhile_is_told() -> None:
    """Before the first message that is there, and where none is left."""
    told = r"^fraudstream.events\[0\]: offsets 1 to 2 have left the topic, the oldest is 3: begin"
    with pytest.raises(PastError, match=told):
        offsets(FakeLog([record(3), record(4)]), 1, 5)


def test_an_open_transaction_is_told() -> None:
    """What stands behind it may yet come, or never."""

    class Held(FakeLog):
        def last_stable_offset(self, partition: Any) -> int:
            return 2

        async def position(self, partition: Any) -> int:
            return min(self.at[partition], 2)

    told = r"^fraudstream.events\[0\] cannot be read beyond offset 2, a transaction is open there"
    with pytest.raises(PastError, match=told):
        offsets(Held([record(0), record(1)]), 0, 5)


def test_silence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that has gone is not waited for for ever."""

    class Silent(FakeLog):
        async def getmany(self, partition: Any, **_: Any) -> dict[Any, list[Any]]:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(reading, "SILENT_SECONDS_MAX", 0.01)
    with pytest.raises(
        PastError, match=r"nothing came from offset 0 on for 0.01 s: is the broker still there"
    ):
        offsets(Silent([record(0)]), 0, 1)


def test_what_the_client_raises_is_told() -> None:
    """With the cluster's address."""

    async def failing() -> Any:
        yield 1
        raise KafkaConnectionError("gone")

    coming = in_turn(Kafka(bootstrap="h:1"), failing())
    assert next(coming) == 1
    with pytest.raises(PastError, match=r"^h:1 cannot be read: KafkaConnectionError"):
        next(coming)

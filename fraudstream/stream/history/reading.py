"""Reads stretches of a topic for whoever is no coroutine, and leaves nothing out unsaid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from aiokafka.errors import KafkaError
from numpy.typing import NDArray

from fraudstream.stream.batch import in_us
from fraudstream.stream.history.address import PastError
from fraudstream.stream.log_reader import LogReader
from fraudstream.stream.logs import muted

if TYPE_CHECKING:
    from fraudstream.config import Kafka
    from fraudstream.stream.batch import Batch, Partition
    from fraudstream.stream.history.spans import Span
    from fraudstream.stream.journal import Filled

SILENT_SECONDS_MAX = 30.0
"""How long the next messages are waited for."""

Item = TypeVar("Item")


class Piece(NamedTuple):
    """Messages that follow each other.

    `appended_us` int64 [n] says when each was appended, negative where that is not known. `ruleset` is the
    version under which they were judged, empty where that is not asked for, and `filled` what the features
    had counted that it added.
    """

    values: list[bytes | None]
    appended_us: NDArray[np.int64]
    ruleset: str = ""
    are_labels: bool = False
    filled: Filled | None = None


def piece_of(records: Sequence[Any]) -> Piece:
    """Return some records as a piece."""
    append_ms = np.array([record.timestamp for record in records], np.int64)
    return Piece([record.value for record in records], in_us(append_ms))


async def opened(stack: AsyncExitStack, kafka: Kafka, partition: Partition) -> LogReader:
    """Return a reader of one partition alone, until the stack ends.

    A client of several holds one up for another of which something is fetched and not yet taken.
    """
    return await stack.enter_async_context(LogReader(kafka, [partition]))


async def batches(reader: LogReader, span: Span) -> AsyncIterator[Batch]:
    """Yield all messages of a span; PastError where some have left meanwhile, or cannot be read yet."""
    at, found = span.start, reader.read(span.partition, span.start, span.stop)
    while (batch := await _next(anext(found, None), span, at)) is not None:
        await _mind_the_gap(reader, span, at, batch.first_offset)
        at = batch.next_offset
        yield batch
    await _mind_the_gap(reader, span, at, span.stop)
    reached = reader.next_offset(span.partition)
    if reached is not None and reached < span.stop:
        raise PastError(
            f"{_name(span)} cannot be read beyond offset {reached}, a transaction is open there: "
            "end the range there, or try again when it has ended (a minute by default)"
        )


async def _next(coming: Awaitable[Batch | None], span: Span, at: int) -> Batch | None:
    try:
        async with asyncio.timeout(SILENT_SECONDS_MAX):
            return await coming
    except TimeoutError:
        raise PastError(
            f"{_name(span)}: nothing came from offset {at} on for {SILENT_SECONDS_MAX:g} s: "
            "is the broker still there?"
        ) from None


async def _mind_the_gap(reader: LogReader, span: Span, start: int, stop: int) -> None:
    """Raise where messages from `start` to before `stop` are gone; other gaps hold none."""
    if start >= stop:
        return
    first, _ = await reader.bounds(span.partition)
    if first > start:
        raise PastError(
            f"{_name(span)}: offsets {start} to {min(first, stop) - 1} have left the topic, the oldest is "
            f"{first}: begin the range later"
        )


def _name(span: Span) -> str:
    topic, number = span.partition
    return f"{topic}[{number}]"


def in_turn(kafka: Kafka, coming: AsyncIterator[Item]) -> Iterator[Item]:
    """Yield what an asynchronous iterator reads, on an event loop that runs meanwhile only; PastError."""
    with muted("aiokafka"), asyncio.Runner() as runner:
        try:
            while (item := runner.run(_one(coming))) is not None:
                yield item
        except KafkaError as error:
            raise PastError(f"{kafka.bootstrap} cannot be read: {error!r}") from None
        finally:
            close = getattr(coming, "aclose", None)
            if close is not None:
                runner.run(close())


async def _one(coming: AsyncIterator[Item]) -> Item | None:
    return await anext(coming, None)

"""Puts several partitions in one order, that of their append times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from fraudstream.stream.history.reading import Piece, batches, in_turn, opened, piece_of

if TYPE_CHECKING:
    from fraudstream.config import Kafka
    from fraudstream.stream.batch import Batch
    from fraudstream.stream.history.spans import Span

RECORDS_MIN = 2_000
"""Fewer records are not handed over, unless they are the last."""
_Dated = tuple[int, int, Any]
"""A record behind the newest append time of its partition so far, and the partition's number."""


def by_append_time(kafka: Kafka, spans: Sequence[Span]) -> Iterator[Piece]:
    """Yield the messages of all spans by append time; PastError where they cannot be read.

    Of equal times the lower partition goes first. A partition keeps its own order whatever its times say.
    """
    return in_turn(kafka, _read(kafka, [span for span in spans if span.messages_max]))


@dataclass
class _Ahead:
    """A partition, and what has been read of it and not been given."""

    number: int
    coming: AsyncIterator[Batch]
    records: list[_Dated] = field(default_factory=list)
    newest_ms: int = -1
    is_done: bool = False

    async def fill(self) -> None:
        """Read on where nothing is left."""
        if self.records or self.is_done:
            return
        batch = await anext(self.coming, None)
        if batch is None:
            self.is_done = True
            return
        stamps = [record.timestamp for record in batch.records]
        dates = list(accumulate([self.newest_ms, *stamps], max))[1:]
        self.newest_ms = dates[-1]
        self.records = [(ms, self.number, record) for ms, record in zip(dates, batch.records, strict=True)]

    def take(self, last: tuple[int, int]) -> list[_Dated]:
        """Return the records up to a time and a partition."""
        until = bisect_right(self.records, last, key=itemgetter(0, 1))
        taken, self.records = self.records[:until], self.records[until:]
        return taken


async def _read(kafka: Kafka, spans: Sequence[Span]) -> AsyncIterator[Piece]:
    async with AsyncExitStack() as stack:
        coming = {
            span.partition[1]: batches(await opened(stack, kafka, span.partition), span) for span in spans
        }
        async for piece in merged(coming):
            yield piece


async def merged(coming: Mapping[int, AsyncIterator[Batch]]) -> AsyncIterator[Piece]:
    """Yield what comes of some partitions in the order of append times."""
    found: list[Any] = []
    ahead = [_Ahead(number, batches) for number, batches in coming.items()]
    while ahead:
        for each in ahead:
            await each.fill()
        ahead = [each for each in ahead if not each.is_done]
        # What comes behind the last of any partition may come before the others' next.
        last = min((each.records[-1][:2] for each in ahead), default=(0, 0))
        taken = [record for each in ahead for record in each.take(last)]
        found += map(itemgetter(2), sorted(taken, key=itemgetter(0, 1)))
        if len(found) >= RECORDS_MIN:
            yield piece_of(found)
            found = []
    if found:
        yield piece_of(found)

"""Several partitions in one order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from fraudstream.stream.batch import Batch
from fraudstream.stream.history.merging import merged
from tests.unit.stream.fakes import record

STAMPS = st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=1, max_size=4)


async def _batches(number: int, stamps: Sequence[int], cut: int) -> AsyncIterator[Batch]:
    records = [record(at, b"%d:%d" % (number, at), timestamp=ms) for at, ms in enumerate(stamps)]
    for start in range(0, len(records), cut):
        yield Batch(("events", number), records[start : start + cut])


async def _all(partitions: Sequence[Sequence[int]], cut: int) -> list[bytes | None]:
    coming = {number: _batches(number, stamps, cut) for number, stamps in enumerate(partitions)}
    return [value async for piece in merged(coming) for value in piece.values]


def order(*partitions: Sequence[int], cut: int = 2) -> list[str]:
    """Return the messages as partition:offset, of partitions with these append times."""
    return [(value or b"").decode() for value in asyncio.run(_all(partitions, cut))]


def test_partitions_are_put_in_the_order_of_append_times() -> None:
    """Of equal times the lower partition goes first, and a partition keeps its own order."""
    assert order([1, 4], [2, 3]) == ["0:0", "1:0", "1:1", "0:1"]
    assert order([5, 5], [5], [1]) == ["2:0", "0:0", "0:1", "1:0"]
    assert order([7, 1], [2, 8]) == ["1:0", "0:0", "0:1", "1:1"]


@given(STAMPS, st.integers(1, 5))
def test_the_order_does_not_depend_on_how_messages_are_fetched(partitions: list[list[int]], cut: int) -> None:
    """However they come, it is the one in which the newest time so far and the partition ascend."""
    dated = [
        (max(stamps[: at + 1]), number, at)
        for number, stamps in enumerate(partitions)
        for at in range(len(stamps))
    ]
    assert order(*partitions, cut=cut) == [f"{number}:{at}" for _, number, at in sorted(dated)]

"""Who writes to a journal notices that the shard is another's by now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fraudstream.stream.journal import Entry, decode
from fraudstream.stream.journal_writer import JournalWriter
from fraudstream.stream.producer import Outgoing
from fraudstream.stream.sender import FencedError, Sender

CLAIM = Entry(1, "me")
TURN = Entry(1, "me", 0)


class Log:
    """A journal to which others write as well; tells the offsets that it is given, or none."""

    def __init__(self, offsets: Sequence[int | None], empty_batches: int = 0) -> None:
        self._offsets = list(offsets)
        self._empty_batches = empty_batches
        self.entries: list[Entry] = []

    async def submit(self, messages: Sequence[Outgoing], *_: Any) -> list[Awaitable[Any]]:
        """Append entries."""
        self.entries += [decode(message.value or b"") for message in messages]
        offset = self._offsets.pop(0)
        return [*[receipt_of(None)] * self._empty_batches, receipt_of(offset)]


def receipt_of(offset: int | None) -> asyncio.Future[Any]:
    """Return what the client gives for a batch that the broker has."""
    receipt = asyncio.get_running_loop().create_future()
    receipt.set_result(None if offset is None else SimpleNamespace(offset=offset))
    return receipt


def write(offsets: Sequence[int | None], *entries: Entry, empty_batches: int = 0) -> Log:
    """Write entries, of which each gets one of the offsets."""
    log = Log(offsets, empty_batches)

    async def scenario() -> None:
        writer = JournalWriter("journal", cast(Sender, log))
        for entry in entries:
            await writer.write(entry)

    asyncio.run(scenario())
    return log


def test_entries_that_follow_each_other_are_written() -> None:
    """Nobody has written in between."""
    assert write([4, 5, 6], CLAIM, TURN, TURN).entries == [CLAIM, TURN, TURN]


def test_another_owner_in_between_is_noticed() -> None:
    """A worker that was frozen hears of its heir before anything comes of what it turns to."""
    with pytest.raises(FencedError):
        write([4, 5, 7], CLAIM, TURN, TURN)


def test_a_claim_comes_behind_whomever_had_the_shard() -> None:
    """So it does when a worker takes its shard for the second time."""
    assert write([4, 5, 9, 10], CLAIM, TURN, CLAIM, TURN).entries == [CLAIM, TURN, CLAIM, TURN]


@pytest.mark.parametrize("unknown", [None, -1])
def test_an_offset_that_is_not_told_says_nothing(unknown: int | None) -> None:
    """A transaction's receipt tells none, nor does that of a batch which the broker had already."""
    assert len(write([4, unknown, 9, 10], CLAIM, TURN, TURN, TURN).entries) == 4


def test_empty_batches_go_ahead_unnoticed() -> None:
    """The client sends one where an entry is larger than what it packs together."""
    assert write([4, 5], CLAIM, TURN, empty_batches=1).entries == [CLAIM, TURN]
    with pytest.raises(FencedError):
        write([4, 5, 7], CLAIM, TURN, TURN, empty_batches=1)

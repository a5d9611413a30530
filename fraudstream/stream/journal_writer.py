"""Writes the journal of a shard, and notices where another owner has written in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fraudstream.stream.journal import Entry, encode
from fraudstream.stream.producer import Outgoing
from fraudstream.stream.sender import DELIVERY_SECONDS_MAX, FencedError, received

if TYPE_CHECKING:
    from fraudstream.stream.sender import Sender


class JournalWriter:
    """Writes entry after entry to the only partition of a journal topic.

    Nobody but the shard's owner writes there. So an entry that does not follow the one before it says that
    the shard is another's by now, which a worker that was frozen may not have heard. Where the broker tells
    no offsets, as for transactions, it is for the broker to fence.
    """

    def __init__(self, topic: str, sender: Sender) -> None:
        self._topic = topic
        self._sender = sender
        self._newest: int | None = None

    async def write(self, entry: Entry) -> None:
        """Write an entry, and return once the broker has it; FencedError where the shard is another's."""
        async with asyncio.timeout(DELIVERY_SECONDS_MAX):
            receipts = await self._sender.submit([Outgoing(self._topic, None, encode(entry), [])])
        # A batch that was found too small for the entry goes ahead of it, empty.
        *_, receipt = await received(receipts)
        offset = getattr(receipt, "offset", -1)
        before, self._newest = self._newest, None if offset < 0 else offset
        # Whoever claims the shard writes behind whomever had it.
        is_claim = entry.partition is None
        if not is_claim and before is not None and self._newest not in (None, before + 1):
            raise FencedError

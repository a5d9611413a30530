"""Holds labels back until the events of their time are judged, which a backlog would have them overtake."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from faust.types import ConsumerMessage

LOOK_SECONDS = 0.05
"""How long a label waits before the events are looked at again."""


class Reads(Protocol):
    """Reads topics by the batch, and knows how far it has come."""

    def leave(self, message: ConsumerMessage) -> None:
        """Stop waiting for a batch that nobody takes in by now."""

    def take_up(self, message: ConsumerMessage) -> bool:
        """Wait for a batch again; False where it is to be read again instead."""

    async def is_past(self, topic: str, append_ms: int) -> bool:
        """Whether what a topic held at a time is done with."""


async def until_due(consumer: Reads, events: str, message: ConsumerMessage) -> bool:
    """Wait until all events are judged that were there when some labels were; False where it is given up.

    Labels and events lie in topics of their own, which a worker that has fallen behind reads at different
    speeds: a label that overtakes its event would be one of an unknown event. A stop or a rebalance does not
    wait for labels that wait themselves.
    """
    newest_ms = int(message.value.append_ms().max())
    consumer.leave(message)
    while not await consumer.is_past(events, newest_ms):
        await asyncio.sleep(LOOK_SECONDS)
    return consumer.take_up(message)

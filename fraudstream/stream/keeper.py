"""Has a shard recovered when its partitions come, and gives it up when they go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from fraudstream.stores.checkpoints import CheckpointError
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.journal import JournalError
from fraudstream.stream.keyed.state import FORESEEN
from fraudstream.stream.patience import until_answered
from fraudstream.stream.sender import FencedError

if TYPE_CHECKING:
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)


class Takes(Protocol):
    """Recovers a shard or a stage."""

    async def take(self) -> None:
        """Make it this process's own, and bring it to what the group has committed."""


class Keeper:
    """Tells whoever has a batch in hand whether the shard is there to fold it.

    A recovery runs beside the rebalance that set it off, which must not wait for it. One that is given up
    may have a thread to wait for; the next begins when it has ended. While the broker is away it is begun
    again and again. When one fails for good, `on_failure` is called.
    """

    def __init__(self, recovery: Takes, observer: StreamObserver, on_failure: Callable[[], None]) -> None:
        self._recovery = recovery
        self._observer = observer
        self._on_failure = on_failure
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[bool] | None = None

    @property
    def is_recovering(self) -> bool:
        """Whether batches have to wait."""
        return self._task is not None and not self._task.done()

    @property
    def is_ready(self) -> bool:
        """Whether the shard is this process's, and up to date."""
        task = self._task
        return task is not None and task.done() and not task.cancelled() and task.result()

    def take(self) -> None:
        """Begin to recover the shard: its partitions have come."""
        self.give_up()
        self._task = asyncio.create_task(self._take())

    def give_up(self) -> None:
        """Let go of the shard: its partitions are gone, or the worker stops."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def ready(self) -> bool:
        """Wait until the shard is recovered; False where it is given up instead."""
        task = self._task
        if task is None:
            return False
        if not task.done():
            # Not for every batch: the event loop would go round once more.
            await asyncio.wait([task])
        return task is self._task and self.is_ready

    async def _take(self) -> bool:
        try:
            async with self._one_at_a_time:
                await until_answered(self._recovery.take, self._observer)
        except Exception as error:
            stage = _stage_of(error)
            # What is foreseen says in its own words what to do.
            log.error("%s", error, exc_info=None if stage else error)
            self._observer.on_error(stage or "recovery")
            self._on_failure()
            return False
        return True


def _stage_of(error: Exception) -> str | None:
    """Return what the metric of errors calls a failure that is foreseen, None for another."""
    if isinstance(error, BrokerError):
        return error.stage
    if isinstance(error, FORESEEN):
        return "stage"
    foreseen = {FencedError: "fenced", CheckpointError: "checkpoint", JournalError: "journal"}
    return foreseen.get(type(error))

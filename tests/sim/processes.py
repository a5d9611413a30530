"""Processes of the simulation: what runs together, and is killed or frozen together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar


class Process:
    """A process: every callback that it runs is one step.

    Attributes
    ----------
    steps
        How many it has run.
    crash_at
        The step at which it is killed, before it runs that one; None: never by itself.
    cut_until
        Until then nothing that it sends gets anywhere, and nothing reaches it.
    """

    def __init__(self, name: str, on_crash: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.steps = 0
        self.crash_at: int | None = None
        self.is_dead = False
        self.is_frozen = False
        self.cut_until = 0.0
        self.parked: list[asyncio.Handle] = []
        self._on_crash = on_crash

    def may_run(self, handle: asyncio.Handle) -> bool:
        """Count a step; False where it is put aside, for good where the process is dead."""
        if not self.is_dead and self.steps == self.crash_at:
            self.crash()
        if self.is_dead or self.is_frozen:
            self.parked.append(handle)
            return False
        self.steps += 1
        return True

    def crash(self) -> None:
        """End at once, in the middle of whatever it does."""
        if not self.is_dead:
            self.is_dead = True
            self._on_crash()


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)
"""Whose callback runs; None for the world around the processes."""

"""Times the stages of a step, which knows no clock itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Timed(Protocol):
    """Says when a stage of a step has ended; see `engine/laps.py`."""

    lap: Callable[[str], None]


class Stopwatch:
    """Adds up by stage how long a step takes, in seconds. A step does not yield, so one will do for many."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._since = 0.0
        self.seconds: dict[str, float] = {}

    def start(self, engine: Timed) -> None:
        """Begin to time the next step of an engine."""
        engine.lap = self._lap
        self.seconds = {}
        self._since = self._clock()

    def _lap(self, stage: str) -> None:
        now = self._clock()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now

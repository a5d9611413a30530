"""The greatest event time so far: what is late, and which hour is over, is told by it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

NEVER_US = -(2**62)
"""Before every event."""


class Tide:
    """The watermark, in microseconds, before a batch, at each of its events, and after it."""

    def __init__(self, before_us: int, time_us: NDArray[np.int64]) -> None:
        self.before_us = before_us
        self.after_us = max(before_us, int(time_us.max()))
        self._time_us = time_us

    @cached_property
    def running_us(self) -> NDArray[np.int64]:
        """The watermark [n] with each event of the batch included."""
        return np.maximum(np.maximum.accumulate(self._time_us), self.before_us)

    def at(self, event: int) -> int:
        """Return the watermark with an event of the batch included."""
        return int(self.running_us[event])

    def first_at(self, us: int) -> int:
        """Return the first event of the batch that lets the watermark reach a time."""
        return int(np.searchsorted(self.running_us, us))


class Watermark:
    """Follows the stream from batch to batch."""

    def __init__(self) -> None:
        self.us = NEVER_US
        """In microseconds; NEVER_US before the first event."""

    def advance(self, time_us: NDArray[np.int64]) -> Tide:
        """Take note of the times of a batch of at least one event, in stream order."""
        tide = Tide(self.us, time_us)
        self.us = tide.after_us
        return tide

    def snapshot(self) -> dict[str, int]:
        """Return the whole state."""
        return {"us": self.us}

    def restore(self, state: Mapping[str, int]) -> None:
        """Go on from a snapshot."""
        self.us = state["us"]

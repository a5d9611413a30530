"""When messages were appended to their topic: an event dated long after that is none, its clock is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.checks import Rejections

HOUR_US = 3_600_000_000
ANY_TIME_US = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Appends:
    """The append times of n messages, and how far after them their events may be dated.

    One event of a clock that is ahead would else move the watermark, and expire the windows of all.

    Attributes
    ----------
    time_us
        int64 [n], microseconds since 1970 UTC; negative where it is not known, and nothing is checked.
    ahead_us
        In microseconds, at least 0; an event that is ahead by exactly this is taken.
    """

    time_us: NDArray[np.int64]
    ahead_us: int = HOUR_US

    def latest_us(self) -> NDArray[np.int64]:
        """Return the latest time [n] that each event may have."""
        return np.where(self.time_us < 0, ANY_TIME_US, self.time_us + self.ahead_us)

    def take(self, index: NDArray[np.integer] | slice) -> Self:
        """Return those of `index`, in its order."""
        return type(self)(self.time_us[index], self.ahead_us)

    def reject(self, occurred_us: NDArray[np.int64], rejections: Rejections) -> None:
        """Reject the events that are dated too late, unless something else is wrong with them."""
        for index in np.flatnonzero(occurred_us > self.latest_us()).tolist():
            ahead, limit = _seconds(occurred_us[index] - self.time_us[index]), _seconds(self.ahead_us)
            detail = (
                f"occurred_at: {ahead} s after the message was appended, at most {limit} s are taken: "
                "set the clock of its producer right, or raise the topology's ahead_max"
            )
            rejections.add(index, "ahead_of_time", detail)


def _seconds(us: int) -> str:
    return f"{us // 1_000_000}.{us % 1_000_000:06}".rstrip("0").rstrip(".")

"""How much is sent when: a rate over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Profile:
    """A rate over a run, straight between points.

    Attributes
    ----------
    points
        Shares of the run, from 0 to 1 in order, each with a factor of the rate. Two at one share make a jump.
        After the last one its factor stays.
    """

    points: tuple[tuple[float, float], ...]

    def factor(self, share: float) -> float:
        """Return the factor at a share of the run; at a jump, that behind it."""
        for (first, low), (last, high) in pairwise(self.points):
            if first <= share < last:
                return low + (high - low) * (share - first) / (last - first)
        return self.points[-1][1]

    def due(self, seconds: float, run_seconds: float, events_per_s: float) -> float:
        """Return how many events should have been sent after so many seconds of a run of so many."""
        share = seconds / run_seconds
        return sum(self._areas(share)) * run_seconds * events_per_s

    def _areas(self, share: float) -> Iterator[float]:
        for (first, low), (last, high) in pairwise(self.points):
            end = min(share, last)
            if end > first:
                at_end = low + (high - low) * (end - first) / (last - first)
                yield (low + at_end) / 2 * (end - first)
        if share > 1:
            yield self.points[-1][1] * (share - 1)


STEADY = Profile(((0.0, 1.0), (1.0, 1.0)))
RAMP = Profile(((0.0, 0.1), (1.0, 2.0)))
BURST_BEGIN, BURST_END, BURST_FACTOR = 0.3, 0.4, 10.0
BURST = Profile(
    (
        (0.0, 1.0),
        (BURST_BEGIN, 1.0),
        (BURST_BEGIN, BURST_FACTOR),
        (BURST_END, BURST_FACTOR),
        (BURST_END, 1.0),
        (1.0, 1.0),
    )
)

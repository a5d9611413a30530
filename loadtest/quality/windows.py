"""Sliding windows over a stream in time order: what an entity did, and what was known of it, at every event.

All windows move with the stream's own clock, so two places in the log of events are the whole bookkeeping of
one: the next event that enters and the next that leaves. Values are integers, so nothing is left behind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from loadtest.quality.data import DAY_US

EVER = 2**62
"""A window that nothing leaves."""

Integers = NDArray[np.int64]


class Window(NamedTuple):
    """What is in the window of each event's entity: events, sum of values, sum of squares; int64 [n]."""

    events: Integers
    total: Integers
    squares: Integers


@kernel
def sliding(time: Integers, entity: Integers, value: Integers, window: int, offset: int) -> Window:
    """Read at every event the events of its entity with t - offset - window < time <= t - offset.

    Only events up to the one in hand take part, so an event is inside its own window where the offset is 0,
    and a value is never read before the offset is over: that keeps labels from being read too early.
    """
    entities = entity.max() + 1
    count, total, squares = (
        np.zeros(entities, np.int64),
        np.zeros(entities, np.int64),
        np.zeros(entities, np.int64),
    )
    out = np.empty((3, len(time)), np.int64)
    enters = leaves = 0
    for event in range(len(time)):
        until = time[event] - offset
        while enters <= event and time[enters] <= until:
            count[entity[enters]] += 1
            total[entity[enters]] += value[enters]
            squares[entity[enters]] += value[enters] * value[enters]
            enters += 1
        while leaves < enters and time[leaves] <= until - window:
            count[entity[leaves]] -= 1
            total[entity[leaves]] -= value[leaves]
            squares[entity[leaves]] -= value[leaves] * value[leaves]
            leaves += 1
        out[0, event] = count[entity[event]]
        out[1, event] = total[entity[event]]
        out[2, event] = squares[entity[event]]
    return Window(out[0], out[1], out[2])


class Streak(NamedTuple):
    """Of each event's entity: its last known frauds in a row, and when the first of them was; int64 [n]."""

    length: Integers
    since_us: Integers


@kernel
def fraud_streak(time: Integers, entity: Integers, fraud: NDArray[np.bool_], delay: int) -> Streak:
    """Read at every event how many of its entity's latest known labels in a row say fraud.

    The length is -1 where no label is known; `since_us` is the age of the first fraud, 0 where there is none.
    """
    entities = entity.max() + 1
    length, began = np.full(entities, -1, np.int64), np.zeros(entities, np.int64)
    out = np.zeros((2, len(time)), np.int64)
    known = 0
    for event in range(len(time)):
        while known <= event and time[known] <= time[event] - delay:
            if not fraud[known]:
                length[entity[known]] = 0
            elif length[entity[known]] > 0:
                length[entity[known]] += 1
            else:
                length[entity[known]] = 1
                began[entity[known]] = time[known]
            known += 1
        out[0, event] = length[entity[event]]
        if out[0, event] > 0:
            out[1, event] = time[event] - began[entity[event]]
    return Streak(out[0], out[1])


def days(number: float) -> int:
    """Return a number of days in microseconds."""
    return int(number * DAY_US)

"""Which events a feature counted at an earlier moment, for whoever must explain an alert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import Ids
from fraudstream.events.jit import kernel, lean_kernel
from fraudstream.features.state import (
    ID_AT,
    LAST_EVENT,
    LINKS,
    MASKS,
    NUMBERS,
    PREVIOUS,
    TIME_US,
    Frame,
    place_in,
)

READER, KEY, MASK, WINDOW_US, OFFSET_US, CURRENT = range(6)
"""Columns of the table that says how each feature is read; a window of 0 stands for none that is exact."""


class Log(NamedTuple):
    """The part of the state that is read: the fewer arrays, the cheaper the call."""

    events: NDArray[np.int64]
    links: NDArray[np.int32]
    words: NDArray[np.int64]
    following: int  # number of the next arrival
    lap: int  # number of the event at place 0


class Named(NamedTuple):
    """For each of k questions the newest events that were counted: numbers int32 [k, at most] of `ids`.

    Behind the last of them -1 stands. An event has one number.
    """

    ids: Ids
    numbers: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], at_most: int) -> Named:
        """Return some ids per question, each with its number."""
        numbers: dict[str, int] = {}
        rows = np.full((len(texts), at_most), -1, np.int32)
        for row, ids in zip(rows, texts, strict=True):
            row[: len(ids)] = [numbers.setdefault(each, len(numbers)) for each in ids]
        return cls(Ids.of(list(numbers)), rows)

    def texts(self) -> list[list[str]]:
        """Return the ids of each question."""
        ids = self.ids.all()
        return [[ids[each] for each in row if each >= 0] for row in self.numbers.tolist()]

    def without_repetitions(self) -> Named:
        """Return the same where one event may have had several numbers."""
        return Named.of(self.texts(), self.numbers.shape[1])

    def together(self) -> list[str]:
        """Return the ids of all questions, each once, at most as many as of one."""
        ids = dict.fromkeys(each for row in self.texts() for each in row)
        return list(ids)[: self.numbers.shape[1]]


@lean_kernel
def contributors(
    log: Log,
    table: NDArray[np.int64],
    frame: Frame,
    asked: NDArray[np.int64],
    found: NDArray[np.int64],
    numbers: NDArray[np.int64],
) -> None:
    """Fill a row of `found`, int64 [k, at most], and its entry of `numbers`, int64 [k], for each question.

    A question of `asked`, int64 [k, 2], is a feature and an event: which of the newest events did it count
    there? Later arrivals are told by their number, so the answer is the same after the batch as at the event.
    """
    ring = log.events.shape[0]
    for question in range(len(asked)):
        feature, at = asked[question, 0], asked[question, 1]
        row = frame.rows[table[feature, READER], at]
        window_us = table[feature, WINDOW_US]
        numbers[question] = 0
        if row < 0 or window_us == 0:
            continue
        high_us = frame.time_us[at] - table[feature, OFFSET_US]
        low_us = max(high_us - window_us, frame.horizon_us[at])
        before = frame.number[at] + table[feature, CURRENT]
        key, mask = table[feature, KEY], table[feature, MASK]
        event = log.words[row + LAST_EVENT]
        number = 0
        while event >= 0 and number < found.shape[1]:
            place = place_in(ring, log.lap, event)
            if log.events[place, TIME_US] <= low_us:
                break
            # The number's upper bits, which links leave out, are those of the numbers just below the next.
            arrived = log.following - ((log.following - event) & NUMBERS)
            timely = log.events[place, TIME_US] <= high_us and arrived < before
            if timely and (log.events[place, MASKS + (mask >> 6)] >> (mask & 63)) & 1:
                found[question, number] = event
                number += 1
            event = np.int64(log.links[place, LINKS * key + PREVIOUS])
        numbers[question] = number


@kernel
def ids_in(
    events: NDArray[np.int64],
    ids: NDArray[np.uint8],
    asked: NDArray[np.int64],
    following: int,
    lap: int,
    used: int,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the ids, end to end, of some events of the log by their numbers.

    `ids` is the ring that they lie in, of which `used` bytes were ever written.
    """
    ring, last = events.shape[0], len(ids) - 1
    starts = np.empty(len(asked), np.int64)
    ends = np.empty(len(asked), np.int64)
    end = np.int64(0)
    for index, event in enumerate(asked):
        starts[index] = events[place_in(ring, lap, event), ID_AT]
        is_last = (following - 1 - event) & NUMBERS == 0
        stop = used if is_last else events[place_in(ring, lap, event + 1), ID_AT]
        end += stop - starts[index]
        ends[index] = end
    data = np.empty(end, np.uint8)
    at = np.int64(0)
    for index, start in enumerate(starts):
        for byte in range(ends[index] - at):
            data[at + byte] = ids[(start + byte) & last]
        at = ends[index]
    return data, ends

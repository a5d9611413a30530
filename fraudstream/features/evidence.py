"""Which events a feature counted at an earlier moment, for whoever must explain an alert."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import lean_kernel
from fraudstream.features.state import (
    LAST_EVENT,
    LINKS,
    MASKS,
    NEXT,
    NUMBERS,
    PREVIOUS,
    TIME_US,
    Frame,
    State,
)

READER, KEY, MASK, WINDOW_US, OFFSET_US, CURRENT = range(6)
"""Columns of the table that says how each feature is read; a window of 0 stands for none that is exact."""


class Evidence(NamedTuple):
    """What is asked, and room for the answers: which of the newest events did a feature count at an event?"""

    table: NDArray[np.int64]  # [features, 6] how each feature is read
    asked: NDArray[np.int64]  # [k, 2] a feature, and an event of the frame
    found: NDArray[np.int64]  # [k, at most] filled with events of the log
    numbers: NDArray[np.int64]  # [k] filled with how many were found


@lean_kernel
def contributors(state: State, frame: Frame, evidence: Evidence) -> None:
    """Find the newest events behind each answer.

    Later arrivals are told by their number, so the answer is the same after the batch as at the event.
    """
    log, links, words = state.log, state.links, state.words
    table, asked, found, numbers = evidence
    following = state.meta[NEXT]
    ring = log.shape[0] - 1
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
        event = words[row + LAST_EVENT]
        number = 0
        while event >= 0 and number < found.shape[1] and log[event & ring, TIME_US] > low_us:
            place = event & ring
            # The number's upper bits, which links leave out, are those of the numbers just below the next.
            arrived = following - ((following - event) & NUMBERS)
            timely = log[place, TIME_US] <= high_us and arrived < before
            if timely and (log[place, MASKS + (mask >> 6)] >> (mask & 63)) & 1:
                found[question, number] = event
                number += 1
            event = np.int64(links[place, LINKS * key + PREVIOUS])
        numbers[question] = number

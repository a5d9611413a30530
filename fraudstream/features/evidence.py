"""Which events a feature counted at an earlier moment, for whoever must explain an alert."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import lean_kernel
from fraudstream.features.windows import LAST_EVENT, NIL


class Log(NamedTuple):
    """The part of the state that `contributors` reads: the fewer arrays, the cheaper the call."""

    time_us: NDArray[np.int64]
    sequence: NDArray[np.int64]
    masks: NDArray[np.uint64]
    previous: NDArray[np.int32]


class Moments(NamedTuple):
    """What n events saw when they read: see `Frame`."""

    time_us: NDArray[np.int64]  # [n]
    sequence: NDArray[np.int64]  # [n]
    horizon_us: NDArray[np.int64]  # [n]
    rows: NDArray[np.int64]  # [n, readers]


READER, KEY, MASK, WINDOW_US, CURRENT = range(5)
"""Columns of the table that says how each feature is read; a window of 0 stands for none."""


@lean_kernel
def contributors(
    log: Log,
    words: NDArray[np.int64],
    table: NDArray[np.int64],
    moments: Moments,
    asked: NDArray[np.int64],
    found: NDArray[np.int64],
    numbers: NDArray[np.int64],
) -> None:
    """Fill a row of `found`, int64 [k, at most], and its entry of `numbers`, int64 [k], for each question.

    A question of `asked`, int64 [k, 2], is a feature and an event: which of the newest events did it count
    there? Later arrivals are told by their number, so the answer is the same after the batch as at the event.
    """
    for question in range(len(asked)):
        feature, at = asked[question, 0], asked[question, 1]
        row = moments.rows[at, table[feature, READER]]
        window_us = table[feature, WINDOW_US]
        if row < 0 or window_us == 0:
            numbers[question] = 0
            continue
        t_us = moments.time_us[at]
        low_us = max(t_us - window_us, moments.horizon_us[at])
        last = moments.sequence[at] - 1 + table[feature, CURRENT]
        key, mask = table[feature, KEY], table[feature, MASK]
        event = words[row + LAST_EVENT]
        number = 0
        while event != NIL and number < found.shape[1] and log.time_us[event] > low_us:
            timely = log.time_us[event] <= t_us and log.sequence[event] <= last
            if timely and (log.masks[event, mask >> 6] >> np.uint64(mask & 63)) & np.uint64(1):
                found[question, number] = event
                number += 1
            event = np.int64(log.previous[event, key])
        numbers[question] = number

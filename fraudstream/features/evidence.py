"""Which events a feature counted at an earlier moment, for whoever must explain an alert."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, lean_kernel
from fraudstream.features.windows import NIL


class Log(NamedTuple):
    """The part of the state that `contributors` reads: the fewer arrays, the cheaper the call."""

    time_us: NDArray[np.int64]
    sequence: NDArray[np.int64]
    masks: NDArray[np.uint64]
    previous: NDArray[np.int32]


@lean_kernel
def contributors(
    log: Log,
    newest: Integer,
    key: Integer,
    mask: Integer,
    moment: tuple[int, int, int],
    found: NDArray[np.int64],
) -> Integer:
    """Fill `found` with the newest events that a read of an earlier moment counted; return how many.

    The moment is (window's start, its end, number of the last arrival that it saw). Later arrivals are told
    by their number, so the answer is the same after the batch as at the event.
    """
    low_us, t_us, sequence = moment
    event = newest
    number = 0
    while event != NIL and number < len(found) and log.time_us[event] > low_us:
        timely = log.time_us[event] <= t_us and log.sequence[event] <= sequence
        if timely and (log.masks[event, mask >> 6] >> np.uint64(mask & 63)) & np.uint64(1):
            found[number] = event
            number += 1
        event = np.int64(log.previous[event, key])
    return number

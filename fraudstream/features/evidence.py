"""Which events a feature counted at an earlier moment, for whoever must explain an alert."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, lean_kernel
from fraudstream.features.state import LINKS, MASKS, NUMBERS, PREVIOUS, TIME_US


class Moment(NamedTuple):
    """What a read saw: the window's start and end, and the number before which events had arrived."""

    low_us: int
    high_us: int
    number: int


@lean_kernel
def contributors(
    log: NDArray[np.int64],
    links: NDArray[np.int32],
    where: tuple[int, int, int, int],
    moment: Moment,
    found: NDArray[np.int64],
) -> Integer:
    """Fill `found` with the newest events that a read of an earlier moment counted; return how many.

    `where` is (newest event of the entity, key, mask, number of the next arrival). Later arrivals are told by
    their number, so the answer is the same after the batch as at the event.
    """
    newest, key, mask, following = where
    event = np.int64(newest)
    ring = log.shape[0] - 1
    number = 0
    while event >= 0 and number < len(found) and log[event & ring, TIME_US] > moment.low_us:
        place = event & ring
        # The number's upper bits, which links leave out, are those of the numbers just below the next one.
        arrived = following - ((following - event) & NUMBERS)
        timely = log[place, TIME_US] <= moment.high_us and arrived < moment.number
        if timely and (log[place, MASKS + (mask >> 6)] >> (mask & 63)) & 1:
            found[number] = event
            number += 1
        event = np.int64(links[place, LINKS * key + PREVIOUS])
    return number

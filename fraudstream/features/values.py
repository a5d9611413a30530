"""The values and masks of an arriving event, from the matrices that it came in."""

from __future__ import annotations

import numpy as np

from fraudstream.events.jit import Integer, inlined
from fraudstream.features.floats import integer_of
from fraudstream.features.plan import (
    FROM_CODES,
    FROM_FLOATS,
    FROM_GIVEN,
    FROM_INTS,
    MASK_ROW,
    MASK_SOURCE,
    MASK_WHERE,
    MICRO,
    NIL,
    VALUE_CODING,
    VALUE_ROW,
    VALUE_SOURCE,
    Plan,
)
from fraudstream.features.state import ID_AT, MASKS, TIME_US, Arrivals, State


@inlined
def value_known(arrivals: Arrivals, source: Integer, row: Integer, index: Integer) -> bool:
    """Tell whether an event has a value."""
    if source == FROM_CODES:
        return bool(arrivals.codes[row, index] >= 0)
    if source == FROM_INTS:
        return bool(arrivals.ints_known[row, index])
    if source == FROM_FLOATS:
        return bool(arrivals.floats_known[row, index])
    if source == FROM_GIVEN:
        return bool(arrivals.given_known[row, index])
    return True


@inlined
def value_now(plan: Plan, arrivals: Arrivals, value: Integer, index: Integer) -> Integer:
    """Return a value as cells keep it; 0 where the event has none."""
    source, row = plan.values[value, VALUE_SOURCE], plan.values[value, VALUE_ROW]
    if not value_known(arrivals, source, row, index):
        return np.int64(0)
    if source == FROM_CODES:
        return np.int64(arrivals.codes[row, index])
    if source == FROM_INTS:
        return arrivals.ints[row, index]
    if source == FROM_GIVEN:
        return arrivals.given[row, index]
    if source == FROM_FLOATS:
        number = arrivals.floats[row, index]
        if plan.values[value, VALUE_CODING] == MICRO:
            return np.int64(np.rint(number * 1e6))
        return integer_of(number)
    return arrivals.time_us[index]


@inlined
def _meets(plan: Plan, arrivals: Arrivals, mask: Integer, index: Integer) -> bool:
    where = plan.masks[mask, MASK_WHERE]
    if where != NIL and not arrivals.wheres[where, index]:
        return False
    source = plan.masks[mask, MASK_SOURCE]
    return source == NIL or value_known(arrivals, source, plan.masks[mask, MASK_ROW], index)


@inlined
def write(
    state: State, plan: Plan, arrivals: Arrivals, index: Integer, place: Integer, id_at: Integer
) -> bool:
    """Write an event into a place of the log; False where it meets no mask, so nothing counts it."""
    log = state.log
    log[place, TIME_US] = arrivals.time_us[index]
    log[place, ID_AT] = id_at
    mask_words = plan.key_masks.shape[1]
    log[place, MASKS : MASKS + mask_words] = 0
    wanted = False
    for mask in range(len(plan.masks)):
        if _meets(plan, arrivals, mask, index):
            log[place, MASKS + (mask >> 6)] |= np.int64(1) << (mask & 63)
            wanted = True
    if wanted:
        for value in range(len(plan.values)):
            log[place, MASKS + mask_words + value] = value_now(plan, arrivals, value, index)
    return wanted

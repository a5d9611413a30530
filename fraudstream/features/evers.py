"""What is remembered without a window: the last event of an entity, and the first one."""

from __future__ import annotations

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.plan import (
    CELL_AT,
    CELL_KIND,
    CELL_VALUE,
    EVER_US,
    FIRST,
    KEY_EVERS,
    KEY_EVERS_END,
    LAST,
    NEVER,
    NIL,
    Plan,
)
from fraudstream.features.state import LAST_EVENT, PREVIOUS, State, counted, linked, time_of, value_of

# Words of a cell: the time of the newest event; then the first one's time, or the value of the last, and time
# and value of the newest that has left the log.
NEWEST_US, FIRST_US = range(2)
LAST_VALUE, GONE_US, GONE_VALUE = range(1, 4)


@inlined
def clear_ever(state: State, plan: Plan, cell: Integer, row: Integer) -> None:
    """Begin the cell of a new entity."""
    at = row + plan.cells[cell, CELL_AT]
    state.words[at] = NEVER
    state.words[at + 1] = NEVER
    if plan.cells[cell, CELL_KIND] == LAST:
        state.words[at + GONE_US] = NEVER


@inlined
def _value(state: State, plan: Plan, cell: Integer, event: Integer) -> Integer:
    value = plan.cells[cell, CELL_VALUE]
    return 0 if value == NIL else value_of(state, value, event)


@inlined
def remember(state: State, plan: Plan, key: Integer, row: Integer, event: Integer) -> None:
    """Tell the cells without a window of a new event."""
    words = state.words
    t_us = time_of(state, event)
    for cell in range(plan.keys[key, KEY_EVERS], plan.keys[key, KEY_EVERS_END]):
        if not counted(state, plan, cell, event):
            continue
        at = row + plan.cells[cell, CELL_AT]
        if plan.cells[cell, CELL_KIND] == FIRST:
            forgotten = t_us - words[at + NEWEST_US] > plan.limits[EVER_US]
            if forgotten or t_us < words[at + FIRST_US]:
                words[at + FIRST_US] = t_us
            words[at + NEWEST_US] = max(words[at + NEWEST_US], t_us)
        elif t_us >= words[at + NEWEST_US]:
            words[at + NEWEST_US] = t_us
            words[at + LAST_VALUE] = _value(state, plan, cell, event)


@inlined
def let_go(state: State, plan: Plan, key: Integer, row: Integer, event: Integer) -> None:
    """Tell them of an event that leaves the log."""
    words = state.words
    t_us = time_of(state, event)
    for cell in range(plan.keys[key, KEY_EVERS], plan.keys[key, KEY_EVERS_END]):
        at = row + plan.cells[cell, CELL_AT]
        is_last = plan.cells[cell, CELL_KIND] == LAST
        if is_last and t_us >= words[at + GONE_US] and counted(state, plan, cell, event):
            words[at + GONE_US] = t_us
            words[at + GONE_VALUE] = _value(state, plan, cell, event)


@called
def read_last(
    state: State, plan: Plan, key: Integer, row: Integer, cell: Integer, t_us: Integer
) -> tuple[Integer, Integer]:
    """Return the time of the last event at or before `t_us`, NEVER where there is none, and its value.

    Only a late event finds that the newest lies ahead of it. All that has left the log lies behind it, and of
    equal times came earlier than what is there; but what came late may still be there and lie further back.
    """
    words = state.words
    at = row + plan.cells[cell, CELL_AT]
    if words[at + NEWEST_US] <= t_us:
        return words[at + NEWEST_US], words[at + LAST_VALUE]
    event = words[row + LAST_EVENT]
    while event != NIL:
        event_us = time_of(state, event)
        if event_us < words[at + GONE_US]:
            break
        if event_us <= t_us and counted(state, plan, cell, event):
            return event_us, _value(state, plan, cell, event)
        event = linked(state, event, key, PREVIOUS)
    return words[at + GONE_US], words[at + GONE_VALUE]


@inlined
def read_first(state: State, plan: Plan, row: Integer, cell: Integer, t_us: Integer) -> Integer:
    """Return the time of the first event, NEVER where there is none or it is forgotten."""
    at = row + plan.cells[cell, CELL_AT]
    first_us, newest_us = state.words[at + FIRST_US], state.words[at + NEWEST_US]
    forgotten = t_us - newest_us > plan.limits[EVER_US]
    return NEVER if forgotten or first_us > t_us else first_us


@inlined
def is_remembered(state: State, plan: Plan, key: Integer, row: Integer, edge_us: Integer) -> bool:
    """Tell whether an event after `edge_us` could still read a cell."""
    for cell in range(plan.keys[key, KEY_EVERS], plan.keys[key, KEY_EVERS_END]):
        newest_us = state.words[row + plan.cells[cell, CELL_AT] + NEWEST_US]
        if newest_us + plan.limits[EVER_US] > edge_us:
            return True
    return False

"""The exact sliding window of one entity, as kernels: move it to any instant, add and remove events.

Every entity has a doubly linked list of its events in event-time order. A window is two places in that list:
the last event inside it and the last event before it. Moving the window forward or backward to `(low, high]`
adds and removes just the events between the old and the new place, so a late event costs what it displaces
and needs no path of its own.
"""

from __future__ import annotations

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.distinct import change_distinct
from fraudstream.features.hashmap import LOAD_MAX
from fraudstream.features.median import change_median
from fraudstream.features.moments import add_square
from fraudstream.features.plan import (
    CELL_AT,
    CELL_KIND,
    CELL_VALUE,
    COUNT,
    DISTINCT,
    EVENT_ENTRIES,
    FOREVER,
    GROUP_AT,
    GROUP_CELLS,
    GROUP_CELLS_END,
    GROUP_ENTRIES,
    GROUP_OFFSET_US,
    MEDIAN,
    MIN,
    NEVER,
    NIL,
    SQUARES,
    SUM,
    Plan,
)
from fraudstream.features.state import (
    CELL_ENTRIES,
    FIRST_EVENT,
    FOLLOWING,
    LAST_EVENT,
    LATEST_US,
    LINKS,
    PREVIOUS,
    State,
    counted,
    linked,
    slot,
    time_of,
    value_of,
)

# Words of a group: its two places, the time of the one before, and of the first event behind that.
INSIDE, BEFORE, BEFORE_US, AFTER_US = range(4)
GROUP_WORDS = 4

# States of a smallest or largest value; STALE means that the value itself has left the window.
EMPTY, KNOWN, STALE = 0, 1, 2


@inlined
def clear_group(state: State, at: Integer) -> None:
    """Put the window of a new entity before everything."""
    state.words[at + INSIDE] = NIL
    state.words[at + BEFORE] = NIL
    state.words[at + BEFORE_US] = NEVER
    state.words[at + AFTER_US] = FOREVER


@inlined
def has_entries_left(state: State, plan: Plan, more: Integer) -> bool:
    """Tell whether the map of cells takes the entries of one event and some more."""
    wanted = state.meta[CELL_ENTRIES] + plan.limits[EVENT_ENTRIES] + more
    return bool(wanted <= state.cells.shape[0] * LOAD_MAX)


@inlined
def change(state: State, plan: Plan, group: Integer, row: Integer, event: Integer, step: Integer) -> None:
    """Add (step 1) or remove (step -1) an event of a window."""
    words = state.words
    for cell in range(plan.groups[group, GROUP_CELLS], plan.groups[group, GROUP_CELLS_END]):
        if not counted(state, plan, cell, event):
            continue
        kind = plan.cells[cell, CELL_KIND]
        at = row + plan.cells[cell, CELL_AT]
        if kind == COUNT:
            words[at] += step
            continue
        value = value_of(state, plan.cells[cell, CELL_VALUE], event)
        if kind == SUM:
            words[at] += step * value
        elif kind == SQUARES:
            words[at], words[at + 1] = add_square(words[at], words[at + 1], value, step)
        elif kind == DISTINCT:
            change_distinct(state, cell, at, value, step)
        elif kind == MEDIAN:
            change_median(state, plan, cell, at, value, step)
        elif step > 0:
            better = value < words[at] if kind == MIN else value > words[at]
            if words[at + 1] == EMPTY or (words[at + 1] == KNOWN and better):
                words[at] = value
                words[at + 1] = KNOWN
        elif words[at + 1] == KNOWN and value == words[at]:
            words[at + 1] = STALE


@inlined
def after(state: State, key: Integer, row: Integer, event: Integer) -> Integer:
    """Return the event that follows in the entity's list; the first one behind NIL."""
    if event == NIL:
        return state.words[row + FIRST_EVENT]
    return linked(state, event, key, FOLLOWING)


@inlined
def mend_after(state: State, key: Integer, row: Integer, at: Integer) -> None:
    """Note anew when the first event behind the window's start happened."""
    first = after(state, key, row, state.words[at + BEFORE])
    state.words[at + AFTER_US] = FOREVER if first == NIL else time_of(state, first)


@inlined
def seek(
    state: State, plan: Plan, key: Integer, group: Integer, row: Integer, low_us: Integer, high_us: Integer
) -> bool:
    """Move a window of an entity to the events of `(low_us, high_us]`.

    False where the map of cells is full before it got there: the window is whole, and a second call goes on.
    """
    words = state.words
    at = row + plan.groups[group, GROUP_AT]
    inside, before = words[at + INSIDE], words[at + BEFORE]
    ends = inside == words[row + LAST_EVENT] and words[row + LATEST_US] <= high_us
    if ends and words[at + BEFORE_US] <= low_us and words[at + AFTER_US] > low_us:
        return True
    while True:
        # The window is widened on both sides before it is narrowed, so that its ends never cross.
        following = after(state, key, row, inside)
        widens = True
        if before != NIL and time_of(state, before) > low_us:
            event, before_moves = before, True
        elif following != NIL and time_of(state, following) <= high_us:
            event, before_moves = following, False
        else:
            widens = False
            first = after(state, key, row, before)
            before_moves = inside == NIL or time_of(state, inside) <= high_us
            event = first if before_moves else inside
            if event == NIL or (before_moves and time_of(state, event) > low_us):
                done = True
                break
        if widens and not has_entries_left(state, plan, plan.groups[group, GROUP_ENTRIES]):
            done = False
            break
        # Places move to the event itself on the way forward, behind it on the way back.
        place = event if widens != before_moves else linked(state, event, key, PREVIOUS)
        if before_moves:
            before = place
        else:
            inside = place
        change(state, plan, group, row, event, 1 if widens else -1)
    words[at + INSIDE], words[at + BEFORE] = inside, before
    words[at + BEFORE_US] = NEVER if before == NIL else time_of(state, before)
    mend_after(state, key, row, at)
    return done


@inlined
def link(state: State, key: Integer, row: Integer, event: Integer) -> None:
    """Put an event into the entity's list, behind all that are not later."""
    words = state.words
    t_us = time_of(state, event)
    before = words[row + LAST_EVENT]
    if words[row + LATEST_US] > t_us:
        while before != NIL and time_of(state, before) > t_us:
            before = linked(state, before, key, PREVIOUS)
    behind = after(state, key, row, before)
    place = slot(state, event)
    state.links[place, LINKS * key + PREVIOUS] = before
    state.links[place, LINKS * key + FOLLOWING] = behind
    if before == NIL:
        words[row + FIRST_EVENT] = event
    else:
        state.links[slot(state, before), LINKS * key + FOLLOWING] = event
    if behind == NIL:
        words[row + LAST_EVENT] = event
        words[row + LATEST_US] = t_us
    else:
        state.links[slot(state, behind), LINKS * key + PREVIOUS] = event


@inlined
def join(state: State, plan: Plan, key: Integer, group: Integer, row: Integer, event: Integer) -> None:
    """Let an event into a window that stands at its time; its place is right behind the window's end.

    A window with an offset stands earlier, and only learns of what comes next.
    """
    words = state.words
    at = row + plan.groups[group, GROUP_AT]
    if words[at + BEFORE] == linked(state, event, key, PREVIOUS):
        words[at + AFTER_US] = time_of(state, event)
    if plan.groups[group, GROUP_OFFSET_US] == 0:
        words[at + INSIDE] = event
        change(state, plan, group, row, event, 1)


@called
def extreme(state: State, plan: Plan, key: Integer, group: Integer, row: Integer, cell: Integer) -> bool:
    """Make a smallest or largest value known again; False where the window has none.

    Once its value has left, the window is read through again: the cost is the window's length, paid at most
    once per departure.
    """
    words = state.words
    at = row + plan.cells[cell, CELL_AT]
    if words[at + 1] != STALE:
        return bool(words[at + 1] == KNOWN)
    words[at + 1] = EMPTY
    event = words[row + plan.groups[group, GROUP_AT] + INSIDE]
    before = words[row + plan.groups[group, GROUP_AT] + BEFORE]
    while event != before:
        if counted(state, plan, cell, event):
            value = value_of(state, plan.cells[cell, CELL_VALUE], event)
            smaller = value < words[at]
            larger = value > words[at]
            wanted = smaller if plan.cells[cell, CELL_KIND] == MIN else larger
            if words[at + 1] == EMPTY or wanted:
                words[at] = value
                words[at + 1] = KNOWN
        event = linked(state, event, key, PREVIOUS)
    return bool(words[at + 1] == KNOWN)

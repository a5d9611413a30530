"""The sliding window of one entity, as kernels: move it to any instant, add and remove events, read cells.

Every entity has a doubly linked list of its events in event-time order. A window is two places in that list:
the last event inside it and the last event before it. Moving the window forward or backward to `(low, t]`
adds and removes just the events between the old and the new place, so a late event costs what it displaces
and needs no path of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, lean_kernel
from fraudstream.features.hashmap import FREE, find, remove
from fraudstream.features.layout import COUNT, DISTINCT, MIN, SUM, Plan

NIL = -1
NEVER = -(2**62)
"""The time of something that never happened."""

# Words of the entity's header, and of a group.
FIRST_EVENT, LAST_EVENT = 0, 1
INSIDE, BEFORE = 0, 1

# States of a smallest or largest value; STALE means that the value itself has left the window.
EMPTY, KNOWN, STALE = 0, 1, 2

# Entries of State.meta.
WORDS_USED, FREE_EVENT, OLDEST, NEWEST, ENTITIES, DISTINCTS_MAX, WATERMARK_US, SEQUENCE, EVENTS = range(9)
META_WORDS = 9


class State(NamedTuple):
    """All memory of the feature engine, as flat arrays: nothing else needs to be saved."""

    meta: NDArray[np.int64]
    words: NDArray[np.int64]  # the rows of all entities, one after the other
    entity_keys: NDArray[np.int64]  # hash map: key and codes -> row
    entity_rows: NDArray[np.int64]
    distinct_keys: NDArray[np.int64]  # hash map: word of a cell and value -> how often in the window
    distinct_counts: NDArray[np.int64]
    event_time_us: NDArray[np.int64]  # [events]
    event_sequence: NDArray[np.int64]  # [events] number of arrival
    event_after: NDArray[np.int32]  # [events] next in order of arrival, or next free
    event_masks: NDArray[np.uint64]  # [events, mask words]
    event_values: NDArray[np.int64]  # [events, values]
    event_next: NDArray[np.int32]  # [events, keys] next of the same entity in event time
    event_previous: NDArray[np.int32]
    event_row: NDArray[np.int64]  # [events, keys] row of the entity, NIL where it has none


ON_TIME, LATE, ANCIENT = 0, 1, 2
"""Of an event's time: within the lateness, later than that, or older than all that is kept."""
NO_KEY = -2
"""The row of an event that lacks a column of the key; NIL is the row of an entity never seen."""


class Arrivals(NamedTuple):
    """n events on their way into the windows, in stream order."""

    codes: NDArray[np.int32]  # [n, columns], -1 = missing
    time_us: NDArray[np.int64]  # [n]
    masks: NDArray[np.bool_]  # [n, masks]
    values: NDArray[np.int64]  # [n, values]


class Frame(NamedTuple):
    """What n events read on their way."""

    time_us: NDArray[np.int64]  # [n]
    known: NDArray[np.bool_]  # [reads, n]
    out: NDArray[np.int64]  # [reads, n]
    out_time_us: NDArray[np.int64]  # [reads, n] of a last event, its time
    rows: NDArray[np.int64]  # [n, readers] the entity that was read, NIL or NO_KEY
    sequence: NDArray[np.int64]  # [n] number of arrival
    horizon_us: NDArray[np.int64]  # [n] nothing at or behind it was seen
    lateness: NDArray[np.int8]  # [n] ON_TIME, LATE or ANCIENT


@lean_kernel
def counts(state: State, plan: Plan, cell: Integer, event: Integer) -> bool:
    """Tell whether a cell counts an event."""
    mask = plan.cell_mask[cell]
    word = state.event_masks[event, mask >> 6]
    return bool((word >> np.uint64(mask & 63)) & np.uint64(1))


@lean_kernel
def _count_distinct(state: State, at: Integer, value: Integer, step: Integer) -> Integer:
    """Count one value up or down; return by how much the number of distinct values changes.

    The word `at` belongs to one cell of one entity, so it is the first half of the key.
    """
    place = find(state.distinct_keys, at, value)
    if state.distinct_keys[place, 0] == FREE:
        state.distinct_keys[place, 0] = at
        state.distinct_keys[place, 1] = value
        state.distinct_counts[place] = step
        return 1
    state.distinct_counts[place] += step
    if state.distinct_counts[place] == 0:
        remove(state.distinct_keys, state.distinct_counts, place)
        return -1
    return 0


@lean_kernel
def _change(state: State, plan: Plan, group: Integer, row: Integer, event: Integer, step: Integer) -> None:
    """Add (step 1) or remove (step -1) an event of a window."""
    words = state.words
    for cell in range(plan.group_cells[group, 0], plan.group_cells[group, 1]):
        if not counts(state, plan, cell, event):
            continue
        kind = plan.cell_kind[cell]
        at = row + plan.cell_offset[cell]
        if kind == COUNT:
            words[at] += step
            continue
        value = state.event_values[event, plan.cell_value[cell]]
        if kind == SUM:
            words[at] += step * value
        elif kind == DISTINCT:
            words[at] += _count_distinct(state, at, value, step)
        elif step > 0:
            better = value < words[at] if kind == MIN else value > words[at]
            if words[at + 1] == EMPTY or (words[at + 1] == KNOWN and better):
                words[at] = value
                words[at + 1] = KNOWN
        elif words[at + 1] == KNOWN and value == words[at]:
            words[at + 1] = STALE


@lean_kernel
def seek(
    state: State, plan: Plan, key: Integer, group: Integer, row: Integer, low_us: Integer, t_us: Integer
) -> None:
    """Move a window of an entity to the events of `(low_us, t_us]`."""
    at = row + plan.group_offset[group]
    inside, before = state.words[at + INSIDE], state.words[at + BEFORE]
    time_us = state.event_time_us
    # The window is widened on both sides before it is narrowed, so that its ends never cross.
    while before != NIL and time_us[before] > low_us:
        _change(state, plan, group, row, before, 1)
        before = state.event_previous[before, key]
    following = state.words[row + FIRST_EVENT] if inside == NIL else state.event_next[inside, key]
    while following != NIL and time_us[following] <= t_us:
        _change(state, plan, group, row, following, 1)
        inside = following
        following = state.event_next[following, key]
    while inside != NIL and time_us[inside] > t_us:
        _change(state, plan, group, row, inside, -1)
        inside = state.event_previous[inside, key]
    following = state.words[row + FIRST_EVENT] if before == NIL else state.event_next[before, key]
    while following != NIL and time_us[following] <= low_us:
        _change(state, plan, group, row, following, -1)
        before = following
        following = state.event_next[following, key]
    state.words[at + INSIDE], state.words[at + BEFORE] = inside, before


@lean_kernel
def extreme(state: State, plan: Plan, key: Integer, group: Integer, row: Integer, cell: Integer) -> bool:
    """Make a smallest or largest value known again; False where the window has none.

    Once its value has left, the window is read through again: the cost is the window's length, paid at most
    once per departure.
    """
    at = row + plan.cell_offset[cell]
    if state.words[at + 1] != STALE:
        return bool(state.words[at + 1] == KNOWN)
    state.words[at + 1] = EMPTY
    event = state.words[row + plan.group_offset[group] + INSIDE]
    before = state.words[row + plan.group_offset[group] + BEFORE]
    while event != before:
        if counts(state, plan, cell, event):
            value = state.event_values[event, plan.cell_value[cell]]
            smaller = value < state.words[at]
            larger = value > state.words[at]
            wanted = smaller if plan.cell_kind[cell] == MIN else larger
            if state.words[at + 1] == EMPTY or wanted:
                state.words[at] = value
                state.words[at + 1] = KNOWN
        event = state.event_previous[event, key]
    return bool(state.words[at + 1] == KNOWN)

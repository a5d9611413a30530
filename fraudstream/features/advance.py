"""The walk of a batch through the windows, event by event in stream order, as one kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined, lean_kernel
from fraudstream.features.distinct import settle_distinct
from fraudstream.features.entities import key_codes, new_row, sweep
from fraudstream.features.evers import remember
from fraudstream.features.hashmap import FREE, LOAD_MAX, find
from fraudstream.features.panes import place_in_pane
from fraudstream.features.plan import (
    CELL_KIND,
    DISTINCT,
    EVENT_WORDS,
    GROUP_CELLS,
    GROUP_CELLS_END,
    GROUP_ENTRIES,
    GROUP_OFFSET_US,
    GROUP_WINDOW_US,
    KEY_GROUPS,
    KEY_GROUPS_END,
    KEY_PANES_END,
    KEY_READER,
    LATENESS_US,
    NEVER,
    NIL,
    READER_GROUPS,
    READER_GROUPS_END,
    READER_KEY,
    READER_SAME,
    RETENTION_US,
    Plan,
)
from fraudstream.features.reading import read_all
from fraudstream.features.retiring import retire_all
from fraudstream.features.state import (
    ANCIENT,
    BEGAN_US,
    ENTITIES,
    IDS_USED,
    LAP,
    LATE,
    LINKS,
    MASKS,
    META_WORDS,
    NEXT,
    NO_KEY,
    NUMBERS,
    OLDEST,
    ON_TIME,
    ROW,
    WATERMARK_US,
    WORDS_USED,
    Arrivals,
    Frame,
    State,
    slot,
)
from fraudstream.features.values import write
from fraudstream.features.windows import has_entries_left, join, link, seek

_SWEEP_PER_BATCH = 16


@lean_kernel
def tidy(state: State, plan: Plan, events: Integer) -> None:
    """Before a batch of n events: free the events that no window can hold, and some of the idle entities."""
    retire_all(state, plan)
    sweep(state, plan, _SWEEP_PER_BATCH + events)


@lean_kernel
def advance(
    state: State,
    plan: Plan,
    arrivals: Arrivals,
    watermark_us: NDArray[np.int64],
    frame: Frame,
    start: Integer,
) -> Integer:
    """Walk n events through the windows; each sees all before it, and itself where a feature includes it.

    `watermark_us` [n] is the greatest event time so far of the whole stream, as far as these events do not
    tell it.
    Returns n, or the number of the event for which there was no room: it has left no trace but in the
    watermark, and a second call from there goes on as if there had always been room.
    """
    events = len(arrivals.time_us)
    for index in range(start, events):
        t_us = arrivals.time_us[index]
        if state.meta[BEGAN_US] == NEVER:
            state.meta[BEGAN_US] = t_us
        state.meta[WATERMARK_US] = max(state.meta[WATERMARK_US], watermark_us[index])
        behind_us = state.meta[WATERMARK_US] - t_us
        frame.time_us[index] = t_us
        frame.number[index] = state.meta[NEXT]
        frame.horizon_us[index] = state.meta[WATERMARK_US] - plan.limits[RETENTION_US]
        frame.lateness[index] = ON_TIME if behind_us <= plan.limits[LATENESS_US] else LATE
        if behind_us >= plan.limits[RETENTION_US] and behind_us > 0:
            frame.lateness[index] = ANCIENT
            frame.known[:, index] = False
            frame.rows[:, index] = NO_KEY
            continue
        if not _has_room(state, plan, arrivals, index):
            return index
        event = state.meta[NEXT]
        if event - state.meta[LAP] == state.log.shape[0]:
            state.meta[LAP] = event
        wanted = write(state, plan, arrivals, index, slot(state, event), state.meta[IDS_USED])
        _find_rows(state, plan, arrivals, frame, index)
        if not _move_windows(state, plan, frame, index, t_us, wanted):
            return index
        for current in (False, True):
            if current and wanted:
                _keep_id(state, arrivals, index)
                state.meta[NEXT] += 1
                _place(state, plan, arrivals, frame, index, event & NUMBERS)
            read_all(state, plan, arrivals, frame, index, current)
    return events


@inlined
def _id_bytes(arrivals: Arrivals, index: Integer) -> Integer:
    return arrivals.id_ends[index] - (arrivals.id_ends[index - 1] if index > 0 else 0)


@inlined
def ids_start(state: State) -> Integer:
    """Return where the id of the oldest event of the log starts; ids are counted from the first ever."""
    if state.meta[OLDEST] == state.meta[NEXT]:
        return state.meta[IDS_USED]
    return state.log[slot(state, state.meta[OLDEST]), 1]


@inlined
def _has_room(state: State, plan: Plan, arrivals: Arrivals, index: Integer) -> bool:
    """Tell whether all arrays hold one event more, whatever it is."""
    held = state.meta[IDS_USED] - ids_start(state)
    entities = state.meta[ENTITIES] + len(plan.keys)
    return bool(
        state.meta[NEXT] - state.meta[OLDEST] < state.log.shape[0]
        and held + _id_bytes(arrivals, index) <= len(state.ids)
        and state.meta[WORDS_USED] + plan.limits[EVENT_WORDS] <= len(state.words)
        and entities <= state.entities.shape[0] * LOAD_MAX
        and has_entries_left(state, plan, 0)
    )


@inlined
def _keep_id(state: State, arrivals: Arrivals, index: Integer) -> None:
    size = _id_bytes(arrivals, index)
    first = arrivals.id_ends[index] - size
    at = state.meta[IDS_USED]
    for byte in range(size):
        state.ids[(at + byte) & (len(state.ids) - 1)] = arrivals.id_data[first + byte]
    state.meta[IDS_USED] = at + size


@inlined
def _row_of(
    state: State, plan: Plan, arrivals: Arrivals, columns: Integer, index: Integer, key: Integer
) -> Integer:
    """Return the row of an entity, NIL where it was never seen, NO_KEY where the event lacks a column."""
    first, second = key_codes(columns, arrivals.codes, index, key)
    if first == NIL:
        return NO_KEY
    place = find(state.entities, first, second)
    return NIL if state.entities[place, 0] == FREE else state.entities[place, 2]


@inlined
def _find_rows(state: State, plan: Plan, arrivals: Arrivals, frame: Frame, index: Integer) -> None:
    """Note the entities under which an event is read, and those under which it is counted."""
    for reader in range(len(plan.readers)):
        key = plan.readers[reader, READER_KEY]
        columns = plan.readers[reader]
        frame.rows[reader, index] = _row_of(state, plan, arrivals, columns, index, key)
    for key in range(len(plan.keys)):
        reader = plan.keys[key, KEY_READER]
        if reader == NIL:
            state.meta[META_WORDS + key] = _row_of(state, plan, arrivals, plan.keys[key], index, key)
        else:
            state.meta[META_WORDS + key] = frame.rows[reader, index]


@inlined
def _wants(state: State, plan: Plan, key: Integer, place: Integer) -> bool:
    """Tell whether some cell of a key counts the event at a place of the log."""
    for word in range(plan.key_masks.shape[1]):
        if plan.key_masks[key, word] & state.log[place, MASKS + word]:
            return True
    return False


@inlined
def _move_windows(
    state: State, plan: Plan, frame: Frame, index: Integer, t_us: Integer, wanted: bool
) -> bool:
    """Move every exact window that the event reads or enters to its time; False where room ran out."""
    readers = len(plan.readers)
    keys = len(plan.keys) if wanted else 0
    for each in range(readers + keys):
        reads = each < readers
        if reads:
            key, row = plan.readers[each, READER_KEY], frame.rows[each, index]
            first, end = plan.readers[each, READER_GROUPS], plan.readers[each, READER_GROUPS_END]
        else:
            key = each - readers
            row = state.meta[META_WORDS + key]
            first, end = plan.keys[key, KEY_GROUPS], plan.keys[key, KEY_GROUPS_END]
            # Whoever reads an entity by the columns that it is counted under has moved all its windows.
            if plan.keys[key, KEY_READER] != NIL:
                continue
        if row < 0:
            continue
        for number in range(first, end):
            group = plan.reader_groups[number] if reads else number
            high_us = t_us - plan.groups[group, GROUP_OFFSET_US]
            low_us = max(high_us - plan.groups[group, GROUP_WINDOW_US], frame.horizon_us[index])
            # The whole window of a late event may lie behind the horizon: then it is empty where it ends.
            low_us = min(low_us, high_us)
            if not seek(state, plan, key, group, row, low_us, high_us):
                return False
            if plan.groups[group, GROUP_ENTRIES]:
                _settle(state, plan, key, group, row)
    return True


@inlined
def _settle(state: State, plan: Plan, key: Integer, group: Integer, row: Integer) -> None:
    for cell in range(plan.groups[group, GROUP_CELLS], plan.groups[group, GROUP_CELLS_END]):
        if plan.cells[cell, CELL_KIND] == DISTINCT:
            settle_distinct(state, plan, key, group, row, cell)


@inlined
def _place(
    state: State, plan: Plan, arrivals: Arrivals, frame: Frame, index: Integer, event: Integer
) -> None:
    """Count an event under each of its keys for which some cell wants it."""
    place = slot(state, event)
    for key in range(len(plan.keys)):
        state.links[place, LINKS * key + ROW] = NIL
        row = state.meta[META_WORDS + key]
        if row == NO_KEY or not _wants(state, plan, key, place):
            continue
        if row == NIL:
            row = _enter(state, plan, arrivals, frame, index, key)
        state.links[place, LINKS * key + ROW] = row
        link(state, key, row, event)
        for group in range(plan.keys[key, KEY_GROUPS], plan.keys[key, KEY_GROUPS_END]):
            join(state, plan, key, group, row, event)
        for group in range(plan.keys[key, KEY_GROUPS_END], plan.keys[key, KEY_PANES_END]):
            place_in_pane(state, plan, group, row, event)
        remember(state, plan, key, row, event)


@inlined
def _enter(
    state: State, plan: Plan, arrivals: Arrivals, frame: Frame, index: Integer, key: Integer
) -> Integer:
    """Give a new entity its row, and tell whoever reads it at this very event."""
    first, second = key_codes(plan.keys[key], arrivals.codes, index, key)
    row = new_row(state, plan, key)
    place = find(state.entities, first, second)
    state.entities[place, 0], state.entities[place, 1], state.entities[place, 2] = first, second, row
    for reader in range(len(plan.readers)):
        if plan.readers[reader, READER_KEY] == key and frame.rows[reader, index] == NIL:
            same = plan.readers[reader, READER_SAME] == 1
            other, rest = key_codes(plan.readers[reader], arrivals.codes, index, key)
            if same or (other == first and rest == second):
                frame.rows[reader, index] = row
    return row

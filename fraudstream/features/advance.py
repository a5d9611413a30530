"""The walk of a batch through the windows, event by event in stream order, as one kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, lean_kernel
from fraudstream.features.entities import fill_key, new_row, row_of
from fraudstream.features.hashmap import FREE
from fraudstream.features.layout import COUNT, DISTINCT, FIRST, LAST, SUM, Plan
from fraudstream.features.windows import (
    ANCIENT,
    BEFORE,
    DISTINCTS_MAX,
    EVENTS,
    FIRST_EVENT,
    FREE_EVENT,
    INSIDE,
    LAST_EVENT,
    LATE,
    NEVER,
    NEWEST,
    NIL,
    NO_KEY,
    OLDEST,
    ON_TIME,
    SEQUENCE,
    WATERMARK_US,
    Arrivals,
    Frame,
    State,
    counts,
    extreme,
    seek,
)


@lean_kernel
def _link(state: State, key: Integer, row: Integer, event: Integer) -> None:
    """Put an event into the entity's list, behind all that are not later."""
    before = state.words[row + LAST_EVENT]
    while before != NIL and state.event_time_us[before] > state.event_time_us[event]:
        before = state.event_previous[before, key]
    after = state.words[row + FIRST_EVENT] if before == NIL else state.event_next[before, key]
    state.event_previous[event, key], state.event_next[event, key] = before, after
    if before == NIL:
        state.words[row + FIRST_EVENT] = event
    else:
        state.event_next[before, key] = event
    if after == NIL:
        state.words[row + LAST_EVENT] = event
    else:
        state.event_previous[after, key] = event


@lean_kernel
def _unlink(state: State, key: Integer, row: Integer, event: Integer) -> None:
    before, after = state.event_previous[event, key], state.event_next[event, key]
    if before == NIL:
        state.words[row + FIRST_EVENT] = after
    else:
        state.event_next[before, key] = after
    if after == NIL:
        state.words[row + LAST_EVENT] = before
    else:
        state.event_previous[after, key] = before


@lean_kernel
def _remember(state: State, plan: Plan, key: Integer, row: Integer, event: Integer) -> None:
    """Tell the cells without a window of a new event."""
    time_us = state.event_time_us[event]
    for cell in range(plan.key_evers[key, 0], plan.key_evers[key, 1]):
        if not counts(state, plan, cell, event):
            continue
        at = row + plan.cell_offset[cell]
        if plan.cell_kind[cell] == FIRST:
            if state.words[at] == NEVER or time_us < state.words[at]:
                state.words[at] = time_us
        elif time_us >= state.words[at]:
            state.words[at] = time_us
            if plan.cell_value[cell] >= 0:
                state.words[at + 1] = state.event_values[event, plan.cell_value[cell]]


@lean_kernel
def _retire(state: State, plan: Plan, event: Integer) -> None:
    """Take an event that no window can reach any more out of all lists, and free it."""
    now_us = state.meta[WATERMARK_US]
    time_us = state.event_time_us[event]
    for key in range(len(plan.key_words)):
        row = state.event_row[event, key]
        if row == NIL:
            continue
        for group in range(plan.key_groups[key, 0], plan.key_groups[key, 1]):
            # At the watermark the event lies before every window, so no cell still counts it.
            seek(state, plan, key, group, row, now_us - plan.group_window_us[group], now_us)
            at = row + plan.group_offset[group]
            for end in (INSIDE, BEFORE):
                if state.words[at + end] == event:
                    state.words[at + end] = state.event_previous[event, key]
        for cell in range(plan.key_evers[key, 0], plan.key_evers[key, 1]):
            at = row + plan.cell_offset[cell]
            newest = plan.cell_kind[cell] == LAST and time_us >= state.words[at + 2]
            if newest and counts(state, plan, cell, event):
                state.words[at + 2] = time_us
                if plan.cell_value[cell] >= 0:
                    state.words[at + 3] = state.event_values[event, plan.cell_value[cell]]
        _unlink(state, key, row, event)
    for mask in range(len(plan.mask_distincts)):
        if (state.event_masks[event, mask >> 6] >> np.uint64(mask & 63)) & np.uint64(1):
            state.meta[DISTINCTS_MAX] -= plan.mask_distincts[mask]


@lean_kernel
def retire_all(state: State, plan: Plan) -> None:
    """Free the events that lie further back than the longest window and the lateness, oldest arrival first.

    Called between batches only. Nothing that is read depends on when it is called: windows are cut at the
    same instant whether or not the events behind it are still there.
    """
    horizon_us = state.meta[WATERMARK_US] - plan.retention_us[1]
    event = state.meta[OLDEST]
    while event != NIL and state.event_time_us[event] <= horizon_us:
        _retire(state, plan, event)
        following = np.int64(state.event_after[event])
        state.event_after[event] = state.meta[FREE_EVENT]
        state.meta[FREE_EVENT] = event
        state.meta[EVENTS] -= 1
        event = following
    state.meta[OLDEST] = event
    if event == NIL:
        state.meta[NEWEST] = NIL


@lean_kernel
def _store(
    state: State, plan: Plan, time_us: Integer, masks: NDArray[np.bool_], values: NDArray[np.int64]
) -> Integer:
    """Append an event to the log and return its number."""
    event: Integer = state.meta[FREE_EVENT]
    state.meta[FREE_EVENT] = np.int64(state.event_after[event])
    state.event_after[event] = NIL
    if state.meta[NEWEST] == NIL:
        state.meta[OLDEST] = event
    else:
        state.event_after[state.meta[NEWEST]] = event
    state.meta[NEWEST] = event
    state.meta[EVENTS] += 1
    state.event_time_us[event] = time_us
    state.event_sequence[event] = state.meta[SEQUENCE]
    for word in range(state.event_masks.shape[1]):
        state.event_masks[event, word] = 0
    for mask in range(len(masks)):
        if masks[mask]:
            state.event_masks[event, mask >> 6] |= np.uint64(1) << np.uint64(mask & 63)
            state.meta[DISTINCTS_MAX] += plan.mask_distincts[mask]
    for column in range(len(values)):
        state.event_values[event, column] = values[column]
    for key in range(state.event_row.shape[1]):
        state.event_row[event, key] = NIL
    return event


@lean_kernel
def _place(state: State, plan: Plan, codes: NDArray[np.int32], event: Integer) -> None:
    """Count an event under each of its keys for which some cell wants it."""
    t_us = state.event_time_us[event]
    horizon_us = state.meta[WATERMARK_US] - plan.retention_us[1]
    for key in range(len(plan.key_words)):
        wanted = False
        first_cell = plan.key_evers[key, 0]
        if plan.key_groups[key, 0] < plan.key_groups[key, 1]:
            first_cell = plan.group_cells[plan.key_groups[key, 0], 0]
        for cell in range(first_cell, plan.key_evers[key, 1]):
            wanted = wanted or counts(state, plan, cell, event)
        if not wanted:
            continue
        place = row_of(state, plan.key_columns[key], codes, key)
        if place == NIL:
            continue
        if state.entity_keys[place, 0] == FREE:
            fill_key(state, plan.key_columns[key], codes, key, place)
            state.entity_rows[place] = new_row(state, plan, key)
        row = state.entity_rows[place]
        for group in range(plan.key_groups[key, 0], plan.key_groups[key, 1]):
            # With every window at this instant, the event's neighbours in the list are the windows' ends.
            low_us = max(t_us - plan.group_window_us[group], horizon_us)
            seek(state, plan, key, group, row, low_us, t_us)
        state.event_row[event, key] = row
        _link(state, key, row, event)
        _remember(state, plan, key, row, event)


@lean_kernel
def _read_last(
    state: State, plan: Plan, key: Integer, row: Integer, cell: Integer, t_us: Integer, late: Integer
) -> tuple[bool, Integer, Integer]:
    """Return whether there is a last event at or before `t_us`, its time and its value.

    A late event sees nothing behind the horizon, here as in its windows.
    """
    at = row + plan.cell_offset[cell]
    horizon_us = state.meta[WATERMARK_US] - plan.retention_us[1]
    if state.words[at] <= t_us:
        known = state.words[at] != NEVER and (not late or state.words[at] > horizon_us)
        return known, state.words[at], state.words[at + 1]
    event: Integer = state.words[row + LAST_EVENT]
    while event != NIL:
        time_us = state.event_time_us[event]
        if late and time_us <= horizon_us:
            break
        if time_us <= t_us and counts(state, plan, cell, event):
            value: Integer = np.int64(0)
            if plan.cell_value[cell] >= 0:
                value = state.event_values[event, plan.cell_value[cell]]
            return True, time_us, value
        event = np.int64(state.event_previous[event, key])
    known = not late and state.words[at + 2] != NEVER
    return known, state.words[at + 2], state.words[at + 3]


@lean_kernel
def _read(
    state: State, plan: Plan, read: Integer, row: Integer, t_us: Integer, late: Integer
) -> tuple[bool, Integer, Integer]:
    """Return whether a cell has a value at `t_us`, the value, and for a last event its time."""
    cell = plan.read_cell[read]
    key = plan.reader_of[plan.read_key[read]]
    kind = plan.cell_kind[cell]
    if row == NIL:
        return kind in (COUNT, SUM, DISTINCT), np.int64(0), np.int64(0)
    at = row + plan.cell_offset[cell]
    if kind == FIRST:
        return state.words[at] != NEVER and state.words[at] <= t_us, state.words[at], state.words[at]
    if kind == LAST:
        known, time_us, value = _read_last(state, plan, key, row, cell, t_us, late)
        return known, value, time_us
    group = plan.read_group[read]
    horizon_us = state.meta[WATERMARK_US] - plan.retention_us[1]
    low_us = max(t_us - plan.group_window_us[group], horizon_us)
    seek(state, plan, key, group, row, low_us, t_us)
    if kind in (COUNT, SUM, DISTINCT):
        return True, state.words[at], np.int64(0)
    return extreme(state, plan, key, group, row, cell), state.words[at], np.int64(0)


@lean_kernel
def advance(state: State, plan: Plan, arrivals: Arrivals, frame: Frame) -> None:
    """Walk n events through the windows; each sees all before it, and itself where a read includes it."""
    for index in range(len(arrivals.time_us)):
        t_us = arrivals.time_us[index]
        state.meta[WATERMARK_US] = max(state.meta[WATERMARK_US], t_us)
        state.meta[SEQUENCE] += 1
        behind_us = state.meta[WATERMARK_US] - t_us
        frame.lateness[index] = ON_TIME if behind_us <= plan.retention_us[0] else LATE
        frame.sequence[index] = state.meta[SEQUENCE]
        frame.horizon_us[index] = state.meta[WATERMARK_US] - plan.retention_us[1]
        if behind_us >= plan.retention_us[1] and behind_us > 0:
            frame.lateness[index] = ANCIENT
            frame.known[:, index] = False
            frame.rows[index, :] = NO_KEY
            continue
        _find_rows(state, plan, arrivals, frame, index, False)
        _read_all(state, plan, frame, index, t_us, False)
        if _any(arrivals.masks[index]):
            event = _store(state, plan, t_us, arrivals.masks[index], arrivals.values[index])
            _place(state, plan, arrivals.codes[index], event)
            _find_rows(state, plan, arrivals, frame, index, True)
        _read_all(state, plan, frame, index, t_us, True)


@lean_kernel
def _find_rows(
    state: State, plan: Plan, arrivals: Arrivals, frame: Frame, index: Integer, again: bool
) -> None:
    """Note the entity that each reader reads; `again` looks only for those that were not there before."""
    for reader in range(len(plan.reader_of)):
        if again and frame.rows[index, reader] != NIL:
            continue
        key = plan.reader_of[reader]
        place = row_of(state, plan.reader_columns[reader], arrivals.codes[index], key)
        frame.rows[index, reader] = NO_KEY
        if place != NIL:
            absent = state.entity_keys[place, 0] == FREE
            frame.rows[index, reader] = NIL if absent else state.entity_rows[place]


@lean_kernel
def _read_all(state: State, plan: Plan, frame: Frame, index: Integer, t_us: Integer, current: bool) -> None:
    """Do the reads that include the current event, or those that leave it out."""
    for read in range(len(plan.read_cell)):
        if (plan.read_current[read] == 1) != current:
            continue
        row = frame.rows[index, plan.read_key[read]]
        if row == NO_KEY:
            frame.known[read, index] = False
        else:
            known, value, time_us = _read(state, plan, read, row, t_us, frame.lateness[index])
            frame.known[read, index] = known
            frame.out[read, index] = value
            frame.out_time_us[read, index] = time_us


@lean_kernel
def _any(flags: NDArray[np.bool_]) -> bool:
    for flag in flags:  # noqa: SIM110 - numba knows no any()
        if flag:
            return True
    return False

"""The entities of the windows: found by the codes of their key, each with a row of words of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.distinct import BLOCK, drop_block
from fraudstream.features.evers import clear_ever, is_remembered
from fraudstream.features.hashmap import FREE, remove
from fraudstream.features.panes import NEWEST_US, clear_panes, drop_panes, lowest
from fraudstream.features.plan import (
    CELL_AT,
    CELL_KIND,
    DISTINCT,
    FOREVER,
    GROUP_AT,
    GROUP_CELLS,
    GROUP_CELLS_END,
    GROUP_PANE_US,
    KEY_COLUMNS_MAX,
    KEY_EVERS,
    KEY_EVERS_END,
    KEY_GROUPS,
    KEY_GROUPS_END,
    KEY_PANES_END,
    KEY_WORDS,
    NEVER,
    NIL,
    RETENTION_US,
    Plan,
)
from fraudstream.features.state import (
    ENTITIES,
    FIRST_EVENT,
    LAST_EVENT,
    LATEST_US,
    ROUND_DONE_US,
    ROUND_US,
    SWEEP_AT,
    SWEPT_ENTITIES,
    WATERMARK_US,
    State,
    allocate,
    release,
)
from fraudstream.features.windows import clear_group

_KEY_SHIFT = 32


@inlined
def key_codes(
    columns: NDArray[np.int64], codes: NDArray[np.int32], index: Integer, key: Integer
) -> tuple[Integer, Integer]:
    """Return the two halves of an entity's key in the hash map; NIL where a column is missing."""
    first = np.int64(codes[columns[0], index])
    if first < 0:
        return NIL, 0
    rest: Integer = 0
    for part in range(1, KEY_COLUMNS_MAX):
        code: Integer = 0
        if columns[part] >= 0:
            code = np.int64(codes[columns[part], index]) + 1
            if code == 0:
                return NIL, 0
        rest = (rest << _KEY_SHIFT) | code
    return (np.int64(key) << _KEY_SHIFT) | first, rest


@called
def new_row(state: State, plan: Plan, key: Integer) -> Integer:
    """Return the empty row of a new entity."""
    size = plan.keys[key, KEY_WORDS]
    row = allocate(state, key, size)
    words = state.words
    words[row : row + size] = 0
    words[row + FIRST_EVENT] = NIL
    words[row + LAST_EVENT] = NIL
    words[row + LATEST_US] = NEVER
    for group in range(plan.keys[key, KEY_GROUPS], plan.keys[key, KEY_GROUPS_END]):
        clear_group(state, row + plan.groups[group, GROUP_AT])
        for cell in range(plan.groups[group, GROUP_CELLS], plan.groups[group, GROUP_CELLS_END]):
            if plan.cells[cell, CELL_KIND] == DISTINCT:
                words[row + plan.cells[cell, CELL_AT] + BLOCK] = NIL
    for group in range(plan.keys[key, KEY_GROUPS_END], plan.keys[key, KEY_PANES_END]):
        clear_panes(state, plan, group, row)
    for cell in range(plan.keys[key, KEY_EVERS], plan.keys[key, KEY_EVERS_END]):
        clear_ever(state, plan, cell, row)
    state.meta[ENTITIES] += 1
    state.usage[2 * len(plan.cells) + len(plan.groups) + key] += 1
    return row


@inlined
def _is_idle(state: State, plan: Plan, key: Integer, row: Integer, edge_us: Integer) -> bool:
    """Tell whether nothing of an entity could be read by an event after `edge_us`."""
    if state.words[row + FIRST_EVENT] != NIL or is_remembered(state, plan, key, row, edge_us):
        return False
    for group in range(plan.keys[key, KEY_GROUPS_END], plan.keys[key, KEY_PANES_END]):
        newest_us = state.words[row + plan.groups[group, GROUP_AT] + NEWEST_US]
        newest = newest_us // plan.groups[group, GROUP_PANE_US]
        # Then even the newest pane is behind every window to come, and T will be the event's own time.
        if newest_us != NEVER and newest >= lowest(plan, group, edge_us):
            return False
    return True


@inlined
def _forget(state: State, plan: Plan, key: Integer, row: Integer) -> None:
    """Free the row of an idle entity and all that hangs on it."""
    for group in range(plan.keys[key, KEY_GROUPS], plan.keys[key, KEY_GROUPS_END]):
        for cell in range(plan.groups[group, GROUP_CELLS], plan.groups[group, GROUP_CELLS_END]):
            if plan.cells[cell, CELL_KIND] == DISTINCT:
                drop_block(state, plan, cell, row + plan.cells[cell, CELL_AT])
    for group in range(plan.keys[key, KEY_GROUPS_END], plan.keys[key, KEY_PANES_END]):
        drop_panes(state, plan, group, row, FOREVER)
    release(state, key, row)
    state.meta[ENTITIES] -= 1
    state.usage[2 * len(plan.cells) + len(plan.groups) + key] -= 1


@called
def sweep(state: State, plan: Plan, places: Integer) -> None:
    """Look at some places of the hash map and forget the entities that are idle for good.

    Called between batches; as nothing forgotten could be read, no value depends on when or how often. Four
    places more for each new entity keep the rounds ahead of a stream that brings nothing but new ones.
    """
    places += 4 * max(0, state.meta[ENTITIES] - state.meta[SWEPT_ENTITIES])
    edge_us = state.meta[WATERMARK_US] - plan.limits[RETENTION_US]
    place = state.meta[SWEEP_AT]
    for _ in range(places):
        if place >= state.entities.shape[0]:
            state.meta[ROUND_DONE_US] = state.meta[ROUND_US]
            state.meta[ROUND_US] = state.meta[WATERMARK_US]
            place = 0
        if state.entities[place, 0] == FREE:
            place += 1
            continue
        key = state.entities[place, 0] >> _KEY_SHIFT
        row = state.entities[place, 2]
        if not _is_idle(state, plan, key, row, edge_us):
            place += 1
            continue
        # What follows may move up into the place, so it is looked at again.
        remove(state.entities, place)
        _forget(state, plan, key, row)
    state.meta[SWEEP_AT] = place
    state.meta[SWEPT_ENTITIES] = state.meta[ENTITIES]

"""The entities of the windows: found by the codes of their key, each with a row of words of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, lean_kernel
from fraudstream.features.hashmap import FREE, find
from fraudstream.features.layout import KEY_COLUMNS_MAX, LAST, Plan
from fraudstream.features.windows import (
    BEFORE,
    ENTITIES,
    FIRST_EVENT,
    INSIDE,
    LAST_EVENT,
    NEVER,
    NIL,
    WORDS_USED,
    State,
)


@lean_kernel
def row_of(state: State, columns: NDArray[np.int64], codes: NDArray[np.int32], key: Integer) -> Integer:
    """Return the place of an entity in the hash map; NIL where a column of its key is missing."""
    first = codes[columns[0]]
    if first < 0:
        return NIL
    # Composite keys are folded pair by pair: each pair of codes has an entry that holds its number.
    second = np.int64(-1)
    tag = np.int64(key) * KEY_COLUMNS_MAX
    folded: Integer = np.int64(first)
    for part in range(1, KEY_COLUMNS_MAX):
        if columns[part] < 0:
            break
        second = np.int64(codes[columns[part]])
        if second < 0:
            return NIL
        if part + 1 < KEY_COLUMNS_MAX and columns[part + 1] >= 0:
            place = find(state.entity_keys, ((tag + part) << 40) | folded, second)
            if state.entity_keys[place, 0] == FREE:
                state.entity_keys[place, 0] = ((tag + part) << 40) | folded
                state.entity_keys[place, 1] = second
                state.entity_rows[place] = state.meta[ENTITIES]
                state.meta[ENTITIES] += 1
            folded = state.entity_rows[place]
            second = np.int64(-1)
    return find(state.entity_keys, (tag << 40) | folded, second)


@lean_kernel
def fill_key(
    state: State, columns: NDArray[np.int64], codes: NDArray[np.int32], key: Integer, place: Integer
) -> None:
    """Write the key of a new entity into its place of the hash map."""
    parts = 1
    while parts < KEY_COLUMNS_MAX and columns[parts] >= 0:
        parts += 1
    tag = np.int64(key) * KEY_COLUMNS_MAX
    folded: Integer = np.int64(codes[columns[0]])
    if parts == KEY_COLUMNS_MAX:
        pair = find(state.entity_keys, ((tag + 1) << 40) | folded, np.int64(codes[columns[1]]))
        folded = state.entity_rows[pair]
    state.entity_keys[place, 0] = (tag << 40) | folded
    state.entity_keys[place, 1] = np.int64(-1) if parts == 1 else np.int64(codes[columns[parts - 1]])


@lean_kernel
def new_row(state: State, plan: Plan, key: Integer) -> Integer:
    """Append the empty row of a new entity."""
    row: Integer = state.meta[WORDS_USED]
    state.meta[WORDS_USED] += plan.key_words[key]
    state.meta[ENTITIES] += 1
    state.words[row : row + plan.key_words[key]] = 0
    state.words[row + FIRST_EVENT] = NIL
    state.words[row + LAST_EVENT] = NIL
    for group in range(plan.key_groups[key, 0], plan.key_groups[key, 1]):
        state.words[row + plan.group_offset[group] + INSIDE] = NIL
        state.words[row + plan.group_offset[group] + BEFORE] = NIL
    for cell in range(plan.key_evers[key, 0], plan.key_evers[key, 1]):
        at = row + plan.cell_offset[cell]
        state.words[at] = NEVER
        if plan.cell_kind[cell] == LAST:
            state.words[at + 2] = NEVER
    return row

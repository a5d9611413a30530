"""Distinct values in an exact window: an entry per value, and beyond a bound a HyperLogLog that forgets.

The sketch counts how many events of the window hold each pair of register and rank. So when the last one
leaves, the register falls back to its next rank: the sketch is always that of just the events in the window.
"""

from __future__ import annotations

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.hashmap import FREE, find, remove
from fraudstream.features.hyperloglog import (
    BLOCK_WORDS,
    RANK_BITS,
    clear,
    estimated,
    pair_of,
    rank_of,
    set_rank,
)
from fraudstream.features.plan import CELL_AT, CELL_VALUE, DISTINCT_EXACT, GROUP_AT, NIL, Plan
from fraudstream.features.state import (
    CELL_ENTRIES,
    PREVIOUS,
    State,
    allocate,
    counted,
    linked,
    release,
    value_of,
)

# Words of a cell: distinct values, events, and the registers (NIL while values are counted exactly).
VALUES, EVENTS, BLOCK = range(3)


@inlined
def block_kind(plan: Plan) -> Integer:
    """Return the kind of the blocks of registers; behind it come the kinds of tables by size."""
    return len(plan.keys) + len(plan.groups)


@inlined
def count_entry(state: State, cell: Integer, at: Integer, value: Integer, step: Integer) -> Integer:
    """Count one value of a cell up or down; return by how much the number of entries changes.

    The word `at` belongs to one cell of one entity, so it is the first half of the key.
    """
    place = find(state.cells, at, value)
    if state.cells[place, 0] == FREE:
        state.cells[place, 0] = at
        state.cells[place, 1] = value
        state.cells[place, 2] = step
        state.meta[CELL_ENTRIES] += 1
        state.usage[cell] += 1
        return 1
    state.cells[place, 2] += step
    if state.cells[place, 2] == 0:
        drop_entry(state, cell, place)
        return -1
    return 0


@inlined
def drop_entry(state: State, cell: Integer, place: Integer) -> None:
    """Remove an entry of a cell."""
    remove(state.cells, place)
    state.meta[CELL_ENTRIES] -= 1
    state.usage[cell] -= 1


@inlined
def entry(state: State, at: Integer, value: Integer) -> Integer:
    """Return how often a value stands in a cell's window."""
    place = find(state.cells, at, value)
    return 0 if state.cells[place, 0] == FREE else state.cells[place, 2]


@called
def change_distinct(state: State, cell: Integer, at: Integer, value: Integer, step: Integer) -> None:
    """Add or remove the value of an event."""
    words = state.words
    words[at + EVENTS] += step
    block = words[at + BLOCK]
    counts_as = value if block == NIL else pair_of(value)
    changed = count_entry(state, cell, at, counts_as, step)
    if block == NIL:
        words[at + VALUES] += changed
    elif changed != 0:
        register, rank = counts_as >> RANK_BITS, counts_as & ((1 << RANK_BITS) - 1)
        highest = rank_of(words, block, register)
        if changed > 0 and rank > highest:
            set_rank(words, block, register, rank)
        elif changed < 0 and rank == highest:
            while rank > 0 and entry(state, at, (register << RANK_BITS) | rank) == 0:
                rank -= 1
            set_rank(words, block, register, rank)


@inlined
def drop_block(state: State, plan: Plan, cell: Integer, at: Integer) -> None:
    """Go back to exact counting."""
    if state.words[at + BLOCK] != NIL:
        release(state, block_kind(plan), state.words[at + BLOCK])
        state.usage[len(plan.cells) + cell] -= BLOCK_WORDS
        state.words[at + BLOCK] = NIL
        state.words[at + VALUES] = 0


@called
def settle_distinct(
    state: State, plan: Plan, key: Integer, group: Integer, row: Integer, cell: Integer
) -> None:
    """Go over to the sketch beyond the bound, and back once the window is empty.

    Called where an event reads or enters the window, at its own time, and not while a window is on its way:
    so it does not depend on how the stream is cut.
    """
    words = state.words
    at = row + plan.cells[cell, CELL_AT]
    if words[at + BLOCK] != NIL and words[at + EVENTS] == 0:
        drop_block(state, plan, cell, at)
    if words[at + BLOCK] != NIL or words[at + VALUES] <= plan.limits[DISTINCT_EXACT]:
        return
    block = allocate(state, block_kind(plan), BLOCK_WORDS)
    state.usage[len(plan.cells) + cell] += BLOCK_WORDS
    clear(words, block)
    first = words[row + plan.groups[group, GROUP_AT]]
    before = words[row + plan.groups[group, GROUP_AT] + 1]
    # All values leave before any pair enters: the map needs no room beyond what it had.
    for sketch in (False, True):
        if sketch:
            words[at + BLOCK] = block
            words[at + EVENTS] = 0
        event = first
        while event != before:
            if counted(state, plan, cell, event):
                value = value_of(state, plan.cells[cell, CELL_VALUE], event)
                if sketch:
                    change_distinct(state, cell, at, value, 1)
                else:
                    place = find(state.cells, at, value)
                    if state.cells[place, 0] != FREE:
                        drop_entry(state, cell, place)
            event = linked(state, event, key, PREVIOUS)


@inlined
def read_distinct(state: State, at: Integer) -> Integer:
    """Return the number of distinct values, exact or estimated."""
    block = state.words[at + BLOCK]
    return state.words[at + VALUES] if block == NIL else estimated(state.words, block)

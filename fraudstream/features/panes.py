"""Long windows: what an entity did, by panes of a sixty-fourth of the window.

Per entity and group there is a list of the panes in which something happened, oldest first. T is the time of
the event in hand, or of the newest event placed here if that is later; a window at T holds the panes from
P(T - offset - window) to P(T - offset), P(x) = floor(x / pane). What lies before the T of an event that was
placed is dropped.
"""

from __future__ import annotations

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.moments import add_square, add_wide
from fraudstream.features.plan import (
    CELL_AT,
    CELL_KIND,
    CELL_TABLE,
    CELL_VALUE,
    COUNT,
    DISTINCT,
    DISTINCT_EXACT,
    GROUP_AT,
    GROUP_CELLS,
    GROUP_CELLS_END,
    GROUP_MASK,
    GROUP_OFFSET_US,
    GROUP_PANE_US,
    GROUP_RECORD_WORDS,
    GROUP_WINDOW_US,
    MAX,
    MIN,
    NEVER,
    NIL,
    SQUARES,
    SUM,
    Plan,
)
from fraudstream.features.state import State, allocate, has_mask, release, time_of, value_of
from fraudstream.features.tables import (
    SKETCHED,
    clear_table,
    drop_table,
    note_value,
    read_sketch,
    sketch_table,
)

# Words of a group in the row: the newest time, the first pane, the last, the last at or before P(T - offset).
NEWEST_US, FIRST_PANE, LAST_PANE, HIGH_PANE = range(4)
GROUP_WORDS = 4
# Words of a pane's record before its cells.
PANE, PREVIOUS_PANE, NEXT_PANE = range(3)
RECORD_HEADER = 3


@inlined
def clear_panes(state: State, plan: Plan, group: Integer, row: Integer) -> None:
    """Begin the group of a new entity."""
    at = row + plan.groups[group, GROUP_AT]
    state.words[at + NEWEST_US] = NEVER
    state.words[at + FIRST_PANE : at + GROUP_WORDS] = NIL
    for cell in range(plan.groups[group, GROUP_CELLS], plan.groups[group, GROUP_CELLS_END]):
        if plan.cells[cell, CELL_KIND] == DISTINCT:
            clear_table(state, row + plan.cells[cell, CELL_TABLE])


@inlined
def lowest(plan: Plan, group: Integer, t_us: Integer) -> Integer:
    """Return the first pane of a window at T."""
    reach_us = plan.groups[group, GROUP_OFFSET_US] + plan.groups[group, GROUP_WINDOW_US]
    return (t_us - reach_us) // plan.groups[group, GROUP_PANE_US]


@inlined
def until(plan: Plan, group: Integer, pane: Integer) -> Integer:
    """Return the first T at which a window no longer holds a pane."""
    reach_us = plan.groups[group, GROUP_OFFSET_US] + plan.groups[group, GROUP_WINDOW_US]
    return (pane + 1) * plan.groups[group, GROUP_PANE_US] + reach_us


@called
def drop_panes(state: State, plan: Plan, group: Integer, row: Integer, low: Integer) -> None:
    """Forget the panes before one; with the last of them the distinct values too."""
    words = state.words
    at = row + plan.groups[group, GROUP_AT]
    first = words[at + FIRST_PANE]
    while first != NIL and words[first + PANE] < low:
        following = words[first + NEXT_PANE]
        if words[at + HIGH_PANE] == first:
            words[at + HIGH_PANE] = NIL
        release(state, len(plan.keys) + group, first)
        state.usage[2 * len(plan.cells) + group] -= plan.groups[group, GROUP_RECORD_WORDS]
        first = following
    words[at + FIRST_PANE] = first
    if first != NIL:
        words[first + PREVIOUS_PANE] = NIL
        return
    words[at + LAST_PANE] = NIL
    for cell in range(plan.groups[group, GROUP_CELLS], plan.groups[group, GROUP_CELLS_END]):
        if plan.cells[cell, CELL_KIND] == DISTINCT:
            drop_table(state, plan, cell, row + plan.cells[cell, CELL_TABLE])


@inlined
def _record(state: State, plan: Plan, group: Integer, row: Integer, pane: Integer) -> Integer:
    """Return the record of a pane, made where there is none."""
    words = state.words
    at = row + plan.groups[group, GROUP_AT]
    before = words[at + LAST_PANE]
    while before != NIL and words[before + PANE] > pane:
        before = words[before + PREVIOUS_PANE]
    if before != NIL and words[before + PANE] == pane:
        return before
    size = plan.groups[group, GROUP_RECORD_WORDS]
    record = allocate(state, len(plan.keys) + group, size)
    state.usage[2 * len(plan.cells) + group] += size
    words[record : record + size] = 0
    following = words[at + FIRST_PANE] if before == NIL else words[before + NEXT_PANE]
    words[record + PANE] = pane
    words[record + PREVIOUS_PANE], words[record + NEXT_PANE] = before, following
    if before == NIL:
        words[at + FIRST_PANE] = record
    else:
        words[before + NEXT_PANE] = record
    if following == NIL:
        words[at + LAST_PANE] = record
    else:
        words[following + PREVIOUS_PANE] = record
    return record


@called
def place_in_pane(state: State, plan: Plan, group: Integer, row: Integer, event: Integer) -> None:
    """Count an event in its pane, unless no window can reach that any more."""
    if not has_mask(state, plan.groups[group, GROUP_MASK], event):
        return
    words = state.words
    t_us = time_of(state, event)
    at = row + plan.groups[group, GROUP_AT]
    newest_us = max(words[at + NEWEST_US], t_us)
    words[at + NEWEST_US] = newest_us
    low = lowest(plan, group, newest_us)
    drop_panes(state, plan, group, row, low)
    pane = t_us // plan.groups[group, GROUP_PANE_US]
    if pane < low:
        return
    record = _record(state, plan, group, row, pane)
    for cell in range(plan.groups[group, GROUP_CELLS], plan.groups[group, GROUP_CELLS_END]):
        kind = plan.cells[cell, CELL_KIND]
        word = record + plan.cells[cell, CELL_AT]
        if kind == COUNT:
            words[word] += 1
            continue
        value = value_of(state, plan.cells[cell, CELL_VALUE], event)
        if kind == SUM:
            words[word] += value
        elif kind == SQUARES:
            words[word], words[word + 1] = add_square(words[word], words[word + 1], value, 1)
        elif kind == DISTINCT:
            _place_value(state, plan, group, row, cell, value, pane, newest_us)
        elif words[word + 1] == 0 or (value < words[word] if kind == MIN else value > words[word]):
            words[word] = value
            words[word + 1] = 1


@inlined
def _place_value(
    state: State,
    plan: Plan,
    group: Integer,
    row: Integer,
    cell: Integer,
    value: Integer,
    pane: Integer,
    t_us: Integer,
) -> None:
    """Count a distinct value in the last pane that has seen it."""
    words = state.words
    at = row + plan.cells[cell, CELL_TABLE]
    before_us = note_value(state, plan, cell, at, value, until(plan, group, pane), t_us)
    if words[at + SKETCHED] or before_us >= until(plan, group, pane):
        return
    first = words[row + plan.groups[group, GROUP_AT] + FIRST_PANE]
    record, distinct = first, 0
    while record != NIL:
        word = record + plan.cells[cell, CELL_AT]
        if words[record + PANE] == pane:
            words[word] += 1
        elif before_us == until(plan, group, words[record + PANE]):
            words[word] -= 1
        distinct += words[word]
        record = words[record + NEXT_PANE]
    if distinct > plan.limits[DISTINCT_EXACT]:
        sketch_table(state, plan, cell, at, t_us)


@inlined
def high_pane(state: State, plan: Plan, group: Integer, row: Integer, t_us: Integer) -> Integer:
    """Return the record of the last pane at or before P(T - offset), NIL where there is none."""
    words = state.words
    at = row + plan.groups[group, GROUP_AT]
    high = (t_us - plan.groups[group, GROUP_OFFSET_US]) // plan.groups[group, GROUP_PANE_US]
    record = words[at + HIGH_PANE]
    # T may be ahead of the newest event at one read and back at it at the next.
    while record != NIL and words[record + PANE] > high:
        record = words[record + PREVIOUS_PANE]
    following = words[at + FIRST_PANE] if record == NIL else words[record + NEXT_PANE]
    while following != NIL and words[following + PANE] <= high:
        record = following
        following = words[record + NEXT_PANE]
    words[at + HIGH_PANE] = record
    return record


@inlined
def pane_time(state: State, plan: Plan, group: Integer, row: Integer, t_us: Integer) -> Integer:
    """Return T at an event."""
    return max(t_us, state.words[row + plan.groups[group, GROUP_AT] + NEWEST_US])


@inlined
def pane_sum(state: State, record: Integer, low: Integer, at: Integer) -> Integer:
    """Add up a word of the panes from one record back to the lowest pane."""
    total = 0
    while record != NIL and state.words[record + PANE] >= low:
        total += state.words[record + at]
        record = state.words[record + PREVIOUS_PANE]
    return total


@inlined
def pane_squares(state: State, record: Integer, low: Integer, at: Integer) -> tuple[Integer, Integer]:
    """Add up a number of 128 bits of the panes."""
    words = state.words
    total, high = 0, 0
    while record != NIL and words[record + PANE] >= low:
        total, high = add_wide(total, high, words[record + at], words[record + at + 1])
        record = words[record + PREVIOUS_PANE]
    return total, high


@inlined
def pane_extreme(
    state: State, record: Integer, low: Integer, at: Integer, kind: Integer
) -> tuple[bool, Integer]:
    """Return whether the panes have a smallest or largest value, and which."""
    words = state.words
    known, best = False, 0
    while record != NIL and words[record + PANE] >= low:
        value = words[record + at]
        if words[record + at + 1] and (
            not known or (kind == MIN and value < best) or (kind == MAX and value > best)
        ):
            known, best = True, value
        record = words[record + PREVIOUS_PANE]
    return known, best


@inlined
def pane_distinct(
    state: State, plan: Plan, group: Integer, row: Integer, cell: Integer, t_us: Integer
) -> Integer:
    """Return the number of distinct values at T."""
    at = row + plan.cells[cell, CELL_TABLE]
    low = lowest(plan, group, t_us)
    if state.words[at + SKETCHED]:
        # All that ends between two edges of panes ends with the pane: so the estimate is that of the edge.
        return read_sketch(state, plan, at, until(plan, group, low - 1))
    last = state.words[row + plan.groups[group, GROUP_AT] + LAST_PANE]
    return pane_sum(state, last, low, plan.cells[cell, CELL_AT])

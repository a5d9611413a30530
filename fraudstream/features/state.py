"""All memory of the feature engine as flat arrays, and what goes into and comes out of a batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined
from fraudstream.features.plan import CELL_MASK, NIL, Plan

# Entries of State.meta. Events of the log are numbered as they arrive; the ring holds OLDEST to NEXT - 1;
# LAP is the number of the event at its place 0, or of the one to be written there.
(
    WORDS_USED,
    ENTITIES,
    CELL_ENTRIES,
    WATERMARK_US,
    OLDEST,
    NEXT,
    IDS_USED,
    SWEEP_AT,
    ROUND_US,
    ROUND_DONE_US,
    MASK_WORDS,
    BEGAN_US,
    SWEPT_ENTITIES,
    LAP,
) = range(14)
META_WORDS = 14
"""Behind them lies one word per key: the row of the current event's entity."""

# Columns of State.log: time, where the id starts, then the words of the mask and the values.
TIME_US, ID_AT, MASKS = range(3)

NUMBERS = 2**31 - 1
"""Links name events by the low 31 bits of their number, so they outlive a growth of the ring."""
EVENTS_MAX = 2**30
"""As many events can be in the ring: half of the numbers, so that two of them have an order."""

# Links of an event per key: neighbours in event time, and the row of the entity.
PREVIOUS, FOLLOWING, ROW = range(3)
LINKS = 3

# Words of the entity's header.
FIRST_EVENT, LAST_EVENT, LATEST_US = range(3)
HEADER_WORDS = 3


class State(NamedTuple):
    """All memory of the feature engine: nothing else needs to be saved."""

    meta: NDArray[np.int64]
    words: NDArray[np.int64]  # rows of entities, records of panes, tables and registers of sketches
    free: NDArray[np.int64]  # per kind of block the first free one; each names the next in its first word
    usage: NDArray[np.int64]  # [cells] entries, [cells] words, [groups] words of panes, [keys] entities
    entities: NDArray[np.int64]  # [*, 3] hash map: key and codes -> row
    cells: NDArray[np.int64]  # [*, 3] hash map: word of a cell and value -> how often in the window
    log: NDArray[np.int64]  # [ring, 3 + values] see TIME_US
    links: NDArray[np.int32]  # [ring, LINKS * keys]
    ids: NDArray[np.uint8]  # ring of the ids of the events in the log, end to end


ON_TIME, LATE, ANCIENT = 0, 1, 2
"""Of an event's time: within the lateness, later than that, or older than all that is kept."""
NO_KEY = -2
"""The row of an event that lacks a column of the key; NIL is the row of an entity never seen."""


class Arrivals(NamedTuple):
    """n events on their way into the windows, in stream order; the first seven as `EventBatch` has them."""

    time_us: NDArray[np.int64]  # [n]
    codes: NDArray[np.int32]  # [texts, n], -1 = missing
    ints: NDArray[np.int64]  # [wholes, n]
    ints_known: NDArray[np.bool_]
    floats: NDArray[np.float64]  # [reals, n]
    floats_known: NDArray[np.bool_]
    id_ends: NDArray[np.int64]  # [n] the ids end to end in `id_data`
    id_data: NDArray[np.uint8]
    wheres: NDArray[np.bool_]  # [wheres, n] where the conditions of `Layout.wheres` are surely true
    given: NDArray[np.int64]  # [given, n] the values of `Layout.given`
    given_known: NDArray[np.bool_]


class Frame(NamedTuple):
    """What n events read: one row per feature, in `ints` or in `floats` (see `catalogue.is_float`).

    Money stays in minor units, times and durations in microseconds, texts are codes. The last four say what
    was seen, for `FeatureStore.contributing`.
    """

    ints: NDArray[np.int64]  # [features, n]
    floats: NDArray[np.float64]  # [features, n]
    known: NDArray[np.bool_]  # [features, n]
    lateness: NDArray[np.int8]  # [n] ON_TIME, LATE or ANCIENT
    time_us: NDArray[np.int64]  # [n]
    rows: NDArray[np.int64]  # [readers, n] the entity that was read, NIL or NO_KEY
    number: NDArray[np.int64]  # [n] the number that the log gave to the event, or would give to the next
    horizon_us: NDArray[np.int64]  # [n] nothing at or behind it was seen in an exact window


@inlined
def place_in(ring: Integer, lap: Integer, event: Integer) -> Integer:
    """Return the place of an event in a ring of any length; `lap` is the number of the event at place 0."""
    ahead = (event - lap) & NUMBERS
    if ahead >= EVENTS_MAX:
        # Written before the lap began.
        ahead += ring - NUMBERS - 1
    return ahead


@inlined
def slot(state: State, event: Integer) -> Integer:
    """Return the place of an event in the ring."""
    return place_in(state.log.shape[0], state.meta[LAP], event)


@inlined
def time_of(state: State, event: Integer) -> Integer:
    """Return the time of an event of the log."""
    return state.log[slot(state, event), TIME_US]


@inlined
def linked(state: State, event: Integer, key: Integer, which: Integer) -> Integer:
    """Return the neighbour or the row of an event under a key."""
    return np.int64(state.links[slot(state, event), LINKS * key + which])


@inlined
def counted(state: State, plan: Plan, cell: Integer, event: Integer) -> bool:
    """Tell whether a cell counts an event."""
    return has_mask(state, plan.cells[cell, CELL_MASK], event)


@inlined
def has_mask(state: State, mask: Integer, event: Integer) -> bool:
    """Tell whether an event of the log meets a mask."""
    word = state.log[slot(state, event), MASKS + (mask >> 6)]
    return bool((word >> (mask & 63)) & 1)


@inlined
def value_of(state: State, value: Integer, event: Integer) -> Integer:
    """Return a value of an event of the log."""
    return state.log[slot(state, event), MASKS + state.meta[MASK_WORDS] + value]


@inlined
def allocate(state: State, kind: Integer, words: Integer) -> Integer:
    """Return the start of a block of words; what is in it means nothing."""
    at: Integer = state.free[kind]
    if at == NIL:
        at = state.meta[WORDS_USED]
        state.meta[WORDS_USED] += words
    else:
        state.free[kind] = state.words[at]
    return at


@inlined
def release(state: State, kind: Integer, at: Integer) -> None:
    """Give a block back to its kind."""
    state.words[at] = state.free[kind]
    state.free[kind] = at

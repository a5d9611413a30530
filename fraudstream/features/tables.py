"""Distinct values in a long window: a small hash table per entity, of what was seen and until when it counts.

A slot is a value and the time from which the window no longer holds it. Beyond the bound the values are pairs
of register and rank of a HyperLogLog instead; a register's rank is the highest that still counts. Values that
count no longer leave when the table is built anew.
"""

from __future__ import annotations

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.distinct import block_kind
from fraudstream.features.hashmap import home
from fraudstream.features.hyperloglog import (
    BLOCK_WORDS,
    RANK_BITS,
    clear,
    estimated,
    pair_of,
    rank_of,
    set_rank,
)
from fraudstream.features.plan import NEVER, NIL, Plan
from fraudstream.features.state import State, allocate, release

# Words of a cell in the row of an entity: where its table is and how large (in bits), how many slots are
# taken, whether they hold pairs, and the last estimate with the time for which it holds.
TABLE, BITS, USED, SKETCHED, ESTIMATE, ESTIMATED_US = range(6)
TABLE_WORDS = 6
_BITS_MIN, _BITS_MAX = 3, 16
TABLE_KINDS = _BITS_MAX + 1
TABLE_WORDS_MAX = (2 << _BITS_MAX) + BLOCK_WORDS


@inlined
def clear_table(state: State, at: Integer) -> None:
    """Begin a new entity's cell."""
    state.words[at + TABLE] = NIL
    state.words[at + USED] = 0
    state.words[at + SKETCHED] = 0
    state.words[at + ESTIMATED_US] = NEVER


@inlined
def drop_table(state: State, plan: Plan, cell: Integer, at: Integer) -> None:
    """Forget all values."""
    if state.words[at + TABLE] != NIL:
        bits = state.words[at + BITS]
        release(state, block_kind(plan) + 1 + bits, state.words[at + TABLE])
        state.usage[len(plan.cells) + cell] -= 2 << bits
    clear_table(state, at)


@inlined
def _find(state: State, table: Integer, bits: Integer, value: Integer) -> Integer:
    """Return the word of a value's slot, or of the free slot where it belongs."""
    size = 1 << bits
    place = home(0, value, size)
    at: Integer = table + 2 * place
    while state.words[at + 1] != NEVER and state.words[at] != value:
        place = (place + 1) & (size - 1)
        at = table + 2 * place
    return at


@called
def _build(state: State, plan: Plan, cell: Integer, at: Integer, now_us: Integer, sketch: bool) -> None:
    """Build a table with room for what still counts; as pairs where it becomes a sketch."""
    words = state.words
    old, old_bits = words[at + TABLE], words[at + BITS]
    old_slots = 0 if old == NIL else 1 << old_bits
    alive = 0
    for place in range(old_slots):
        alive += words[old + 2 * place + 1] > now_us
    bits = _BITS_MIN
    while (1 << bits) < 2 * (alive + 1) and bits < _BITS_MAX:
        bits += 1
    table = allocate(state, block_kind(plan) + 1 + bits, 2 << bits)
    for place in range(1 << bits):
        words[table + 2 * place + 1] = NEVER
    used = 0
    for place in range(old_slots):
        until_us = words[old + 2 * place + 1]
        if until_us > now_us:
            value = words[old + 2 * place]
            target = _find(state, table, bits, pair_of(value) if sketch else value)
            used += words[target + 1] == NEVER
            words[target] = pair_of(value) if sketch else value
            words[target + 1] = max(words[target + 1], until_us)
    if old != NIL:
        release(state, block_kind(plan) + 1 + old_bits, old)
        state.usage[len(plan.cells) + cell] -= 2 << old_bits
    state.usage[len(plan.cells) + cell] += 2 << bits
    words[at + TABLE], words[at + BITS], words[at + USED] = table, bits, used


@inlined
def note_value(
    state: State, plan: Plan, cell: Integer, at: Integer, value: Integer, until_us: Integer, now_us: Integer
) -> Integer:
    """Note that a value counts until a time; return until when it counted before, NEVER where it did not."""
    words = state.words
    # Below three quarters a search is short, and there is always a free slot to end it.
    if words[at + TABLE] == NIL or 4 * (words[at + USED] + 1) > 3 << words[at + BITS]:
        _build(state, plan, cell, at, now_us, False)
    kept = pair_of(value) if words[at + SKETCHED] else value
    place = _find(state, words[at + TABLE], words[at + BITS], kept)
    before_us = words[place + 1]
    words[at + USED] += before_us == NEVER
    if until_us > before_us:
        words[place] = kept
        words[place + 1] = until_us
        words[at + ESTIMATED_US] = NEVER
    return before_us if before_us > now_us else NEVER


@inlined
def sketch_table(state: State, plan: Plan, cell: Integer, at: Integer, now_us: Integer) -> None:
    """Go over from values to pairs."""
    _build(state, plan, cell, at, now_us, True)
    state.words[at + SKETCHED] = 1
    state.words[at + ESTIMATED_US] = NEVER


@called
def read_sketch(state: State, plan: Plan, at: Integer, now_us: Integer) -> Integer:
    """Return the estimate of what counts at a time; done anew only when the time or the table has moved."""
    words = state.words
    if words[at + ESTIMATED_US] == now_us:
        return words[at + ESTIMATE]
    block = allocate(state, block_kind(plan), BLOCK_WORDS)
    clear(words, block)
    table = words[at + TABLE]
    for place in range(1 << words[at + BITS]):
        if words[table + 2 * place + 1] > now_us:
            pair = words[table + 2 * place]
            register, rank = pair >> RANK_BITS, pair & ((1 << RANK_BITS) - 1)
            if rank > rank_of(words, block, register):
                set_rank(words, block, register, rank)
    words[at + ESTIMATE] = estimated(words, block)
    words[at + ESTIMATED_US] = now_us
    release(state, block_kind(plan), block)
    return words[at + ESTIMATE]

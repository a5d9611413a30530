"""The kernels of the interner: texts in one arena of 8-byte words, found through a hash table.

A text of n bytes takes ceil(n / 8) words, the last one filled up with zeros. A released code keeps its words
and waits in the list of codes with as many, for the next text of that size: nothing is ever moved.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.hashing import text_hash, word_at
from fraudstream.events.jit import Integer, inlined, kernel

MISSING = -1
RELEASED = -2
"""The length of a text that was forgotten; its `seen_us` is the next code of the same list."""
NONE = -1
"""The end of a list of codes."""
ALWAYS_US = np.iinfo(np.int64).max
"""When a pinned text was seen last."""
SIZES = 513
"""Lists of released codes, by words a text takes; longer texts (over 4,096 bytes) are never released."""

CODES, WORDS, LIVE, NOW_US = range(4)
"""`counters`: codes ever given, words in use, texts now known, the time that texts are seen at."""

_FREE = np.uint64(0xFFFFFFFFFFFFFFFF)
_CODE_BITS = np.uint64(0xFFFFFFFF)
_TAG_SHIFT = np.uint64(32)


class Texts(NamedTuple):
    """All state: `table` holds per text the upper half of its hash and its code, or all ones."""

    arena: NDArray[np.uint64]
    start: NDArray[np.int32]
    length: NDArray[np.int32]
    seen_us: NDArray[np.int64]
    table: NDArray[np.uint64]
    released: NDArray[np.int32]
    counters: NDArray[np.int64]


@inlined
def has_room(texts: Texts, count: Integer, length: Integer) -> bool:
    """Tell whether `count` more texts with `length` bytes in all surely fit, the table at most 2/3 full."""
    counters = texts.counters
    codes = counters[CODES] + count <= texts.start.shape[0]
    words = counters[WORDS] + (length >> 3) + count <= texts.arena.shape[0]
    return bool(codes and words and (counters[LIVE] + count) * 3 <= texts.table.shape[0] * 2)


@inlined
def _is_text(
    texts: Texts, code: Integer, buffer: NDArray[np.uint8], position: Integer, length: Integer
) -> bool:
    if texts.length[code] != length:
        return False
    word = texts.start[code]
    for offset in range(0, length, 8):
        if texts.arena[word] != word_at(buffer, position + offset, length - offset):
            return False
        word += 1
    return True


@inlined
def code_of(texts: Texts, buffer: NDArray[np.uint8], position: Integer, length: Integer) -> Integer:
    """Return the code of a text, a new one where it is unknown; there must be room.

    The text counts as seen at `counters[NOW_US]`. The empty text is MISSING.
    """
    if length == 0:
        return MISSING
    hashed = text_hash(buffer, position, length, 0)
    table = texts.table
    last = np.int64(table.shape[0] - 1)
    slot = np.int64(hashed >> _TAG_SHIFT) & last
    while table[slot] != _FREE:
        if table[slot] >> _TAG_SHIFT == hashed >> _TAG_SHIFT:
            code = np.int64(table[slot] & _CODE_BITS)
            if _is_text(texts, code, buffer, position, length):
                texts.seen_us[code] = max(texts.seen_us[code], texts.counters[NOW_US])
                return code
        slot = (slot + 1) & last
    code = _new_code(texts, length)
    table[slot] = (hashed >> _TAG_SHIFT << _TAG_SHIFT) | np.uint64(code)
    word = texts.start[code]
    for offset in range(0, length, 8):
        texts.arena[word] = word_at(buffer, position + offset, length - offset)
        word += 1
    return code


@inlined
def _new_code(texts: Texts, length: Integer) -> Integer:
    words = (length + 7) >> 3
    counters = texts.counters
    code = np.int64(texts.released[words]) if words < SIZES else np.int64(NONE)
    if code != NONE:
        texts.released[words] = texts.seen_us[code]
    else:
        code = counters[CODES]
        texts.start[code] = counters[WORDS]
        counters[CODES] += 1
        counters[WORDS] += words
    texts.length[code] = length
    texts.seen_us[code] = counters[NOW_US] if words < SIZES else ALWAYS_US
    counters[LIVE] += 1
    return code


@kernel
def codes_of(
    texts: Texts,
    buffer: NDArray[np.uint8],
    ends: NDArray[np.int64],
    codes: NDArray[np.int32],
    first: int,
) -> int:
    """Fill `codes` [n] from text `first` on; return where room ran out, or n."""
    position = ends[first - 1] if first else np.int64(0)
    for index in range(first, ends.shape[0]):
        length = ends[index] - position
        if not has_room(texts, 1, length):
            return int(index)
        codes[index] = code_of(texts, buffer, position, length)
        position = ends[index]
    return len(ends)


@kernel
def fill_table(texts: Texts, arena: NDArray[np.uint8]) -> None:
    """Enter every known text in an empty table; `arena` is the arena as bytes."""
    last = np.int64(texts.table.shape[0] - 1)
    for code in range(texts.counters[CODES]):
        if texts.length[code] == RELEASED:
            continue
        tag = text_hash(arena, np.int64(texts.start[code]) * 8, texts.length[code], 0) >> _TAG_SHIFT
        slot = np.int64(tag) & last
        while texts.table[slot] != _FREE:
            slot = (slot + 1) & last
        texts.table[slot] = tag << _TAG_SHIFT | np.uint64(code)


@inlined
def _leave_table(table: NDArray[np.uint64], tag: Integer, code: Integer) -> None:
    """Take a code out of the table and close the gap behind it."""
    last = np.int64(table.shape[0] - 1)
    gap = np.int64(tag) & last
    while table[gap] & _CODE_BITS != np.uint64(code):
        gap = (gap + 1) & last
    after = (gap + 1) & last
    while table[after] != _FREE:
        wanted = np.int64(table[after] >> _TAG_SHIFT) & last
        # The entry may move into the gap unless its home lies cyclically after the gap.
        if ((after - wanted) & last) >= ((after - gap) & last):
            table[gap] = table[after]
            gap = after
        after = (after + 1) & last
    table[gap] = _FREE


@kernel
def release_before(texts: Texts, arena: NDArray[np.uint8], before_us: int) -> int:
    """Forget every text seen last before `before_us`; return how many."""
    count = np.int64(0)
    for code in range(texts.counters[CODES]):
        length = np.int64(texts.length[code])
        if length == RELEASED or texts.seen_us[code] >= before_us:
            continue
        tag = text_hash(arena, np.int64(texts.start[code]) * 8, length, 0) >> _TAG_SHIFT
        _leave_table(texts.table, tag, code)
        words = (length + 7) >> 3
        texts.length[code] = RELEASED
        texts.seen_us[code] = texts.released[words]
        texts.released[words] = code
        count += 1
    texts.counters[LIVE] -= count
    return int(count)

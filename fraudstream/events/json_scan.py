"""Kernels that walk one JSON object and note where the values of known fields stand.

What is unusual is not understood but reported as FAULT: escape sequences, exponents, known keys that come
twice, and all that is no JSON. The caller puts a zero byte after every message and eight after the last: no
JSON contains one, so no scan runs from one message into the next, and eight bytes can be read at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.hashing import text_hash, word_at
from fraudstream.events.jit import Integer, inlined
from fraudstream.events.machine import load_word, trailing_zeros

FAULT = -1
UNKNOWN, ARRAY, ROOT = -1, -2, 0
"""Instead of a field: a place that no column is read from, the inside of an array; the document itself."""
ABSENT, NULL, TEXT, NUMBER, OBJECT, OTHER = range(6)
"""What stands in a field; OTHER is a boolean or an array."""
TAG, START, STOP = range(3)
"""The columns of `spans` [fields, 3]; the bytes of a text are without its quotes."""

_QUOTE, _COMMA, _MINUS, _POINT, _COLON = 34, 44, 45, 46, 58
_OPEN_ARRAY, _CLOSE_ARRAY, _OPEN_OBJECT, _CLOSE_OBJECT = 91, 93, 123, 125
_LOWEST_BITS = np.uint64(0x0101010101010101)
_HIGHEST_BITS = np.uint64(0x8080808080808080)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_SPACES = np.uint64(0x2020202020202020)


class Lexicon(NamedTuple):
    """Words that are known beforehand, each in a scope: the keys of an object, the words of a column.

    `hashes` is uint64 [slots], `entries` int64 [slots, 4]: the scope, where the word starts in `letters`, its
    length, its value. UNKNOWN as value: the slot is free.
    """

    hashes: NDArray[np.uint64]
    entries: NDArray[np.int64]
    letters: NDArray[np.uint8]


@inlined
def look_up(
    lexicon: Lexicon, scope: Integer, buffer: NDArray[np.uint8], start: Integer, length: Integer
) -> Integer:
    """Return the value of a word in a scope, UNKNOWN where it is none."""
    hashed = text_hash(buffer, start, length, scope)
    last = lexicon.hashes.shape[0] - 1
    slot = np.int64(hashed & np.uint64(last))
    entries = lexicon.entries
    while entries[slot, 3] != UNKNOWN:
        same = lexicon.hashes[slot] == hashed and entries[slot, 0] == scope and entries[slot, 2] == length
        if same and _equal(lexicon.letters, entries[slot, 1], buffer, start, length):
            return entries[slot, 3]
        slot = (slot + 1) & last
    return UNKNOWN


@inlined
def _equal(
    left: NDArray[np.uint8], at: Integer, right: NDArray[np.uint8], start: Integer, length: Integer
) -> bool:
    for offset in range(0, length, 8):
        if word_at(left, at + offset, length - offset) != word_at(right, start + offset, length - offset):
            return False
    return True


@inlined
def after_space(buffer: NDArray[np.uint8], position: Integer) -> Integer:
    """Return the position of the next byte that is no JSON white space."""
    byte = buffer[position]
    while byte <= 32 and byte in (32, 10, 13, 9):
        position += 1
        byte = buffer[position]
    return position


@inlined
def _continues(buffer: NDArray[np.uint8], position: Integer, count: Integer) -> bool:
    going_on = True
    for index in range(position, position + count):
        going_on &= buffer[index] & 0xC0 == 0x80
    return going_on


@inlined
def _character_bytes(buffer: NDArray[np.uint8], position: Integer) -> Integer:
    """Return how many bytes the non-ASCII character at a position has, 0 where it is no UTF-8 (RFC 3629)."""
    first, second = np.int64(buffer[position]), np.int64(buffer[position + 1])
    if 0xC2 <= first <= 0xDF:
        return 2 if _continues(buffer, position + 1, 1) else 0
    if 0xE0 <= first <= 0xEF:
        # E0 leaves no shorter form, ED no surrogate.
        if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F):
            return 0
        return 3 if _continues(buffer, position + 1, 2) else 0
    if 0xF0 <= first <= 0xF4:
        # F0 leaves no shorter form, F4 nothing above U+10FFFF.
        if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F):
            return 0
        return 4 if _continues(buffer, position + 1, 3) else 0
    return 0


@inlined
def _text_end(buffer: NDArray[np.uint8], position: Integer) -> Integer:
    """Return where the text that starts here has its closing quote; FAULT at an escape or what is no text."""
    while True:
        word = load_word(buffer, position)
        quotes, backslashes = word ^ _QUOTES, word ^ _BACKSLASHES
        # A byte of these has its highest bit set where it is a quote, a backslash, below the space or not
        # ASCII; above the lowest such byte the borrow of the subtraction may set more.
        special = (quotes - _LOWEST_BITS) & ~quotes
        special |= (backslashes - _LOWEST_BITS) & ~backslashes
        special |= (word - _SPACES) & ~word
        special = (special | word) & _HIGHEST_BITS
        if special == np.uint64(0):
            position += 8
            continue
        position += trailing_zeros(special) >> 3
        if buffer[position] == _QUOTE:
            return position
        if buffer[position] < 128:
            return FAULT
        count = _character_bytes(buffer, position)
        if count == 0:
            return FAULT
        position += count


@inlined
def _after_digits(buffer: NDArray[np.uint8], position: Integer) -> Integer:
    while 48 <= buffer[position] <= 57:
        position += 1
    return position


@inlined
def _number_end(buffer: NDArray[np.uint8], position: Integer) -> Integer:
    """Return where the number that starts here ends; FAULT where it is none or has an exponent."""
    if buffer[position] == _MINUS:
        position += 1
    after = _after_digits(buffer, position)
    if after == position or (buffer[position] == 48 and after > position + 1):
        return FAULT
    if buffer[after] == _POINT:
        position = after + 1
        after = _after_digits(buffer, position)
        if after == position:
            return FAULT
    # An exponent is no comma and no bracket, which is what must follow.
    return after


@inlined
def _scalar(
    buffer: NDArray[np.uint8], position: Integer, spans: NDArray[np.int64], field: Integer
) -> Integer:
    """Note the text, number or word that starts here; return where it is over, or FAULT."""
    byte = buffer[position]
    tag, start = OTHER, position
    if byte == _QUOTE:
        tag, start = TEXT, position + 1
        stop = _text_end(buffer, start)
        after = stop + 1 if stop != FAULT else FAULT
    elif byte == _MINUS or 48 <= byte <= 57:
        tag = NUMBER
        stop = after = _number_end(buffer, position)
    else:
        word = load_word(buffer, position)
        if word & _FOUR_BYTES == _NULL:
            tag, after = NULL, position + 4
        elif word & _FOUR_BYTES == _TRUE:
            after = position + 4
        elif word & _FIVE_BYTES == _FALSE:
            after = position + 5
        else:
            after = FAULT
        stop = after
    if field >= 0:
        spans[field, TAG], spans[field, START], spans[field, STOP] = tag, start, stop
    return after


_FOUR_BYTES, _FIVE_BYTES = np.uint64(0xFFFFFFFF), np.uint64(0xFFFFFFFFFF)
_NULL, _TRUE, _FALSE = (np.uint64(int.from_bytes(word, "little")) for word in (b"null", b"true", b"false"))


@inlined
def _key(
    buffer: NDArray[np.uint8], position: Integer, lexicon: Lexicon, inside: Integer, spans: NDArray[np.int64]
) -> tuple[Integer, Integer]:
    """Read the key that starts here, in field `inside`: return the field it names, where its value starts.

    The second is FAULT where there is no key, or one that names the same field as an earlier one.
    """
    if buffer[position] != _QUOTE:
        return UNKNOWN, FAULT
    start = position + 1
    stop = _text_end(buffer, start)
    if stop == FAULT:
        return UNKNOWN, FAULT
    field = look_up(lexicon, inside, buffer, start, stop - start) if inside != UNKNOWN else UNKNOWN
    if field != UNKNOWN and spans[field, TAG] != ABSENT:
        return field, FAULT
    position = after_space(buffer, stop + 1)
    if buffer[position] != _COLON:
        return field, FAULT
    return field, after_space(buffer, position + 1)


@inlined
def scan(
    buffer: NDArray[np.uint8],
    position: Integer,
    lexicon: Lexicon,
    spans: NDArray[np.int64],
    stack: NDArray[np.int64],
) -> Integer:
    """Fill `spans` from the object that starts at a position; return where it is over, or FAULT.

    All tags must be ABSENT before. `stack` is room for as many levels as are allowed.
    """
    position = after_space(buffer, position)
    if buffer[position] != _OPEN_OBJECT:
        return FAULT
    depth, first, position = 0, True, position + 1
    stack[0] = ROOT
    while depth >= 0:
        position = after_space(buffer, position)
        inside = stack[depth]
        if buffer[position] == (_CLOSE_ARRAY if inside == ARRAY else _CLOSE_OBJECT):
            depth, first, position = depth - 1, False, position + 1
            continue
        if not first:
            if buffer[position] != _COMMA:
                return FAULT
            position = after_space(buffer, position + 1)
        field = UNKNOWN
        if inside != ARRAY:
            field, position = _key(buffer, position, lexicon, inside, spans)
            if position == FAULT:
                return FAULT
        opening = buffer[position]
        first = opening in (_OPEN_OBJECT, _OPEN_ARRAY)
        if first:
            depth, position = depth + 1, position + 1
            if depth >= stack.shape[0]:
                return FAULT
            stack[depth] = field if opening == _OPEN_OBJECT else ARRAY
            if field != UNKNOWN:
                spans[field, TAG] = OBJECT if opening == _OPEN_OBJECT else OTHER
        else:
            position = _scalar(buffer, position, spans, field)
            if position == FAULT:
                return FAULT
    return position

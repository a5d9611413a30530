"""The kernel of the fast decoder: from messages to columns, without an object per value.

A message is either taken, with exactly the values that the slow decoder gives it, or left to the slow one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, kernel, lean_kernel
from fraudstream.events.json_scan import (
    ABSENT,
    FAULT,
    NULL,
    NUMBER,
    OBJECT,
    START,
    STOP,
    TAG,
    TEXT,
    UNKNOWN,
    after_space,
    look_up,
    scan,
)
from fraudstream.events.text_table import MISSING, NOW_US, Texts, code_of, has_room
from fraudstream.events.times import TIME_US_MAX, time_at
from fraudstream.events.wire_plan import (
    CHOICES,
    CODE,
    EXPONENT,
    FIELD,
    IDENTITY,
    IS_INTEGER,
    IS_MONEY,
    IS_REAL,
    IS_TEXT,
    IS_TIME,
    OTHER_WORD,
    PAYMENT,
    REFUSED,
    REQUIRED,
    ROW,
    TRANSLATED,
    TYPE,
    WHOLE_TEXT,
    Plan,
)

_SPAN = -3
"""Instead of a code: the text stands in the message and has none yet."""
_NOT_EXACT = -1
_POINT = ord(".") - 48
_DIGITS_MAX = 15
"""A double carries so many decimal digits exactly, and 10**22 is the last power of ten it carries."""
_MONEY_DIGITS_MAX = 18
_SCALE_MAX = 22
_POWERS = np.array([10**exponent for exponent in range(19)], np.int64)
_FLOAT_POWERS = np.array([float(10**exponent) for exponent in range(_SCALE_MAX + 1)])
_TEXT_BYTES_MAX = 40
"""The longest decimal text of an amount, see `money.minor_from_text`."""


class Wire(NamedTuple):
    """The messages: `ends` int64 [n] is where each ends in `buffer`; a zero follows, eight at the end."""

    buffer: NDArray[np.uint8]
    ends: NDArray[np.int64]


class Columns(NamedTuple):
    """Where the kernel writes: the matrices of `EventBatch`, and for each message whether it was taken.

    `id_data` uint8 has room for all ids, `id_ends` int64 [n].
    """

    taken: NDArray[np.bool_]
    time_us: NDArray[np.int64]
    codes: NDArray[np.int32]
    ints: NDArray[np.int64]
    ints_known: NDArray[np.bool_]
    floats: NDArray[np.float64]
    floats_known: NDArray[np.bool_]
    id_data: NDArray[np.uint8]
    id_ends: NDArray[np.int64]


class _Scratch(NamedTuple):
    """Of the message in hand: where its fields stand, the open objects, the columns' words, a decimal."""

    spans: NDArray[np.int64]
    stack: NDArray[np.int64]
    chosen: NDArray[np.int64]
    decimal: NDArray[np.int64]


@lean_kernel
def _read_decimal(
    buffer: NDArray[np.uint8], start: Integer, stop: Integer, digits_max: Integer, decimal: NDArray[np.int64]
) -> bool:
    """Read plain digits with or without a point as `decimal[0] / 10**decimal[1]`; False where it is more."""
    value, digits, point = np.int64(0), 0, -1
    for position in range(start, stop):
        digit = np.int64(buffer[position]) - 48
        if digit == _POINT and point < 0 and position > start:
            point = position
            continue
        if digit < 0 or digit > 9:
            return False
        if value > 0 or digit > 0:
            digits += 1
        if digits > digits_max:
            return False
        value = value * 10 + digit
    if point == stop - 1 or start == stop:
        return False
    decimal[0] = value
    decimal[1] = stop - 1 - point if point >= 0 else 0
    return True


@lean_kernel
def _read_whole(wire: Wire, start: Integer, stop: Integer, scratch: _Scratch) -> bool:
    """Read a number that is written with digits alone."""
    whole = _read_decimal(wire.buffer, start, stop, _DIGITS_MAX, scratch.decimal)
    return bool(whole and scratch.decimal[1] == 0)


@lean_kernel
def _minor_units(decimal: NDArray[np.int64], exponent: Integer, minor_max: Integer) -> Integer:
    """Scale a decimal to minor units; _NOT_EXACT where it has too many decimals or is too large."""
    value, scale = decimal[0], decimal[1]
    if scale > exponent:
        if scale - exponent >= len(_POWERS):
            return _NOT_EXACT
        power = _POWERS[scale - exponent]
        if value % power != 0:
            return _NOT_EXACT
        value //= power
        return value if value <= minor_max else _NOT_EXACT
    power = _POWERS[exponent - scale]
    return value * power if value <= minor_max // power else _NOT_EXACT


@lean_kernel
def _read_amount(
    wire: Wire, plan: Plan, columns: Columns, scratch: _Scratch, column: Integer, message: Integer
) -> bool:
    """Read an amount, a number or decimal text; the kind and the currency must be read before."""
    row, field = plan.columns[column, ROW], plan.columns[column, FIELD]
    tag = scratch.spans[field, TAG] if field != UNKNOWN else np.int64(ABSENT)
    columns.ints[row, message], columns.ints_known[row, message] = 0, tag > NULL
    kind, currency = scratch.chosen[_KIND], scratch.chosen[_CURRENCY]
    if tag <= NULL:
        return bool(plan.words[kind, PAYMENT] == 0)
    start, stop = scratch.spans[field, START], scratch.spans[field, STOP]
    if currency < 0 or (tag != NUMBER and (tag != TEXT or stop - start > _TEXT_BYTES_MAX)):
        return False
    digits_max = _DIGITS_MAX if tag == NUMBER else _MONEY_DIGITS_MAX
    if not _read_decimal(wire.buffer, start, stop, digits_max, scratch.decimal):
        return False
    minor = _minor_units(scratch.decimal, plan.words[currency, EXPONENT], plan.limits[2])
    columns.ints[row, message] = minor
    return bool(minor != _NOT_EXACT)


_KIND, _CURRENCY = 1, 4
"""Where these stand among `DEFAULT_COLUMNS`."""


@lean_kernel
def _read_number(
    wire: Wire, plan: Plan, columns: Columns, scratch: _Scratch, column: Integer, message: Integer
) -> bool:
    """Read a number that a double or an int64 holds exactly as it is written, or rounded once."""
    row, field = plan.columns[column, ROW], plan.columns[column, FIELD]
    whole = plan.columns[column, TYPE] == IS_INTEGER
    tag = scratch.spans[field, TAG] if field != UNKNOWN else np.int64(ABSENT)
    if whole:
        columns.ints[row, message], columns.ints_known[row, message] = 0, tag > NULL
    else:
        columns.floats[row, message], columns.floats_known[row, message] = 0.0, tag > NULL
    if tag <= NULL:
        return True
    start, stop = scratch.spans[field, START], scratch.spans[field, STOP]
    negative = wire.buffer[start] == 45
    if tag != NUMBER or not _read_decimal(wire.buffer, start + negative, stop, _DIGITS_MAX, scratch.decimal):
        return False
    value, scale = scratch.decimal[0], scratch.decimal[1]
    if scale > _SCALE_MAX or (negative and value == 0) or (whole and scale > 0):
        return False
    number = value / _FLOAT_POWERS[scale]
    if negative:
        value, number = -value, -number
    if whole:
        columns.ints[row, message] = value
    else:
        columns.floats[row, message] = number
    return bool(plan.bounds[column, 0] <= number <= plan.bounds[column, 1])


@lean_kernel
def _read_time(
    wire: Wire, plan: Plan, columns: Columns, scratch: _Scratch, column: Integer, message: Integer
) -> bool:
    field = plan.columns[column, FIELD]
    if field == UNKNOWN:
        return False
    tag, start, stop = scratch.spans[field, TAG], scratch.spans[field, START], scratch.spans[field, STOP]
    time_us = np.int64(-1)
    if tag == TEXT:
        time_us = time_at(wire.buffer, start, stop, plan.utc)
    elif tag == NUMBER and _read_whole(wire, start, stop, scratch):
        time_us = scratch.decimal[0] * 1_000
    columns.time_us[message] = time_us
    return bool(0 <= time_us < TIME_US_MAX)


@lean_kernel
def _has_text(wire: Wire, plan: Plan, scratch: _Scratch, column: Integer) -> bool:
    """Tell whether a column has a text, or a whole number where that counts as one."""
    field = plan.columns[column, FIELD]
    tag, start, stop = scratch.spans[field, TAG], scratch.spans[field, START], scratch.spans[field, STOP]
    if tag == NUMBER and plan.columns[column, WHOLE_TEXT]:
        return _read_whole(wire, start, stop, scratch)
    return bool(tag == TEXT and stop - start <= plan.limits[1])


@lean_kernel
def _word_of(wire: Wire, plan: Plan, scratch: _Scratch, column: Integer) -> Integer:
    """Return the word that a text is, _SPAN where the column takes any text, REFUSED where it does not."""
    field, choices = plan.columns[column, FIELD], plan.columns[column, CHOICES]
    start, stop = scratch.spans[field, START], scratch.spans[field, STOP]
    word = np.int64(UNKNOWN)
    if plan.columns[column, TRANSLATED]:
        word = look_up(plan.lexicon, plan.columns[column, TRANSLATED], wire.buffer, start, stop - start)
        if word == UNKNOWN:
            word = plan.columns[column, OTHER_WORD]
    if word == UNKNOWN and choices:
        word = look_up(plan.lexicon, choices, wire.buffer, start, stop - start)
        return word if word != UNKNOWN else REFUSED
    if word == UNKNOWN:
        return _SPAN if stop > start else MISSING
    return word


@lean_kernel
def _choose_text(wire: Wire, plan: Plan, scratch: _Scratch, column: Integer) -> bool:
    """Note what a text column has: a word, _SPAN, or MISSING."""
    field, chosen = plan.columns[column, FIELD], plan.columns[column, OTHER_WORD]
    if field != UNKNOWN:
        chosen = np.int64(MISSING)
        if scratch.spans[field, TAG] > NULL:
            if not _has_text(wire, plan, scratch, column):
                return False
            chosen = _word_of(wire, plan, scratch, column)
    scratch.chosen[column] = chosen
    if chosen >= 0:
        chosen = plan.words[chosen, CODE]
    return bool(chosen != REFUSED and not (chosen == MISSING and plan.columns[column, REQUIRED]))


@lean_kernel
def _read_values(wire: Wire, plan: Plan, columns: Columns, scratch: _Scratch, message: Integer) -> bool:
    """Read and check all that needs no code."""
    for parent in plan.parents:
        if scratch.spans[parent, TAG] > NULL and scratch.spans[parent, TAG] != OBJECT:
            return False
    for column in range(plan.columns.shape[0]):
        if plan.columns[column, TYPE] == IS_TEXT and not _choose_text(wire, plan, scratch, column):
            return False
    for column in range(plan.columns.shape[0]):
        kind = plan.columns[column, TYPE]
        if kind == IS_TIME and not _read_time(wire, plan, columns, scratch, column, message):
            return False
        if kind == IS_MONEY and not _read_amount(wire, plan, columns, scratch, column, message):
            return False
        number = kind in (IS_REAL, IS_INTEGER)
        if number and not _read_number(wire, plan, columns, scratch, column, message):
            return False
    return True


@lean_kernel
def _write_texts(
    wire: Wire, plan: Plan, texts: Texts, columns: Columns, scratch: _Scratch, message: Integer
) -> None:
    """Give the texts of a message their codes, and append its id."""
    texts.counters[NOW_US] = max(texts.counters[NOW_US], columns.time_us[message])
    for column in range(plan.columns.shape[0]):
        row, chosen = plan.columns[column, ROW], scratch.chosen[column]
        if plan.columns[column, TYPE] != IS_TEXT:
            continue
        field = plan.columns[column, FIELD]
        start, stop = np.int64(0), np.int64(0)
        if chosen == _SPAN:
            start, stop = scratch.spans[field, START], scratch.spans[field, STOP]
        if row == IDENTITY:
            end = columns.id_ends[message]
            for index in range(stop - start):
                columns.id_data[end + index] = wire.buffer[start + index]
            columns.id_ends[message] = end + stop - start
        elif chosen >= 0:
            columns.codes[row, message] = plan.words[chosen, CODE]
        else:
            columns.codes[row, message] = code_of(texts, wire.buffer, start, stop - start)


@kernel
def read_messages(wire: Wire, plan: Plan, texts: Texts, columns: Columns, first: int) -> int:
    """Decode from message `first` on; return where room for texts ran out, or n."""
    spans = np.empty((plan.fields, 3), np.int64)
    scratch = _Scratch(
        spans,
        np.empty(plan.depth, np.int64),
        np.empty(plan.columns.shape[0], np.int64),
        np.empty(2, np.int64),
    )
    for message in range(first, wire.ends.shape[0]):
        start = wire.ends[message - 1] + 1 if message else np.int64(0)
        length = wire.ends[message] - start
        if not has_room(texts, plan.columns.shape[0], length):
            return message
        columns.id_ends[message] = columns.id_ends[message - 1] if message else 0
        columns.taken[message] = False
        if length > plan.limits[0]:
            continue
        spans[:, TAG] = ABSENT
        stop = scan(wire.buffer, start, plan.lexicon, spans, scratch.stack)
        if stop == FAULT or after_space(wire.buffer, stop) != wire.ends[message]:
            continue
        if _read_values(wire, plan, columns, scratch, message):
            columns.taken[message] = True
            _write_texts(wire, plan, texts, columns, scratch, message)
    return len(wire.ends)

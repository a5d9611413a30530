"""The kernel of the fast decoder: from messages to columns, without an object per value.

A message is either taken, with exactly the values that the slow decoder gives it, or left to the slow one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.decimals import (
    DIGITS_MAX,
    FLOAT_POWERS,
    MONEY_DIGITS_MAX,
    NOT_EXACT,
    SCALE_MAX,
    minor_units,
    read_decimal,
    read_whole,
)
from fraudstream.events.jit import Integer, inlined, kernel
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
_TEXT_BYTES_MAX = 40
"""The longest decimal text of an amount, see `money.minor_from_text`."""


class Wire(NamedTuple):
    """The messages, end to end in `buffer`, each followed by a zero byte, the last by eight more.

    `lengths` int64 [n] are their bytes without the zeros, `latest_us` int64 [n] the latest times that their
    events may have.
    """

    buffer: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    latest_us: NDArray[np.int64]


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


@inlined
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
    digits_max = DIGITS_MAX if tag == NUMBER else MONEY_DIGITS_MAX
    if not read_decimal(wire.buffer, start, stop, digits_max, scratch.decimal):
        return False
    minor = minor_units(scratch.decimal, plan.words[currency, EXPONENT], plan.limits[2])
    columns.ints[row, message] = minor
    return bool(minor != NOT_EXACT)


_KIND, _CURRENCY = 1, 4
"""Where these stand among `DEFAULT_COLUMNS`."""


@inlined
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
    if tag != NUMBER or not read_decimal(wire.buffer, start + negative, stop, DIGITS_MAX, scratch.decimal):
        return False
    value, scale = scratch.decimal[0], scratch.decimal[1]
    if scale > SCALE_MAX or (negative and value == 0) or (whole and scale > 0):
        return False
    number = value / FLOAT_POWERS[scale]
    if negative:
        value, number = -value, -number
    if whole:
        columns.ints[row, message] = value
    else:
        columns.floats[row, message] = number
    return bool(plan.bounds[column, 0] <= number <= plan.bounds[column, 1])


@inlined
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
    elif tag == NUMBER and read_whole(wire.buffer, start, stop, scratch.decimal):
        time_us = scratch.decimal[0] * 1_000
    columns.time_us[message] = time_us
    return bool(0 <= time_us < TIME_US_MAX and time_us <= wire.latest_us[message])


@inlined
def _has_text(wire: Wire, plan: Plan, scratch: _Scratch, column: Integer) -> bool:
    """Tell whether a column has a text, or a whole number where that counts as one."""
    field = plan.columns[column, FIELD]
    tag, start, stop = scratch.spans[field, TAG], scratch.spans[field, START], scratch.spans[field, STOP]
    if tag == NUMBER and plan.columns[column, WHOLE_TEXT]:
        return read_whole(wire.buffer, start, stop, scratch.decimal)
    return bool(tag == TEXT and stop - start <= plan.limits[1])


@inlined
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


@inlined
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


@inlined
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


@inlined
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
    after = np.sum(wire.lengths[:first]) + first
    for message in range(first, wire.lengths.shape[0]):
        start, length = after, wire.lengths[message]
        if not has_room(texts, plan.columns.shape[0], length):
            return message
        after = start + length + 1
        columns.id_ends[message] = columns.id_ends[message - 1] if message else 0
        columns.taken[message] = False
        if length > plan.limits[0]:
            continue
        spans[:, TAG] = ABSENT
        stop = scan(wire.buffer, start, plan.lexicon, spans, scratch.stack)
        if stop == FAULT or after_space(wire.buffer, stop) != start + length:
            continue
        if _read_values(wire, plan, columns, scratch, message):
            columns.taken[message] = True
            _write_texts(wire, plan, texts, columns, scratch, message)
    return len(wire.lengths)

"""The kernel that writes JSON from pieces: constant text, and the values that stand between it.

What is written again and again with other values, such as what an alert says of a rule, is a *template*: a
run of pieces. Templates are made once, and filled in for all alerts of a batch at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined, lean_kernel
from fraudstream.events.writing import put, put_decimal, put_in_json, put_time

LITERAL, CELL, OWN, TEXT, SAID, WHOLE, GROUPED, AMOUNT, MONEY, TIME, MOMENT, IDS = range(12)
"""The kinds of pieces. Of a column of the sheet: CELL a text, TEXT and SAID a text by its code, WHOLE and
GROUPED a whole number, AMOUNT and MONEY an amount, TIME and MOMENT a time; the second of each two as in a
sentence, the first as in JSON. Of a section OWN is a text, and IDS the list of what was counted."""
_IN_SENTENCES = (SAID, GROUPED, MONEY, MOMENT)
KIND, PLACE, EXPONENT, CURRENCY = range(4)
"""What is known of a piece: the literal, or the row of the value; for amounts the digits behind the point
and the literal of the currency."""
OF_EVENT = -1
"""An amount in the currency of the event."""
NO_EXPONENT = -2
"""A currency that is not known: the amount is written in minor units."""
TEMPLATE, COLUMN, PART = range(3)
"""What a section is: a template, filled in with the values of a column, and with the texts of its own."""
_SPACE, _QUOTE, _COMMA, _OPEN, _CLOSE = 32, 34, 44, 91, 93


class Templates(NamedTuple):
    """Pieces int32 [p, 4] with the first of each template, int32 [t + 1]; literals end to end as UTF-8."""

    pieces: NDArray[np.int32]
    starts: NDArray[np.int32]
    literals: NDArray[np.uint8]
    literal_ends: NDArray[np.int64]


class Counted(NamedTuple):
    """Which events were counted where: for section o those of the places from `ends[o - 1]` to `ends[o]`.

    A row of `numbers` int32 [places, at most] are the numbers of the events of a place, -1 behind the last;
    one event has one number. Their ids lie end to end in `ids`, as UTF-8.
    """

    ends: NDArray[np.int64]
    numbers: NDArray[np.int32]
    ids: NDArray[np.uint8]
    id_ends: NDArray[np.int64]


class Sheet(NamedTuple):
    """The values of k events.

    `wholes` int64 and `known` bool are [rows, k]; `cells` int32 [rows, k] and `own` int32 [parts, o] are
    numbers of texts; `codes` int32 [c], ascending, have the texts from number `first_code` on. `exponents`
    int8 [k] and `currencies` int32 [k], numbers of texts, are those of the events' own amounts.
    """

    wholes: NDArray[np.int64]
    known: NDArray[np.bool_]
    cells: NDArray[np.int32]
    own: NDArray[np.int32]
    codes: NDArray[np.int32]
    first_code: int
    exponents: NDArray[np.int8]
    currencies: NDArray[np.int32]
    counted: Counted
    texts: NDArray[np.uint8]
    text_ends: NDArray[np.int64]


@inlined
def _copy(
    out: NDArray[np.uint8], at: Integer, data: NDArray[np.uint8], ends: NDArray[np.int64], number: Integer
) -> Integer:
    """Write one of many texts that lie end to end."""
    start = ends[number - 1] if number else np.int64(0)
    length = ends[number] - start
    if at + length <= len(out):
        for index in range(length):
            out[at + index] = data[start + index]
    return at + length


@inlined
def _text_of(sheet: Sheet, code: Integer) -> Integer:
    return sheet.first_code + np.searchsorted(sheet.codes, np.int32(code))


@inlined
def _amount(
    out: NDArray[np.uint8], at: Integer, sheet: Sheet, templates: Templates, piece: Integer, column: Integer
) -> Integer:
    value = sheet.wholes[templates.pieces[piece, PLACE], column]
    exponent = np.int64(templates.pieces[piece, EXPONENT])
    of_event = exponent == OF_EVENT
    if of_event:
        exponent = np.int64(sheet.exponents[column])
    said = templates.pieces[piece, KIND] == MONEY
    at = put_decimal(out, at, value, max(exponent, 0), said)
    if not said or exponent == NO_EXPONENT:
        return at
    at = put(out, at, _SPACE)
    if of_event:
        return _copy(out, at, sheet.texts, sheet.text_ends, sheet.currencies[column])
    return _copy(out, at, templates.literals, templates.literal_ends, templates.pieces[piece, CURRENCY])


@inlined
def _value(
    out: NDArray[np.uint8],
    at: Integer,
    sheet: Sheet,
    templates: Templates,
    piece: Integer,
    column: Integer,
    nothing: Integer,
) -> Integer:
    """Write a value; one that is not known as the literal `nothing`, in a sentence as the one behind it."""
    kind, row = templates.pieces[piece, KIND], templates.pieces[piece, PLACE]
    said = kind in _IN_SENTENCES
    if not sheet.known[row, column]:
        return _copy(out, at, templates.literals, templates.literal_ends, nothing + said)
    quoted = not said and kind != WHOLE
    if quoted:
        at = put(out, at, _QUOTE)
    if kind in (TEXT, SAID):
        at = _copy(out, at, sheet.texts, sheet.text_ends, _text_of(sheet, sheet.wholes[row, column]))
    elif kind in (WHOLE, GROUPED):
        at = put_decimal(out, at, sheet.wholes[row, column], 0, said)
    elif kind in (TIME, MOMENT):
        at = put_time(out, at, sheet.wholes[row, column])
    else:
        at = _amount(out, at, sheet, templates, piece, column)
    if quoted:
        at = put(out, at, _QUOTE)
    return at


@inlined
def _id(out: NDArray[np.uint8], at: Integer, counted: Counted, number: Integer) -> Integer:
    at = put(out, at, _QUOTE)
    for place in range(counted.id_ends[number - 1] if number else np.int64(0), counted.id_ends[number]):
        at = put_in_json(out, at, np.int64(counted.ids[place]))
    return put(out, at, _QUOTE)


@inlined
def _is_new(numbers: NDArray[np.int32], first: Integer, place: Integer, index: Integer) -> bool:
    """Tell whether no place from the first on has named an event before."""
    for earlier in range(first, place):
        for other in range(numbers.shape[1]):
            if numbers[earlier, other] < 0:
                break
            if numbers[earlier, other] == numbers[place, index]:
                return False
    return True


@inlined
def _ids(out: NDArray[np.uint8], at: Integer, counted: Counted, part: Integer) -> Integer:
    """Write the newest events that were counted at the places of a section, each once, as a list."""
    numbers = counted.numbers
    first = counted.ends[part - 1] if part else np.int64(0)
    written = 0
    at = put(out, at, _OPEN)
    for place in range(first, counted.ends[part]):
        for index in range(numbers.shape[1]):
            if numbers[place, index] < 0 or written == numbers.shape[1]:
                break
            if _is_new(numbers, first, place, index):
                if written:
                    at = put(out, at, _COMMA)
                at = _id(out, at, counted, np.int64(numbers[place, index]))
                written += 1
    return put(out, at, _CLOSE)


@lean_kernel
def write(
    templates: Templates,
    sheet: Sheet,
    sections: NDArray[np.int32],
    ends: NDArray[np.int64],
    out: NDArray[np.uint8],
    nothing: int,
) -> int:
    """Write sections int32 [s, 3] end to end, note where each ends, and return how many bytes that takes.

    Where `out` is too short it holds nothing of use. `nothing` is the number of the literal for what is not
    known, `null`, and behind it stands that of sentences.
    """
    at = np.int64(0)
    for section in range(len(sections)):
        template, column, part = (
            sections[section, TEMPLATE],
            sections[section, COLUMN],
            sections[section, PART],
        )
        for piece in range(templates.starts[template], templates.starts[template + 1]):
            kind, row = templates.pieces[piece, KIND], templates.pieces[piece, PLACE]
            if kind == LITERAL:
                at = _copy(out, at, templates.literals, templates.literal_ends, row)
            elif kind == CELL:
                at = _copy(out, at, sheet.texts, sheet.text_ends, sheet.cells[row, column])
            elif kind == OWN:
                at = _copy(out, at, sheet.texts, sheet.text_ends, sheet.own[part, row])
            elif kind == IDS:
                at = _ids(out, at, sheet.counted, part)
            else:
                at = _value(out, at, sheet, templates, piece, column, nothing)
        ends[section] = at
    return int(at)

"""What the fast decoder must know of a schema and a field map, as arrays for its kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.hashing import text_hash
from fraudstream.events.interning import Interner
from fraudstream.events.jit import kernel
from fraudstream.events.json_scan import ROOT, UNKNOWN, Lexicon
from fraudstream.events.mapping import Source
from fraudstream.events.money import EXPONENTS
from fraudstream.events.schema import DEFAULT_COLUMNS, ID, PAYMENT_KINDS, Column, ColumnType, Schema

TYPE, FIELD, ROW, REQUIRED, CHOICES, TRANSLATED, OTHER_WORD, WHOLE_TEXT = range(8)
"""Per column, in `Plan.columns`: its type below, the field it is read from (UNKNOWN: none), its row in its
matrix, whether it must have a value, the scopes of its words and of their translations (0: none), the word
that stands for any other text (UNKNOWN: none), whether whole numbers are taken as texts."""
TYPES = tuple(ColumnType)
IS_TEXT, IS_REAL, IS_INTEGER, IS_MONEY, IS_TIME = range(5)
CODE, EXPONENT, PAYMENT = range(3)
"""Per word, in `Plan.words`: its code, the exponent of a currency, whether it is a kind of payment."""
REFUSED = -2
"""The code of a word that its column does not take."""
IDENTITY = -1
"""The row of the id, which is in no matrix."""


class Plan(NamedTuple):
    """`columns` int64 [columns, 8], `bounds` float64 [columns, 2] (both inclusive), `words` int64 [words, 3].

    `parents` int64 are the fields that must be objects, `limits` int64 the bytes of a message, the bytes of a
    text and minor units; `fields` and `depth` size the scratch arrays. `utc` tells whether a time without a
    zone is in UTC.
    """

    lexicon: Lexicon
    columns: NDArray[np.int64]
    bounds: NDArray[np.float64]
    words: NDArray[np.int64]
    parents: NDArray[np.int64]
    limits: NDArray[np.int64]
    fields: int
    depth: int
    utc: int


def can_plan(schema: Schema, mapping: Mapping[str, Source] | None) -> bool:
    """Tell whether the fast decoder reads messages of a schema through a map."""
    if schema.columns[: len(DEFAULT_COLUMNS)] != DEFAULT_COLUMNS:
        return False
    for name, source in (mapping or {}).items():
        column = schema.column(name)
        worded = source.const is not None or source.values is not None
        if source.join is not None or source.zone not in (None, "UTC"):
            return False
        if worded and (column is None or column.type is not ColumnType.TEXT or name == ID):
            return False
    return True


class Planner:
    """Collects the fields and words of a schema; a text of a word is pinned in the interner."""

    def __init__(self, schema: Schema, mapping: Mapping[str, Source] | None, texts: Interner) -> None:
        self._schema = schema
        self._mapping = mapping
        self._texts = texts
        self._fields: dict[tuple[int, str], int] = {}
        self._entries: list[tuple[int, bytes, int]] = []
        self._words: list[tuple[int, int, int]] = []
        self._scopes = _FIRST_SCOPE

    def plan(self) -> Plan:
        """Return the plan of the schema."""
        columns = self._schema.columns
        rows = np.array([self._row(column) for column in columns], np.int64)
        whole = 2.0**53
        bounds = [
            (
                -whole if each.minimum is None else each.minimum,
                whole if each.maximum is None else each.maximum,
            )
            for each in columns
        ]
        limits = self._schema.limits
        time = (self._mapping or {}).get("occurred_at")
        return Plan(
            _lexicon(
                [
                    *((scope, key.encode(), field) for (scope, key), field in self._fields.items()),
                    *self._entries,
                ]
            ),
            rows,
            np.array(bounds, np.float64),
            np.array(self._words or [(0, 0, 0)], np.int64),
            np.array(sorted({parent for parent, _ in self._fields} - {ROOT}), np.int64),
            np.array([limits.message_bytes_max, limits.text_chars_max, limits.amount_minor_max], np.int64),
            len(self._fields) + 1,
            limits.depth_max,
            int(time is not None and time.zone is not None),
        )

    def _row(self, column: Column) -> list[int]:
        source = Source(**{"from": column.name}) if self._mapping is None else self._mapping.get(column.name)
        row = [UNKNOWN] * 8
        row[TYPE] = TYPES.index(column.type)
        row[ROW] = self._schema.row_of.get(column.name, IDENTITY)
        row[REQUIRED] = int(column.required)
        row[CHOICES] = row[TRANSLATED] = 0
        row[WHOLE_TEXT] = int(self._mapping is not None)
        allowed = frozenset(EXPONENTS) if column.name == "currency" else column.choices
        if source is None:
            return row
        if allowed is not None:
            row[CHOICES] = self._scope({word: self._word(column, allowed, word) for word in allowed})
        if source.from_ is not None:
            row[FIELD] = self._field(source.from_)
        if source.values is not None:
            ours = {theirs: self._word(column, allowed, word) for theirs, word in source.values.items()}
            row[TRANSLATED] = self._scope(ours)
        other = (
            source.const if source.const is not None else source.other if source.values is not None else None
        )
        if other is not None and (other or source.const is not None):
            row[OTHER_WORD] = self._word(column, allowed, other)
        return row

    def _field(self, path: str) -> int:
        """Return the field of a dotted path, and see to those that lead to it."""
        field = ROOT
        for key in path.split("."):
            field = self._fields.setdefault((field, key), len(self._fields) + 1)
        return field

    def _scope(self, words: Mapping[str, int]) -> int:
        self._scopes += 1
        self._entries += [(self._scopes, text.encode(), word) for text, word in words.items()]
        return self._scopes

    def _word(self, column: Column, allowed: frozenset[str] | None, text: str) -> int:
        """Return a new word: what a column makes of a text that is known beforehand."""
        refused = (allowed is not None and text not in allowed) or len(
            text
        ) > self._schema.limits.text_chars_max
        code = REFUSED if refused else self._texts.pin(text)
        exponent = EXPONENTS.get(text, 0) if column.name == "currency" else 0
        self._words.append((code, exponent, int(column.name == "kind" and text in PAYMENT_KINDS)))
        return len(self._words) - 1


_FIRST_SCOPE = 1_000_000
"""Scopes below are fields: the keys of an object are in the scope of its field."""


def _lexicon(entries: list[tuple[int, bytes, int]]) -> Lexicon:
    slots = 1 << (4 * len(entries)).bit_length()
    letters = b"".join(word for _, word, _ in entries)
    lexicon = Lexicon(
        np.zeros(slots, np.uint64),
        np.full((slots, 4), UNKNOWN, np.int64),
        np.frombuffer(letters + bytes(8), np.uint8),
    )
    lengths = np.array([len(word) for _, word, _ in entries], np.int64)
    starts = np.cumsum(lengths) - lengths
    scopes, values = (np.array([entry[part] for entry in entries], np.int64) for part in (0, 2))
    _enter(lexicon, scopes, starts, lengths, values)
    return lexicon


@kernel
def _enter(
    lexicon: Lexicon,
    scopes: NDArray[np.int64],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    values: NDArray[np.int64],
) -> None:
    last = lexicon.hashes.shape[0] - 1
    for index in range(len(scopes)):
        hashed = text_hash(lexicon.letters, starts[index], lengths[index], scopes[index])
        slot = np.int64(hashed & np.uint64(last))
        while lexicon.entries[slot, 3] != UNKNOWN:
            slot = (slot + 1) & last
        lexicon.hashes[slot] = hashed
        lexicon.entries[slot, 0], lexicon.entries[slot, 1] = scopes[index], starts[index]
        lexicon.entries[slot, 2], lexicon.entries[slot, 3] = lengths[index], values[index]

"""Describes events as the nested objects of the wire: those that have the same columns share a template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.pieces import AMOUNT, CELL, NO_EXPONENT, OF_EVENT, TIME, WHOLE
from fraudstream.engine.privacy.veils import Veils
from fraudstream.engine.script import Draft, Piece, Script, in_json, inside_text
from fraudstream.events.batch import EventBatch
from fraudstream.events.card_numbers import masked
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.money import EXPONENTS
from fraudstream.events.nesting import put
from fraudstream.events.schema import ID, Schema

_TEXTS_MAX = 50_000
_TIME = "occurred_at"


class Texts(dict[int, str]):
    """The texts of codes as they stand within a text of JSON, each looked up once."""

    def __init__(self, interner: Interner) -> None:
        super().__init__()
        self._interner = interner
        self._releases = interner.releases
        self.cards: dict[int, str] = {}
        """Those with card numbers in them, these masked."""

    def renew(self, interner: Interner) -> None:
        """Forget the texts whose codes may have changed hands, and all where they are many."""
        if interner is not self._interner or interner.releases != self._releases or len(self) > _TEXTS_MAX:
            self._interner = interner
            self._releases = interner.releases
            self.clear()
            self.cards.clear()

    def __missing__(self, code: int) -> str:
        plain = "" if code == MISSING else self._interner.text(code)
        text = self[code] = inside_text(plain)
        if (shown := masked(plain)) != plain:
            self.cards[code] = inside_text(shown)
        return text


class Describer:
    """Knows the columns of a schema, and which of them nest in one another.

    In a draft the rows of whole numbers begin with those of the schema and the time; the rows of cells are
    all its columns.
    """

    def __init__(self, schema: Schema, script: Script, veils: Veils) -> None:
        self._script = script
        self._names = [*schema.texts, *schema.wholes, *schema.reals, ID, _TIME]
        self._texts, self._wholes = len(schema.texts), len(schema.texts) + len(schema.wholes)
        # No row of cells was given to anything before.
        script.rows = len(self._names)
        self._currency = schema.row_of["currency"]
        over = {row: veils.column(name) for row, name in enumerate(self._names)}
        self._with_cards = [row for row, veil in over.items() if veil is not None and not veil.hides]
        hiding = {row: veil.write for row, veil in over.items() if veil is not None and veil.hides}
        self._veiled_texts = [row for row in hiding if row < self._texts]
        self._leaves = np.array([name not in veils.withheld for name in self._names])
        self._veils = {row: write for row, write in hiding.items() if self._leaves[row]}
        self._templates: dict[bytes, int] = {}

    def shown(self, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return those of the codes [texts, k] whose texts may be seen; the others are MISSING."""
        codes[self._veiled_texts] = MISSING
        return codes

    def describe(
        self,
        batch: EventBatch,
        events: NDArray[np.intp],
        texts: NDArray[np.int32],
        cards: Mapping[int, str],
        draft: Draft,
        columns: NDArray[np.intp],
    ) -> list[int]:
        """Put the texts of k events into their columns of a draft, and return the template of each event.

        `texts` int32 [texts, k] are the numbers that the events' texts have in the draft; `cards` are the
        texts of codes with card numbers in them, as they may be seen.
        """
        draft.cells[: self._texts, columns] = texts
        self._veil(batch, events, cards, draft, columns)
        draft.currencies[columns] = texts[self._currency]
        currencies = batch.codes[self._currency, events].tolist()
        exponents = {code: _exponent(code, batch) for code in set(currencies)}
        draft.exponents[columns] = [exponents[code] for code in currencies]
        for row, values in enumerate(batch.floats[:, events].tolist(), self._wholes):
            if row not in self._veils:
                draft.cells[row, columns] = draft.texts([in_json(value) for value in values])
        names = [in_json(batch.ids.text(event)) for event in events.tolist()]
        draft.cells[len(self._names) - 2, columns] = draft.texts(names)
        return [self._template(each) for each in self._has(batch, events)]

    def _veil(
        self,
        batch: EventBatch,
        events: NDArray[np.intp],
        cards: Mapping[int, str],
        draft: Draft,
        columns: NDArray[np.intp],
    ) -> None:
        """Put what may be seen in the place of what may not."""
        for row in self._with_cards if cards else ():
            for column, code in zip(columns, batch.codes[row, events].tolist(), strict=True):
                if code in cards:
                    draft.cells[row, column] = draft.texts([cards[code]]).start
        for row, write in self._veils.items():
            plain = self._plain(row, batch, events)
            draft.cells[row, columns] = draft.texts([inside_text(write(each)) for each in plain])

    def _plain(self, row: int, batch: EventBatch, events: NDArray[np.intp]) -> Iterable[str]:
        """Return the values of a column as texts, any where an event has none."""
        if row < self._texts:
            text = batch.texts.text
            return (text(code) if code != MISSING else "" for code in batch.codes[row, events].tolist())
        if row < self._wholes:
            return map(str, batch.ints[row - self._texts, events].tolist())
        return map(str, batch.floats[row - self._wholes, events].tolist())

    def _has(self, batch: EventBatch, events: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return which columns each event has, [k, columns]."""
        always = np.ones((2, len(events)), np.bool_)
        given = batch.codes[:, events] != MISSING, batch.ints_known[:, events], batch.floats_known[:, events]
        return np.ascontiguousarray(np.concatenate([*given, always]).T & self._leaves)

    def _template(self, has: NDArray[np.bool_]) -> int:
        """Return the template of all events that have the same columns."""
        key = has.tobytes()
        if key not in self._templates:
            self._templates[key] = self._script.template(self._drawn(np.flatnonzero(has).tolist()))
        return self._templates[key]

    def _drawn(self, present: list[int]) -> list[Piece]:
        """Draw the JSON of events that have some columns: id, texts, time, numbers."""
        texts = [column for column in present if column < self._texts]
        # Columns of the event itself stand before the objects inside it.
        texts.sort(key=lambda column: "." in self._names[column])
        numbers = [column for column in present if column >= self._texts]
        nested: dict[str, Any] = {}
        for column in (len(self._names) - 2, *texts, len(self._names) - 1, *numbers):
            put(nested, self._names[column], column)
        return self._object(nested)

    def _object(self, nested: dict[str, Any]) -> list[Piece]:
        pieces: list[Piece] = []
        for name, value in nested.items():
            pieces.append(self._script.literal(f"{',' if pieces else '{'}{in_json(name)}:"))
            pieces += self._object(value) if isinstance(value, dict) else self._value(value)
        return [*pieces, self._script.literal("}")]

    def _value(self, column: int) -> list[Piece]:
        row = column - self._texts
        if column < self._texts or column in self._veils:
            quote = self._script.literal('"')
            return [quote, Piece(CELL, column), quote]
        if column == self._texts:
            # The amount is the first of the whole numbers.
            return [Piece(AMOUNT, row, OF_EVENT)]
        if column < self._wholes:
            return [Piece(WHOLE, row)]
        if self._names[column] == _TIME:
            return [Piece(TIME, self._wholes - self._texts)]
        return [Piece(CELL, column)]


def _exponent(currency: int, batch: EventBatch) -> int:
    return NO_EXPONENT if currency == MISSING else EXPONENTS[batch.texts.text(currency)]


def wholes_of(batch: EventBatch, events: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the rows of whole numbers of some events, and where they are known."""
    wholes = np.concatenate([batch.ints[:, events], batch.time_us[None, events]])
    return wholes, np.concatenate([batch.ints_known[:, events], np.ones((1, len(events)), np.bool_)])

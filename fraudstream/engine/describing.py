"""Describes events as the nested objects of the wire, the columns of all wanted events read at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.money import decimal_text
from fraudstream.events.nesting import put
from fraudstream.events.schema import ID, Schema
from fraudstream.events.times import format_time

_TEXTS_MAX = 50_000


class Texts(dict[int, str]):
    """The texts of codes, each looked up once while its code stands for it."""

    def __init__(self, interner: Interner) -> None:
        super().__init__()
        self._interner = interner
        self._releases = interner.releases

    def renew(self, interner: Interner) -> None:
        """Forget the texts whose codes may have changed hands, and all where they are many."""
        if interner is not self._interner:
            self._interner = interner
            self.clear()
        if self._releases != self._interner.releases or len(self) > _TEXTS_MAX:
            self._releases = self._interner.releases
            self.clear()

    def __missing__(self, code: int) -> str:
        text = self[code] = self._interner.text(code)
        return text


@dataclass
class _Branch:
    """An object of the wire: its own text columns by key and row, and the objects inside."""

    leaves: list[tuple[str, int]] = field(default_factory=list)
    branches: dict[str, _Branch] = field(default_factory=dict)

    def add(self, name: str, row: int) -> None:
        head, _, rest = name.partition(".")
        if rest:
            self.branches.setdefault(head, _Branch()).add(rest, row)
        else:
            self.leaves.append((head, row))

    def filled(self, codes: Sequence[int], texts: Texts) -> dict[str, Any]:
        """Return the object of one event, without what is missing."""
        found: dict[str, Any] = {
            key: texts[code] for key, row in self.leaves if (code := codes[row]) != MISSING
        }
        for key, branch in self.branches.items():
            if inner := branch.filled(codes, texts):
                found[key] = inner
        return found


class Describer:
    """Knows the columns of a schema, and which of them nest in one another."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._texts = _Branch()
        for row, name in enumerate(schema.texts):
            self._texts.add(name, row)

    def described(
        self, batch: EventBatch, events: NDArray[np.intp], texts: Texts
    ) -> Iterator[dict[str, Any]]:
        """Yield the declared columns of some events of a batch."""
        schema = self._schema
        numbers = [
            *_columns(schema.wholes, batch.ints, batch.ints_known, events),
            *_columns(schema.reals, batch.floats, batch.floats_known, events),
        ]
        codes = batch.codes[:, events].T.tolist()
        for index, event in enumerate(events.tolist()):
            nested = {ID: batch.ids.text(event), **self._texts.filled(codes[index], texts)}
            nested["occurred_at"] = format_time(int(batch.time_us[event]))
            for name, values, known in numbers:
                if known[index]:
                    value = values[index]
                    put(nested, name, _exact(value, nested.get("currency")) if name == "amount" else value)
            yield nested


def _columns(
    names: Sequence[str], values: NDArray[Any], known: NDArray[np.bool_], events: NDArray[np.intp]
) -> list[tuple[str, list[Any], list[bool]]]:
    """Return those of some numeric columns that any of the events has."""
    rows = zip(names, values[:, events].tolist(), known[:, events].tolist(), strict=True)
    return [(name, numbers, present) for name, numbers, present in rows if any(present)]


def _exact(minor: int, currency: str | None) -> str:
    return str(minor) if currency is None else decimal_text(minor, currency)

"""What the names of an expression mean: columns, converted amounts, features, models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from fraudstream.events.schema import ID, Column, ColumnType, Schema
from fraudstream.rules.types import NUMBER, OWN_MONEY, TEXT, TIME, Type, money
from fraudstream.rules.vectors import Values
from fraudstream.rules.view import View

_COLUMN_TYPES = {
    ColumnType.TEXT: TEXT,
    ColumnType.NUMBER: NUMBER,
    ColumnType.INTEGER: NUMBER,
    ColumnType.MONEY: OWN_MONEY,
    ColumnType.TIME: TIME,
}
_AMOUNT_PREFIX = "amount_"


@dataclass(frozen=True)
class Symbol:
    """The meaning of a name: its type, how to read it from a batch, and what makes it the same thing."""

    key: str
    type: Type
    read: Callable[[View], Values]
    column: Column | None = None


@dataclass(frozen=True)
class Scope:
    """All that an expression may name; `features` differs from rule to rule."""

    schema: Schema
    currencies: frozenset[str]
    models: frozenset[str] = frozenset()
    features: Mapping[str, Symbol] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """Return the meaning of a name, or None."""
        if name in self.features:
            return self.features[name]
        column = self.schema.column(name)
        if column is not None and name != ID:
            return _column_symbol(column)
        currency = name.removeprefix(_AMOUNT_PREFIX).upper()
        if name.startswith(_AMOUNT_PREFIX) and name == name.lower() and currency in self.currencies:
            return Symbol(name, money(currency), lambda view: view.amount(currency))
        return None

    def suggestion(self, name: str) -> str:
        """Return a remedy for an unknown name."""
        if name == ID:
            return "it names a single event: use a column that events share, such as debtor.id"
        known = [column.name for column in self.schema.columns] + list(self.features)
        known += [_AMOUNT_PREFIX + code.lower() for code in self.currencies]
        close = get_close_matches(name, known, n=1)
        if close:
            return f"did you mean {close[0]}?"
        return "use a column, a feature or a parameter of this rule"


def _column_symbol(column: Column) -> Symbol:
    name = column.name
    match column.type:
        case ColumnType.TEXT:
            return Symbol(name, TEXT, lambda view: view.text(name), column)
        case ColumnType.TIME:
            return Symbol(name, TIME, View.time_us, column)
        case _:
            return Symbol(name, _COLUMN_TYPES[column.type], lambda view: view.number(name), column)

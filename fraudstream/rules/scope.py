"""What the names of an expression mean: columns, converted amounts, features, models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from fraudstream.events.schema import ID, Column, ColumnType, Schema
from fraudstream.rules import vm_code as ops
from fraudstream.rules.currencies import Currencies
from fraudstream.rules.lists import NamedList
from fraudstream.rules.program import Bank, Program, Register
from fraudstream.rules.types import NUMBER, OWN_MONEY, TEXT, TIME, Type, money

_COLUMNS = {
    ColumnType.TEXT: (TEXT, ops.CODE, Bank.WHOLE),
    ColumnType.NUMBER: (NUMBER, ops.REAL, Bank.REAL),
    ColumnType.INTEGER: (NUMBER, ops.WHOLE, Bank.WHOLE),
    ColumnType.MONEY: (OWN_MONEY, ops.WHOLE, Bank.WHOLE),
}
AMOUNT_PREFIX = "amount_"


@dataclass(frozen=True)
class Symbol:
    """The meaning of a name: its type, and how a program reads it."""

    type: Type
    read: Callable[[Program], Register]
    column: Column | None = None


@dataclass(frozen=True)
class Scope:
    """All that an expression may name; `features` differs from rule to rule."""

    schema: Schema
    currencies: Currencies
    models: frozenset[str] = frozenset()
    features: Mapping[str, Symbol] = field(default_factory=dict)
    lists: Mapping[str, NamedList] = field(default_factory=dict)
    outcomes: Mapping[str, Register] = field(default_factory=dict)
    """Of the rules that are judged before, by id."""

    def find(self, name: str) -> Symbol | None:
        """Return the meaning of a name, or None."""
        if name in self.features:
            return self.features[name]
        column = self.schema.column(name)
        if column is not None and name != ID:
            return self._column(column)
        currency = name.removeprefix(AMOUNT_PREFIX).upper()
        known = self.currencies.rates.currencies
        if name.startswith(AMOUNT_PREFIX) and name == name.lower() and currency in known:
            return Symbol(money(currency), lambda program: self.currencies.amount(program, currency))
        return None

    def suggestion(self, name: str) -> str:
        """Return a remedy for an unknown name."""
        if name == ID:
            return "it names a single event: use a column that events share, such as debtor.id"
        known = [column.name for column in self.schema.columns] + list(self.features)
        known += [AMOUNT_PREFIX + code.lower() for code in self.currencies.rates.currencies]
        close = get_close_matches(name, known, n=1)
        if close:
            return f"did you mean {close[0]}?"
        return "use a column, a feature or a parameter of this rule"

    def _column(self, column: Column) -> Symbol:
        if column.type is ColumnType.TIME:
            return Symbol(TIME, lambda program: program.compute(ops.TIME, Bank.WHOLE), column)
        type_, op, bank = _COLUMNS[column.type]
        row = self.schema.row_of[column.name]
        return Symbol(type_, lambda program: program.compute(op, bank, row), column)


def feature_symbol(index: int, type_: Type, *, is_float: bool) -> Symbol:
    """Return the meaning of a feature's name."""
    op, bank = (ops.REAL_FEATURE, Bank.REAL) if is_float else (ops.FEATURE, Bank.WHOLE)
    return Symbol(type_, lambda program: program.compute(op, bank, index))

"""What clauses say of one value: the range or the texts that it may have, and when nothing is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from math import floor, inf

from fraudstream.rules.tree import (
    Comparison,
    Duration,
    Listing,
    Literal,
    Money,
    Name,
    Negative,
    Node,
    Not,
    Quantity,
)

Value = Decimal | str
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Clause:
    """`subject operator value`, of a subject and constants; `in` and `not in` have several values."""

    subject: Node
    operator: str
    values: frozenset[Value]

    def negated(self) -> Clause:
        """Return the clause that holds exactly where this one is false."""
        other = {"in": "not in", "not in": "in"}.get(self.operator) or _NEGATED[self.operator]
        return replace(self, operator=other)


@dataclass(frozen=True)
class Range:
    """The values that some clauses leave to one subject.

    Numbers lie between `low` and `high`, which `low_open` and `high_open` exclude; texts and single numbers
    are `among` some, if that is not None, and never among `without`.
    """

    low: Decimal | float = -inf
    low_open: bool = False
    high: Decimal | float = inf
    high_open: bool = False
    among: frozenset[Value] | None = None
    without: frozenset[Value] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether no value is left."""
        if self.among is not None:
            return not any(self._has(value) for value in self.among)
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.without
        return self.low > self.high

    def _has(self, value: Value) -> bool:
        if value in self.without:
            return False
        if isinstance(value, str):
            return True
        above = self.low < value or (self.low == value and not self.low_open)
        return above and (value < self.high or (value == self.high and not self.high_open))

    def narrowed(self, clause: Clause, *, whole: bool = False) -> Range:
        """Return what a clause leaves; `whole` says that the subject is a whole number."""
        match clause.operator:
            case "in" | "==":
                among = clause.values if self.among is None else self.among & clause.values
                return replace(self, among=among)
            case "not in" | "!=":
                return replace(self, without=self.without | clause.values)
        (value,) = clause.values
        assert isinstance(value, Decimal), "only numbers and durations are ordered"
        is_open = clause.operator in "<>"
        if whole:
            value, is_open = _to_whole(value, clause.operator), False
        if clause.operator in (">", ">="):
            if (value, is_open) > (self.low, self.low_open):
                return replace(self, low=value, low_open=is_open)
        elif (value, not is_open) < (self.high, not self.high_open):
            return replace(self, high=value, high_open=is_open)
        return self


def _to_whole(value: Decimal, operator: str) -> Decimal:
    """Return the whole number at which a bound takes effect, itself included."""
    match operator:
        case ">":
            return Decimal(floor(value) + 1)
        case ">=":
            return Decimal(-floor(-value))
        case "<":
            return Decimal(-floor(-value) - 1)
        case _:
            return Decimal(floor(value))


def remaining(clauses: Iterable[Clause], start: Range, *, whole: bool) -> Range:
    """Return what several clauses about one subject leave of a range."""
    for clause in clauses:
        start = start.narrowed(clause, whole=whole)
    return start


def as_clause(node: Node) -> Clause | None:
    """Return a comparison with constants as a clause, None for any other condition."""
    match node:
        case Not(operand):
            inner = as_clause(operand)
            return None if inner is None else inner.negated()
        case Comparison("in", left, Listing(items)):
            values = [_value(item, left) for item in items]
            known = frozenset(value for value in values if value is not None)
            return Clause(left, "in", known) if known and None not in values else None
        case Comparison(operator, left, right) if operator in _MIRRORED:
            left_value, right_value = _value(left, right), _value(right, left)
            if right_value is not None and left_value is None:
                return Clause(left, operator, frozenset({right_value}))
            if left_value is not None and right_value is None:
                return Clause(right, _MIRRORED[operator], frozenset({left_value}))
    return None


def _value(node: Node, subject: Node) -> Value | None:
    """Return a constant as it compares with others about the same subject, money in that currency only."""
    match node:
        case Literal(bool()):
            return None
        case Literal(Decimal() | str() as value):
            return value
        case Literal(Duration(us)):
            return Decimal(us)
        case Literal(Quantity() as quantity):
            return quantity.number
        case Literal(Money(amount, currency)):
            same = isinstance(subject, Name) and subject.name == f"amount_{currency.lower()}"
            return amount if same else None
        case Negative(operand):
            inner = _value(operand, subject)
            return -inner if isinstance(inner, Decimal) else None
    return None

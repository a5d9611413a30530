"""Draws conditions that mean something: types fit, and constants lie among the values that streams have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.conditions import is_money
from tests.oracle.domain import (
    CHANNELS,
    CONSTANTS,
    CURRENCIES,
    LISTS,
    MCCS,
    MONEY_CONSTANTS,
    PARTIES,
    PURPOSES,
    SPANS_S,
    UNEVEN,
)
from tests.oracle.language import (
    DURATION,
    NUMBER,
    OWN_MONEY,
    SECOND_US,
    TEXT,
    TIME,
    Between,
    Call,
    Chain,
    Column,
    Compute,
    Condition,
    Converted,
    Every,
    IsNull,
    Listed,
    Minus,
    Number,
    OneOf,
    Outcome,
    Read,
    Some,
    Span,
    Text,
    TextTest,
    Unless,
    Value,
)
from tests.oracle.messages import LEVEL, POINTS

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]

AMOUNT = Column("amount", OWN_MONEY)
NOW = Column("occurred_at", TIME)
NUMBER_COLUMNS = (Column(POINTS, NUMBER), Column(LEVEL, NUMBER))
TEXT_COLUMNS: Mapping[str, Sequence[str]] = {
    "debtor.id": PARTIES,
    "creditor.id": PARTIES,
    "merchant.mcc": MCCS,
    "channel": CHANNELS,
    "currency": CURRENCIES,
    "purpose": PURPOSES,
}


_HUGE = (Number(Decimal(4 * 10**18)),) if layers.OVERFLOW else ()
"""Times this, many amounts and numbers leave int64."""


@dataclass(frozen=True)
class Names:
    """What a condition may name beside the columns."""

    features: tuple[Read, ...] = ()
    uneven: frozenset[str] = frozenset()
    """Features that are computed by a root: they are compared only with what they never equal."""
    rules: tuple[str, ...] = ()

    def of(self, *kinds: str) -> list[Read]:
        """Return the features of some kinds that may be computed with."""
        return [each for each in self.features if each.kind in kinds and each.name not in self.uneven]


def one_of(draw: st.DrawFn, *choices: T) -> T:
    """Draw one of some things; the first is the simplest."""
    return choices[draw(st.integers(0, len(choices) - 1))]


@st.composite
def conditions(draw: st.DrawFn, names: Names, depth: int = 2) -> Condition:
    """Draw a condition of at most so many levels of and, or, not."""
    if depth:
        shape = one_of(draw, "atom", "atom", "and", "or", "not")
        if shape in ("and", "or"):
            parts = tuple(draw(st.lists(conditions(names, depth - 1), min_size=2, max_size=3)))
            return Every(parts) if shape == "and" else Some(parts)
        if shape == "not":
            return Unless(draw(conditions(names, depth - 1)))
    return one_of(draw, *_atoms(names))(draw, names)


def _atoms(names: Names) -> list[Callable[[st.DrawFn, Names], Condition]]:
    atoms: list[Callable[[st.DrawFn, Names], Condition]] = [
        _ordered,
        _ordered,
        _ordered,
        _chain,
        _clock,
        _texts,
        _among,
        _null,
        _text_test,
    ]
    if names.features:
        atoms += [_of_feature] * 6
    if layers.BETWEEN:
        atoms.append(_between)
    if layers.LISTS:
        atoms.append(_listed)
    if layers.RULE_REFERENCES and names.rules:
        atoms.append(lambda draw, names: Outcome(one_of(draw, *names.rules)))
    return atoms


def _ordered(draw: st.DrawFn, names: Names) -> Condition:
    left = draw(numeric(names))
    return Chain(left[0], ((_sign(draw), draw(_comparable(left, names))),))


def _of_feature(draw: st.DrawFn, names: Names) -> Condition:
    read = one_of(draw, *names.features)
    if read.kind == TEXT:
        return Chain(read, (("==", one_of(draw, *(Column(name, TEXT) for name in TEXT_COLUMNS))),))
    if read.kind == TIME:
        return Chain(Compute("-", NOW, read), ((_sign(draw), draw(_constants(DURATION))),))
    if read.name in names.uneven:
        return Chain(read, ((one_of(draw, "<", ">"), Number(Decimal(one_of(draw, *UNEVEN)))),))
    return Chain(read, ((_sign(draw), draw(_constants(read.kind))),))


def _chain(draw: st.DrawFn, names: Names) -> Condition:
    middle = draw(numeric(names))
    low, high = draw(_constants(middle[1])), draw(_comparable(middle, names))
    return Chain(low, ((one_of(draw, "<=", "<"), middle[0]), (one_of(draw, "<", "<="), high)))


def _between(draw: st.DrawFn, names: Names) -> Condition:
    value = draw(numeric(names))
    return Between(value[0], draw(_constants(value[1])), draw(_comparable(value, names)))


def _clock(draw: st.DrawFn, names: Names) -> Condition:
    function = one_of(draw, "hour", "weekday")
    limit = Number(Decimal(draw(st.integers(0, 9))))
    return Chain(Call(function, (NOW,)), ((_sign(draw), limit),))


def _texts(draw: st.DrawFn, names: Names) -> Condition:
    column = one_of(draw, *TEXT_COLUMNS)
    right = Text(one_of(draw, *TEXT_COLUMNS[column]), _name(draw))
    return Chain(Column(column, TEXT), ((one_of(draw, "==", "!="), right),))


def _among(draw: st.DrawFn, names: Names) -> Condition:
    negated = draw(st.booleans())
    if draw(st.booleans()):
        column = one_of(draw, *TEXT_COLUMNS)
        items = draw(st.lists(st.sampled_from(TEXT_COLUMNS[column]), min_size=1, max_size=3))
        return OneOf(Column(column, TEXT), tuple(map(Text, items)), negated)
    value, kind = draw(numeric(names))
    numbers = draw(st.lists(_constants(kind), min_size=1, max_size=3))
    return OneOf(value, tuple(numbers), negated)


def _null(draw: st.DrawFn, names: Names) -> Condition:
    values: list[Value] = [*(Column(name, TEXT) for name in TEXT_COLUMNS), *names.features, AMOUNT]
    return IsNull(one_of(draw, *values), draw(st.booleans()))


def _text_test(draw: st.DrawFn, names: Names) -> Condition:
    part = one_of(draw, "a", "A", "rent", "ß", "5")
    return TextTest(one_of(draw, "contains", "starts_with"), one_of(draw, "purpose", "debtor.id"), part)


def _listed(draw: st.DrawFn, names: Names) -> Condition:
    return Listed(one_of(draw, "debtor.id", "creditor.id"), one_of(draw, *LISTS), draw(st.booleans()))


def _sign(draw: st.DrawFn) -> str:
    return one_of(draw, ">=", "<", ">", "<=", "==", "!=")


def _name(draw: st.DrawFn) -> str | None:
    return one_of(draw, None, "limit")


@st.composite
def _constants(draw: st.DrawFn, kind: str) -> Number | Span:
    if kind == DURATION:
        return Span(one_of(draw, *SPANS_S) * SECOND_US, _name(draw))
    digits = one_of(draw, *(MONEY_CONSTANTS if is_money(kind) else CONSTANTS))
    if kind == OWN_MONEY and not layers.OWN_MONEY_DECIMALS:
        digits = digits.replace("1.13", "1")
    return Number(Decimal(digits), _name(draw))


@st.composite
def _comparable(draw: st.DrawFn, left: tuple[Value, str], names: Names) -> Value:
    """Draw something to compare a value with: mostly a constant."""
    kind = left[1]
    if draw(st.integers(0, 3)) or kind in (DURATION, OWN_MONEY):
        return draw(_constants(kind))
    if kind == NUMBER:
        numbers: list[Value] = [*NUMBER_COLUMNS, *names.of(NUMBER)]
        return one_of(draw, *numbers)
    amounts: list[Value] = [Converted(kind), *names.of(kind), NUMBER_COLUMNS[0]]
    return one_of(draw, *amounts)


@st.composite
def numeric(draw: st.DrawFn, names: Names, depth: int = 2) -> tuple[Value, str]:
    """Draw a value that can be ordered, and its kind."""
    terms: list[Value] = [*NUMBER_COLUMNS, AMOUNT, *map(Converted, CURRENCIES)]
    term = one_of(draw, *terms, *names.of(NUMBER, DURATION, *CURRENCIES))
    kind = term.currency if isinstance(term, Converted) else term.kind  # type: ignore[union-attr]
    while depth and draw(st.integers(0, 2)) == 2:
        term, kind = _computed(draw, term, kind, names)
        depth -= 1
    return term, kind


def _computed(draw: st.DrawFn, term: Value, kind: str, names: Names) -> tuple[Value, str]:
    shape = one_of(draw, "+", "-", "*", "/", "%", "negative", "call", "ratio")
    if shape == "negative":
        return Minus(term), kind
    if shape in "*/":
        factor = one_of(draw, Number(Decimal(2)), Number(Decimal("0.5")), NUMBER_COLUMNS[0], *_HUGE)
        return Compute(shape, term, factor), kind
    if shape == "call" and kind != DURATION:
        if draw(st.booleans()):
            return Call("abs", (term,)), NUMBER
        return Call(one_of(draw, "least", "greatest"), (term, NUMBER_COLUMNS[0])), NUMBER
    other = draw(_comparable((term, kind), names))
    if shape in ("call", "ratio"):
        if kind in (OWN_MONEY, NUMBER) or not isinstance(other, Converted | Read | Span):
            other = Converted(kind) if kind in CURRENCIES else other
        if kind == OWN_MONEY:
            return Compute("/", term, AMOUNT), NUMBER
        return Compute("/", term, other), NUMBER
    return Compute(shape, term, other), kind

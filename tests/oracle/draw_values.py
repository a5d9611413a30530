"""Draws values of all kinds, and constants to compare them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.domain import (
    CHANNELS,
    CONSTANTS,
    CURRENCIES,
    MCCS,
    MONEY_CONSTANTS,
    PARTIES,
    PURPOSES,
    SPANS_S,
)
from tests.oracle.language import (
    DURATION,
    NUMBER,
    OWN_MONEY,
    SECOND_US,
    TIME,
    Call,
    Column,
    Compute,
    Converted,
    Minus,
    Money,
    Number,
    Read,
    Span,
    Value,
)
from tests.oracle.messages import LEVEL, POINTS
from tests.oracle.values import is_money

T = TypeVar("T")

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


def parameter(draw: st.DrawFn) -> str | None:
    """Draw whether a constant is a parameter."""
    return one_of(draw, None, "limit")


def sign(draw: st.DrawFn) -> str:
    """Draw how to compare."""
    return one_of(draw, ">=", "<", ">", "<=", "==", "!=")


@st.composite
def constants(draw: st.DrawFn, kind: str) -> Number | Money | Span:
    """Draw a constant to compare a kind of values with."""
    if kind == DURATION:
        return Span(one_of(draw, *SPANS_S) * SECOND_US, parameter(draw))
    digits = one_of(draw, *(MONEY_CONSTANTS if is_money(kind) else CONSTANTS))
    if kind == OWN_MONEY and not layers.OWN_MONEY_DECIMALS:
        digits = digits.replace("1.13", "1")
    value, name = Decimal(digits), parameter(draw)
    in_unit = draw(st.integers(0, 3)) == 3
    if kind in CURRENCIES and in_unit:
        return Money(value.to_integral_value() if kind == "JPY" else value, kind, name)
    # Only parameters can be in a unit that is no currency.
    return Number(value, name, "count" if kind == NUMBER and name and in_unit else None)


@st.composite
def comparable(draw: st.DrawFn, left: tuple[Value, str], names: Names) -> Value:
    """Draw something to compare a value with: mostly a constant."""
    kind = left[1]
    if draw(st.integers(0, 3)) or kind in (DURATION, OWN_MONEY):
        return draw(constants(kind))
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


def _called(draw: st.DrawFn, term: Value, kind: str) -> tuple[Value, str]:
    if isinstance(term, Converted) or term in (AMOUNT, NUMBER_COLUMNS[0]):
        digits = one_of(draw, None, None, "first_digit", "last_digits", "trailing_zeros", "digits")
        if digits is not None:
            wanted = (Number(Decimal(one_of(draw, 1, 2, 15))),) if digits == "last_digits" else ()
            return Call(digits, (term, *wanted)), NUMBER
    if draw(st.booleans()):
        factor = one_of(draw, None, Number(Decimal("0.5")), NUMBER_COLUMNS[1])
        inner = term if factor is None else Compute("*", term, factor)
        return Call(one_of(draw, "abs", "round"), (inner,)), kind
    return Call(one_of(draw, "least", "greatest"), (term, NUMBER_COLUMNS[0])), kind


def _computed(draw: st.DrawFn, term: Value, kind: str, names: Names) -> tuple[Value, str]:
    shape = one_of(draw, "+", "-", "*", "/", "%", "negative", "call", "ratio")
    if shape == "negative":
        return Minus(term), kind
    if shape in "*/":
        factor = one_of(draw, Number(Decimal(2)), Number(Decimal("0.5")), NUMBER_COLUMNS[0], *_HUGE)
        return Compute(shape, term, factor), kind
    if shape == "call" and kind != DURATION:
        return _called(draw, term, kind)
    other = draw(comparable((term, kind), names))
    if shape in ("call", "ratio"):
        if kind in (OWN_MONEY, NUMBER) or not isinstance(other, Converted | Read | Span):
            other = Converted(kind) if kind in CURRENCIES else other
        if kind == OWN_MONEY:
            return Compute("/", term, AMOUNT), NUMBER
        return Compute("/", term, other), NUMBER
    return Compute(shape, term, other), kind

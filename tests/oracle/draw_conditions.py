"""Draws conditions that mean something: types fit, and constants lie among the values that streams have."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.domain import (
    FAR,
    HOLIDAYS,
    LATITUDES,
    LISTS,
    PATTERNS,
    UNEVEN,
    ZONES,
)
from tests.oracle.draw_values import (
    AMOUNT,
    NOW,
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    Names,
    comparable,
    constants,
    numeric,
    one_of,
    parameter,
    sign,
)
from tests.oracle.functions import CLOCK, TEXT_TESTS
from tests.oracle.language import (
    DURATION,
    NUMBER,
    SECOND_US,
    TEXT,
    TIME,
    Between,
    Call,
    Chain,
    Column,
    Compute,
    Condition,
    Every,
    Holiday,
    IsNull,
    Listed,
    Minus,
    Number,
    OneOf,
    Outcome,
    Some,
    Span,
    Text,
    TextTest,
    Unless,
    Value,
)


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


@st.composite
def frequent(draw: st.DrawFn) -> Condition:
    """Draw a condition that about every other event meets."""
    return _texts(draw, Names())


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
        _places,
        _logarithm,
        _share,
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
    return Chain(left[0], ((sign(draw), draw(comparable(left, names))),))


def _of_feature(draw: st.DrawFn, names: Names) -> Condition:
    read = one_of(draw, *names.features)
    if read.kind == TEXT:
        return Chain(read, (("==", one_of(draw, *(Column(name, TEXT) for name in TEXT_COLUMNS))),))
    if read.kind == TIME:
        return Chain(Compute("-", NOW, read), ((sign(draw), draw(constants(DURATION))),))
    if read.name in names.uneven:
        return Chain(read, ((one_of(draw, "<", ">"), Number(Decimal(one_of(draw, *UNEVEN)))),))
    return Chain(read, ((sign(draw), draw(constants(read.kind))),))


def _chain(draw: st.DrawFn, names: Names) -> Condition:
    middle = draw(numeric(names))
    low, high = draw(constants(middle[1])), draw(comparable(middle, names))
    return Chain(low, ((one_of(draw, "<=", "<"), middle[0]), (one_of(draw, "<", "<="), high)))


def _between(draw: st.DrawFn, names: Names) -> Condition:
    value = draw(numeric(names))
    return Between(value[0], draw(constants(value[1])), draw(comparable(value, names)), draw(st.booleans()))


def _clock(draw: st.DrawFn, names: Names) -> Condition:
    later = Compute("+", NOW, Compute("*", Span(60 * SECOND_US), Number(Decimal("0.5"))))
    times: list[Value] = [NOW, NOW, later, *names.of(TIME)]
    time = one_of(draw, *times)
    if draw(st.integers(0, 3)) == 3:
        return Holiday(time, HOLIDAYS, one_of(draw, *ZONES))
    function = one_of(draw, *CLOCK)
    told = Call(function, (time,), one_of(draw, *ZONES))
    limits = (480, 1439, 330) if function == "minute_of_day" else (0, 1, 6, 7, 5, 23, 8)
    if draw(st.booleans()):
        items = tuple(Number(Decimal(one_of(draw, *limits))) for _ in range(2))
        return OneOf(told, items, draw(st.booleans()))
    return Chain(told, ((sign(draw), Number(Decimal(one_of(draw, *limits)))),))


def _places(draw: st.DrawFn, names: Names) -> Condition:
    """Distances and speeds are compared only with what they never equal."""
    here = (Column("device.lat", NUMBER), Column("device.lon", NUMBER))
    there = (Number(Decimal(str(one_of(draw, *LATITUDES)))), Minus(Number(Decimal("13.4"))))
    minute = Span(60 * SECOND_US)
    half = Compute("*", minute, Number(Decimal("0.5")))
    spans: list[Value] = [minute, half, *names.of(DURATION)]
    call = Call("distance_km", (*here, *there))
    if draw(st.booleans()):
        call = Call("speed_km_per_h", (*there, *here, one_of(draw, *spans)))
    return Chain(call, ((one_of(draw, "<", ">"), Number(Decimal(one_of(draw, *FAR)))),))


def _logarithm(draw: st.DrawFn, names: Names) -> Condition:
    value, kind = draw(numeric(names, 1))
    if kind == DURATION:
        return IsNull(value, True)
    return Chain(Call("log1p", (value,)), ((one_of(draw, "<", ">"), Number(Decimal(one_of(draw, *UNEVEN)))),))


def _share(draw: st.DrawFn, names: Names) -> Condition:
    percent = Number(Decimal(one_of(draw, 250, 100, 30)), "share", "percent")
    return Chain(one_of(draw, *NUMBER_COLUMNS), ((sign(draw), percent),))


def _texts(draw: st.DrawFn, names: Names) -> Condition:
    column = one_of(draw, *TEXT_COLUMNS)
    right = Text(one_of(draw, *TEXT_COLUMNS[column]), parameter(draw))
    return Chain(Column(column, TEXT), ((one_of(draw, "==", "!="), right),))


def _among(draw: st.DrawFn, names: Names) -> Condition:
    negated = draw(st.booleans())
    if draw(st.booleans()):
        column = one_of(draw, *TEXT_COLUMNS)
        items = draw(st.lists(st.sampled_from(TEXT_COLUMNS[column]), min_size=1, max_size=3))
        return OneOf(Column(column, TEXT), tuple(map(Text, items)), negated)
    value, kind = draw(numeric(names))
    numbers = draw(st.lists(constants(kind), min_size=1, max_size=3))
    return OneOf(value, tuple(numbers), negated)


def _null(draw: st.DrawFn, names: Names) -> Condition:
    values: list[Value] = [*(Column(name, TEXT) for name in TEXT_COLUMNS), *names.features, AMOUNT]
    return IsNull(one_of(draw, *values), draw(st.booleans()))


def _text_test(draw: st.DrawFn, names: Names) -> Condition:
    function = one_of(draw, *TEXT_TESTS)
    part = one_of(draw, *(PATTERNS if function == "matches" else ("a", "A", "rent", "ß", "5")))
    return TextTest(function, one_of(draw, "purpose", "debtor.id"), part)


def _listed(draw: st.DrawFn, names: Names) -> Condition:
    return Listed(one_of(draw, "debtor.id", "creditor.id"), one_of(draw, *LISTS), draw(st.booleans()))

"""Evaluates values one event at a time: Python's integers, floats where one comes in."""

from __future__ import annotations

import math
import operator as python
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.functions import (
    CLOCK,
    Numeric,
    distance_km,
    log1p,
    on_clock,
    read_digits,
    speed_km_per_h,
)
from tests.oracle.language import (
    DURATION,
    NUMBER,
    OWN_MONEY,
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
    Text,
    Value,
)
from tests.oracle.messages import EXPONENTS, Event, day_us
from tests.oracle.rulesets import Ruleset

Scalar = int | float | str
INT64_MAX = 2**63 - 1

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": python.eq,
    "!=": python.ne,
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
}


@dataclass(frozen=True)
class Scope:
    """What a condition may read: the event, its features and the outcomes of the rules before."""

    ruleset: Ruleset
    event: Event
    features: Mapping[str, Scalar | None]
    outcome: Callable[[str], bool | None]


def kind_of(node: Value) -> str:
    """Return the kind of a value; converted money is the code of its currency."""
    match node:
        case Number():
            return NUMBER
        case Call(function, arguments):
            return _kind_of_call(function, [kind_of(each) for each in arguments])
        case Text():
            return "text"
        case Span():
            return DURATION
        case Column() | Read():
            return node.kind
        case Converted(currency) | Money(_, currency):
            return currency
        case Minus(operand):
            return kind_of(operand)
        case Compute(sign, left, right):
            return _kind_of_result(sign, kind_of(left), kind_of(right))


def _kind_of_call(function: str, kinds: Sequence[str]) -> str:
    if function in ("abs", "round", "least", "greatest"):
        return next(filter(is_money, kinds), kinds[0])
    return NUMBER


def is_money(kind: str) -> bool:
    """Tell whether a kind is an amount of money."""
    return kind == OWN_MONEY or kind in EXPONENTS


def _kind_of_result(sign: str, left: str, right: str) -> str:
    if left == TIME:
        return DURATION if right == TIME else TIME
    if sign == "/" and left == right:
        return NUMBER
    return right if left == NUMBER else left


def in_days(t_us: int, first: date | None, last: date | None) -> bool:
    """Tell whether a time lies in some days: `first` inclusive, `last` exclusive, None open."""
    return (first is None or t_us >= day_us(first)) and (last is None or t_us < day_us(last))


def compare(sign: str, left: Value, right: Value, scope: Scope) -> bool | None:
    """Compare two values, None where either is unknown."""
    one, other = _beside(left, right, scope), _beside(right, left, scope)
    if one is None or other is None:
        return None
    return _COMPARE[sign](one, other)


def _beside(node: Value, other: Value, scope: Scope) -> Scalar | None:
    """Return a value; a plain number beside money becomes that money's minor units."""
    value = evaluate(node, scope)
    kind = kind_of(other)
    if value is None or kind_of(node) != NUMBER or not is_money(kind):
        return value
    factor = _per_major(kind, scope)
    if isinstance(node, Number):
        minor = _constant(Number(node.value * factor))
        # Where the currency may be another one there may be a fraction: then it is a float throughout.
        is_whole = kind != OWN_MONEY or node.value == node.value.to_integral_value()
        return minor if is_whole else float(minor)
    assert not isinstance(value, str)
    return _checked(value * factor)


def _per_major(kind: str, scope: Scope) -> int:
    """Return the minor units in one major unit of a kind of money."""
    return scope.event.minor_per_major if kind == OWN_MONEY else int(10 ** EXPONENTS[kind])


def _constant(node: Number) -> Numeric:
    value = node.value / 100 if node.unit == "percent" else node.value
    return int(value) if value == value.to_integral_value() else float(value)


def _checked(value: Numeric) -> Numeric | None:
    """Return a result, None where it is beyond int64 or no finite number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if -INT64_MAX - 1 <= value <= INT64_MAX else None


def evaluate(node: Value, scope: Scope) -> Scalar | None:
    """Return a value: money in minor units, times and durations in microseconds, None where unknown."""
    event = scope.event
    match node:
        case Number():
            return _constant(node)
        case Money(amount, currency):
            return int(amount * 10 ** EXPONENTS[currency])
        case Text(text):
            return text
        case Span(us):
            return us
        case Converted(currency):
            return convert(event, currency, scope.ruleset)
        case Column():
            return read_column(event, node.name)
        case Read(name):
            return scope.features[name]
        case Minus(operand):
            value = numeric_of(evaluate(operand, scope))
            return None if value is None else _checked(-value)
        case Call():
            return _call(node, scope)
        case Compute():
            return _compute(node, scope)


def read_column(event: Event, name: str) -> Scalar | None:
    """Return a column of an event."""
    if name == "occurred_at":
        return event.t_us
    if name == "amount":
        return event.amount
    return event.texts.get(name, event.numbers.get(name))


def convert(event: Event, currency: str, ruleset: Ruleset) -> int | None:
    """Return the amount in minor units of a currency, rounded half to even."""
    own = event.texts.get("currency")
    if event.amount is None or own is None:
        return None
    if own == currency:
        return event.amount
    earlier = [rates for day, rates in ruleset.rates if day_us(day) <= event.t_us]
    rates: dict[str, Decimal] = {
        ruleset.base: Decimal(1),
        **dict(earlier[-1] if earlier else ruleset.rates[0][1]),
    }
    if own not in rates or currency not in rates:
        return None
    major = Fraction(event.amount, 10 ** EXPONENTS[own]) / Fraction(rates[own]) * Fraction(rates[currency])
    return round(major * int(10 ** EXPONENTS[currency]))


def numeric_of(value: Scalar | None) -> Numeric | None:
    """Return a value that is no text."""
    assert not isinstance(value, str)
    return value


def _compute(node: Compute, scope: Scope) -> Numeric | None:
    plain = node.operator in "*/" and NUMBER in (kind_of(node.left), kind_of(node.right))
    if plain:
        # Money times or by a plain number: the number is a factor, not an amount.
        one, other = evaluate(node.left, scope), evaluate(node.right, scope)
    else:
        one, other = _beside(node.left, node.right, scope), _beside(node.right, node.left, scope)
    left, right = numeric_of(one), numeric_of(other)
    if left is None or right is None:
        return None
    if node.operator in "/%" and right == 0:
        return None
    try:
        return _checked(_apply(node.operator, left, right))
    except OverflowError:
        return None


def _apply(sign: str, left: Numeric, right: Numeric) -> Numeric:
    if isinstance(left, float) or isinstance(right, float) or sign == "/":
        left, right = float(left), float(right)
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case _:
            return left % right


def _call(node: Call, scope: Scope) -> Numeric | None:
    function, arguments = node.function, node.arguments
    if function in ("least", "greatest"):
        left, right = arguments
        pair = numeric_of(_beside(left, right, scope)), numeric_of(_beside(right, left, scope))
        both = [each for each in pair if each is not None]
        if len(both) < 2:
            return None
        chosen = min(both) if function == "least" else max(both)
        return float(chosen) if float in map(type, both) else chosen
    values = [numeric_of(evaluate(each, scope)) for each in arguments]
    known = [each for each in values if each is not None]
    if len(known) < len(values):
        return None
    if function == "distance_km":
        return distance_km(*known)
    if function == "speed_km_per_h":
        return speed_km_per_h(*known)
    value, kind = known[0], kind_of(arguments[0])
    if function in CLOCK:
        return CLOCK[function](on_clock(round(value), node.zone))
    if function == "abs":
        return _checked(abs(value))
    unit = _per_major(kind, scope) if is_money(kind) else 1
    if function == "round":
        whole = round(value / unit if isinstance(value, float) else Fraction(value, unit))
        return _checked(whole * unit) if _checked(whole) is not None else None
    if function == "log1p":
        return log1p(value / unit if is_money(kind) else value)
    assert isinstance(value, int)
    return read_digits(function, value, unit, int(known[-1]))

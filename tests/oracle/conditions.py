"""Evaluates conditions one event at a time: Kleene's logic, Python's integers, floats where one comes in."""

from __future__ import annotations

import math
import operator as python
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.language import (
    DAY_US,
    DURATION,
    HOUR_US,
    NUMBER,
    OWN_MONEY,
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
    Ruleset,
    Some,
    Span,
    Text,
    TextTest,
    Unless,
    Value,
)
from tests.oracle.messages import EXPONENTS, Event, day_us

Scalar = int | float | str
Numeric = int | float
INT64_MAX = 2**63 - 1
EARTH_RADIUS_KM = 6371.0088

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
        case Number() | Call():
            return NUMBER
        case Text():
            return "text"
        case Span():
            return DURATION
        case Column() | Read():
            return node.kind
        case Converted(currency):
            return currency
        case Minus(operand):
            return kind_of(operand)
        case Compute(sign, left, right):
            return _kind_of_result(sign, kind_of(left), kind_of(right))


def is_money(kind: str) -> bool:
    """Tell whether a kind is an amount of money."""
    return kind == OWN_MONEY or kind in EXPONENTS


def _kind_of_result(sign: str, left: str, right: str) -> str:
    if left == TIME:
        return DURATION if right == TIME else TIME
    if sign == "/" and left == right:
        return NUMBER
    return right if left == NUMBER else left


def truth(node: Condition, scope: Scope) -> bool | None:
    """Return whether a condition holds, None where that is unknown."""
    match node:
        case Every(parts):
            return _every([truth(part, scope) for part in parts])
        case Some(parts):
            return _not(_every([_not(truth(part, scope)) for part in parts]))
        case Unless(part):
            return _not(truth(part, scope))
        case Chain(first, links):
            lefts = [first, *(right for _, right in links)]
            pairs = zip(lefts, links, strict=False)
            return _every([compare(sign, left, right, scope) for left, (sign, right) in pairs])
        case Between(value, low, high):
            return _every([compare(">=", value, low, scope), compare("<=", value, high, scope)])
        case OneOf(value, items, negated):
            equals = [_not(compare("==", value, item, scope)) for item in items]
            among = _not(_every(equals))
            return _not(among) if negated else among
        case IsNull(value, negated):
            return (evaluate(value, scope) is None) != negated
        case TextTest(function, column, part):
            return _text_test(function, scope.event.texts.get(column), part)
        case Listed(column, name, negated):
            listed = is_listed(scope.ruleset, name, scope.event, column)
            return _not(listed) if negated else listed
        case Outcome(rule_id):
            return scope.outcome(rule_id)


def _every(parts: list[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _not(part: bool | None) -> bool | None:
    return None if part is None else not part


def _text_test(function: str, text: str | None, part: str) -> bool | None:
    if text is None:
        return None
    if function == "starts_with":
        return text.casefold().startswith(part.casefold())
    return part.casefold() in text.casefold()


def is_listed(ruleset: Ruleset, name: str, event: Event, column: str) -> bool | None:
    """Tell whether a column's text is on a list at the event's time, None where it is missing."""
    text = event.texts.get(column)
    if text is None:
        return None
    entries = dict(ruleset.lists)[name]
    return any(
        entry.text == text and in_days(event.t_us, entry.first_day, entry.last_day) for entry in entries
    )


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
    factor = scope.event.minor_per_major if kind == OWN_MONEY else 10 ** EXPONENTS[kind]
    if isinstance(node, Number):
        return _constant(Number(node.value * factor))
    assert not isinstance(value, str)
    return _checked(value * factor)


def _constant(node: Number) -> Numeric:
    whole = node.value == node.value.to_integral_value()
    return int(node.value) if whole else float(node.value)


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
            value = _numeric(evaluate(operand, scope))
            return None if value is None else _checked(-value)
        case Call(function, arguments):
            return _call(function, [_in_major_units(each, scope) for each in arguments])
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


def _numeric(value: Scalar | None) -> Numeric | None:
    assert not isinstance(value, str)
    return value


def _compute(node: Compute, scope: Scope) -> Numeric | None:
    plain = node.operator in "*/" and NUMBER in (kind_of(node.left), kind_of(node.right))
    if plain:
        # Money times or by a plain number: the number is a factor, not an amount.
        one, other = evaluate(node.left, scope), evaluate(node.right, scope)
    else:
        one, other = _beside(node.left, node.right, scope), _beside(node.right, node.left, scope)
    left, right = _numeric(one), _numeric(other)
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


def _in_major_units(node: Value, scope: Scope) -> Numeric | None:
    value = _numeric(evaluate(node, scope))
    kind = kind_of(node)
    if value is None or not is_money(kind):
        return value
    return value / (scope.event.minor_per_major if kind == OWN_MONEY else 10 ** EXPONENTS[kind])


def _call(function: str, arguments: list[Numeric | None]) -> Numeric | None:
    known = [each for each in arguments if each is not None]
    if len(known) < len(arguments):
        return None
    if function in ("least", "greatest"):
        return min(known) if function == "least" else max(known)
    if function == "distance_km":
        return _distance_km(*known)
    value = known[0]
    if function == "abs":
        return _checked(abs(value))
    if function == "log1p":
        return math.log1p(value) if value > -1 else None
    hours = int(value) // HOUR_US
    return hours % 24 if function == "hour" else (int(value) // DAY_US + 3) % 7 + 1


def _distance_km(lat_a: Numeric, lon_a: Numeric, lat_b: Numeric, lon_b: Numeric) -> float:
    """Great-circle distance by the spherical law of cosines in its stable form (Vincenty on a sphere)."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    turn = math.radians(lon_b - lon_a)
    across = math.hypot(
        math.cos(b) * math.sin(turn), math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    )
    along = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return EARTH_RADIUS_KM * math.atan2(across, along)

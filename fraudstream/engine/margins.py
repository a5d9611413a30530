"""How far a number lies from what a condition compares it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fraudstream.engine.wording import Moment, in_words
from fraudstream.events.money import EXPONENTS, factor
from fraudstream.rules.compile import Compiled
from fraudstream.rules.operators import MIRRORED
from fraudstream.rules.tree import Comparison, Literal
from fraudstream.rules.types import DURATION, Kind, Type

_KINDS = (Kind.NUMBER, Kind.MONEY, Kind.DURATION, Kind.TIME)
_ORDERS = ("<", "<=", ">", ">=")


@dataclass(frozen=True)
class Margin:
    """A comparison of two numbers: `actual operator threshold`, each as it is shown in a sentence.

    `actual_name` is what was measured, as it is written, and `threshold_name` what it was held against,
    None for a constant. `difference` is actual - threshold with its sign, and `ratio` actual / threshold,
    None where either is not above zero, or a time.
    """

    actual_name: str
    actual: str
    operator: str
    threshold_name: str | None
    threshold: str
    difference: str
    ratio: float | None


def margin(part: Compiled, moment: Moment) -> Margin | None:
    """Return the margin of a comparison; None where it orders no numbers, or one of them is not known."""
    node = part.node
    if not isinstance(node, Comparison) or node.operator not in _ORDERS:
        return None
    (first, second), operator = part.operands, node.operator
    if isinstance(first.node, Literal):
        first, second, operator = second, first, MIRRORED[operator]
    type_ = second.type if second.type.kind is Kind.MONEY else first.type
    actual, threshold = _value(first, type_, moment), _value(second, type_, moment)
    if type_.kind not in _KINDS or actual is None or threshold is None:
        return None
    shown = in_words(type_)
    is_share = type_.kind is not Kind.TIME and min(actual, threshold) > 0
    return Margin(
        first.text,
        shown(actual, moment),
        operator,
        second.node.label if isinstance(second.node, Literal) else second.text,
        shown(threshold, moment),
        _signed(actual - threshold, DURATION if type_.kind is Kind.TIME else type_, moment),
        round(actual / threshold, 4) if is_share else None,
    )


def _value(part: Compiled, type_: Type, moment: Moment) -> Any:
    """Return a value as numbers of a type are held: a plain number beside money is in major units."""
    value = moment.value(part.slot)
    if value is None or type_.kind is not Kind.MONEY or part.type.kind is not Kind.NUMBER:
        return value
    currency = type_.currency or moment.currency
    return value * factor(currency) if currency in EXPONENTS else value


def _signed(difference: Any, type_: Type, moment: Moment) -> str:
    sign = "-" if difference < 0 else "+"
    return f"{sign}{in_words(type_)(abs(difference), moment)}"

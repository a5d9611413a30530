"""What is usual of an input of a model: expressions that only the reader of an alert sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fraudstream.rules.compile import Compiled, expression
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.program import Program
from fraudstream.rules.scope import Scope
from fraudstream.rules.tree import Node
from fraudstream.rules.types import Kind, Type

_RANGED = (Kind.NUMBER, Kind.MONEY, Kind.DURATION)


@dataclass(frozen=True)
class BoundUsual:
    """What an alert shows of an input, and between which values it usually lies; None = no such bound."""

    value: Compiled
    low: Compiled | None
    high: Compiled | None


def bound_usual(
    program: Program, name: str, whole: Node, parts: Mapping[str, Node], scope: Scope
) -> BoundUsual:
    """Add what is usual of the input `name`, whose own expression is `whole`; ExpressionError as it says."""
    value = expression(program, parts.get("value", whole), scope)
    if value.type.kind not in _RANGED:
        raise _no_range("value", name, value)
    bounds: dict[str, Compiled] = {}
    for part in ("low", "high"):
        if part in parts:
            bounds[part] = bound = expression(program, parts[part], scope)
            _check(part, name, bound, value.type)
    return BoundUsual(value, bounds.get("low"), bounds.get("high"))


def _check(part: str, name: str, bound: Compiled, value: Type) -> None:
    if bound.type.kind not in _RANGED:
        raise _no_range(part, name, bound)
    units = {bound.type.unit, value.unit} - {None}
    if bound.type != value or len(units) > 1:
        message = (
            f"{part} of {name} is {bound.type}, and what it is a bound of is {value}: "
            "let value, low and high be of one kind"
        )
        raise ExpressionError(message, bound.node.position)


def _no_range(part: str, name: str, found: Compiled) -> ExpressionError:
    message = f"{part} of {name} is {found.type}, and has no range: write a number, an amount or a duration"
    return ExpressionError(message, found.node.position)

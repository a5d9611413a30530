"""Mutants: a rule with one thing changed, which its own cases must notice.

What is changed: every parameter and every number or duration in an expression by a notch up and down (whole
numbers by 1, others by 5 %, durations by a second), every comparison at its limit, every window by a second,
every clause and every `where` left out, `and` and `or` for one another, every `not` taken away, every end
of a band by a notch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fraudstream.rules.durations import DURATION_US_MAX, format_duration
from fraudstream.rules.errors import Problem
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.reachability import position
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.schema import WINDOW_US_MAX
from fraudstream.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Duration,
    IsNull,
    Junction,
    Literal,
    Money,
    Negative,
    Node,
    Not,
    Quantity,
    parts,
    rebuilt,
    write,
    write_constant,
)

SECOND_US = 1_000_000
_AT_THE_LIMIT = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_OPPOSITE = {"==": "!=", "!=": "=="}
_SHARE = Decimal("0.05")


@dataclass(frozen=True)
class Mutant:
    """A changed rule; `change` says what, `place` where, `remedy` which case would notice."""

    rule: Rule
    change: str
    remedy: str
    place: Problem


@dataclass(frozen=True)
class _Variant:
    """A changed expression, None where it is left out altogether."""

    node: Node | None
    change: str
    remedy: str
    position: int


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Yield every mutant of a rule, in the order of its file."""
    yield from _of_params(rule)
    for name, where in rule.where.items():
        if where is not None:
            yield from _of_where(rule, name, where)
        yield from _of_window(rule, name)
    for variant in _variants(rule.when):
        if variant.node is not None:
            yield _mutant(rule, variant, when=variant.node)
    yield from _of_bands(rule)


def notches(value: Constant) -> Iterator[Constant]:
    """Yield a constant moved a notch down and up; nothing for what has no order."""
    match value:
        case Decimal():
            notch = Decimal(1) if value == value.to_integral_value() else abs(value) * _SHARE
            yield value - notch
            yield value + notch
        case Money(amount, currency):
            yield from (Money(moved, currency) for moved in notches(amount) if isinstance(moved, Decimal))
        case Quantity(given, unit):
            yield from (Quantity(moved, unit) for moved in notches(given) if isinstance(moved, Decimal))
        case Duration(us):
            for moved in (us - SECOND_US, us + SECOND_US):
                if 0 < moved <= DURATION_US_MAX:
                    yield Duration(moved)
        case Money(amount, currency):
            yield from (Money(moved, currency) for moved in notches(amount) if isinstance(moved, Decimal))
        case Quantity(given, unit):
            yield from (Quantity(moved, unit) for moved in notches(given) if isinstance(moved, Decimal))


def _mutant(rule: Rule, variant: _Variant, **changed: Any) -> Mutant:
    place = rule.locate(ExpressionError(variant.change, variant.position))
    return Mutant(replace(rule, **changed), variant.change, variant.remedy, place)


def _of_params(rule: Rule) -> Iterator[Mutant]:
    labelled = {
        part.label: part.value
        for tree in (rule.when, *rule.bands, *rule.where.values())
        for part in (parts(tree) if tree is not None else ())
        if isinstance(part, Literal) and part.label is not None
    }
    for name in rule.spec.params:
        for moved in notches(labelled.get(name)):
            put = _putting(name, moved)
            value = write_constant(labelled[name])
            change = f"{name} {value} as {write_constant(moved)}"
            where = {key: None if tree is None else put(tree) for key, tree in rule.where.items()}
            yield Mutant(
                replace(rule, when=put(rule.when), where=where, bands=tuple(map(put, rule.bands))),
                change,
                f"add a case at exactly {value}, and one just beyond it",
                rule.file.problem(("params", name), change),
            )


def _of_bands(rule: Rule) -> Iterator[Mutant]:
    """Yield a rule with each constant end of a band moved, in both bands that meet there."""
    ends = {part: part.position for band in rule.bands for part in parts(band) if isinstance(part, Literal)}
    for end, place in ends.items():
        if end.label is not None:
            continue
        for moved in notches(end.value):
            put = _swapping(end, replace(end, value=moved))
            change = f"{write(end)} of the bands as {write_constant(moved)}"
            remedy = f"add a case at exactly {write(end)} that names its band, and one just below"
            variant = _Variant(None, change, remedy, place)
            yield _mutant(rule, variant, bands=tuple(map(put, rule.bands)))


def _swapping(old: Literal, new: Literal) -> Callable[[Node], Node]:
    """Return what puts one constant in the place of another."""

    def put(node: Node) -> Node:
        return new if node == old else rebuilt(node, put)

    return put


def _of_where(rule: Rule, name: str, where: Node) -> Iterator[Mutant]:
    left_out = _Variant(
        None,
        f"where of {name} left out",
        f"add a case whose history has an event that {name} must not count",
        position(where),
    )
    inside = (replace(each, change=f"where of {name}: {each.change}") for each in _variants(where))
    for variant in (left_out, *inside):
        yield _mutant(rule, variant, where={**rule.where, name: variant.node})


def _of_window(rule: Rule, name: str) -> Iterator[Mutant]:
    """Yield a feature with its window, and its offset, a second shorter and longer."""
    spec = rule.spec.features[name]
    for key, length_us in (("window", spec.window), ("offset", spec.offset)):
        if length_us is None:
            continue
        back_us = (spec.window or 0) + (spec.offset or 0) if key == "window" else length_us
        remedy = _at_edge(format_duration(back_us), is_end=key == "window")
        for moved_us in (length_us - SECOND_US, length_us + SECOND_US):
            if not 0 < moved_us <= WINDOW_US_MAX:
                continue
            features = {**rule.spec.features, name: spec.model_copy(update={key: moved_us})}
            change = f"{key} of {name} {format_duration(length_us)} as {format_duration(moved_us)}"
            yield Mutant(
                replace(rule, spec=rule.spec.model_copy(update={"features": features})),
                change,
                remedy[moved_us > length_us],
                rule.file.problem(("features", name, key), change),
            )


def _at_edge(back: str, *, is_end: bool) -> tuple[str, str]:
    """Return the cases that notice an edge of a window a second later and a second earlier."""
    if is_end:
        return (
            f"add a case in which an event that happened one second less than {back} before still counts",
            f"add a case in which an event that happened exactly {back} before counts no more",
        )
    return (
        f"add a case in which an event that happened one second less than {back} before does not count yet",
        f"add a case in which an event that happened exactly {back} before counts already",
    )


def _putting(name: str, value: Constant) -> Callable[[Node], Node]:
    """Return what gives the parameter of that name another value."""

    def put(node: Node) -> Node:
        if isinstance(node, Literal) and node.label == name:
            return replace(node, value=value)
        return rebuilt(node, put)

    return put


def _variants(node: Node) -> Iterator[_Variant]:
    """Yield every change of an expression, those of a node before those of its operands."""
    yield from _own(node)
    for index, operand in enumerate(_operands(node)):
        for variant in _variants(operand):
            if variant.node is not None:
                yield replace(variant, node=_with(node, index, variant.node))


def _own(node: Node) -> Iterator[_Variant]:
    place = position(node)
    match node:
        case Literal(value, None, start):
            for moved in notches(value):
                change = f"{write_constant(value)} as {write_constant(moved)}"
                remedy = f"add a case at exactly {write_constant(value)}, and one just beyond it"
                yield _Variant(replace(node, value=moved), change, remedy, start)
        case Comparison(operator) if operator in _AT_THE_LIMIT:
            other = _AT_THE_LIMIT[operator]
            remedy = f"add a case where {write(node.left)} is exactly {write(node.right)}"
            yield _Variant(replace(node, operator=other), f"{write(node)} as {other}", remedy, place)
        case Comparison(operator) if operator in _OPPOSITE:
            other = _OPPOSITE[operator]
            remedy = "add a case for which this clause decides"
            yield _Variant(replace(node, operator=other), f"{write(node)} as {other}", remedy, place)
        case Not(operand):
            remedy = "add a case for which this clause decides"
            yield _Variant(operand, f"{write(node)} without its not", remedy, place)
        case Junction(operator, operands):
            yield from _of_junction(node, operator, operands)


def _of_junction(node: Junction, operator: str, operands: tuple[Node, ...]) -> Iterator[_Variant]:
    other, decided = ("or", "false: it is a miss") if operator == "and" else ("and", "true: it is a hit")
    remedy = f"add a case for which only some of these clauses are {decided.partition(':')[0]}"
    yield _Variant(replace(node, operator=other), f"{write(node)} with {other}", remedy, position(node))
    for index, operand in enumerate(operands):
        rest = operands[:index] + operands[index + 1 :]
        without = rest[0] if len(rest) == 1 else replace(node, operands=rest)
        remedy = f"add a case for which this clause alone is {decided}"
        yield _Variant(without, f"{write(operand)} left out", remedy, position(operand))


def _operands(node: Node) -> tuple[Node, ...]:
    """Return the operands that are changed one by one; the items of a list are not."""
    match node:
        case Negative(operand) | IsNull(operand) | Not(operand):
            return (operand,)
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            return (left, right)
        case Junction(_, operands) | Call(_, operands):
            return operands
        case _:
            return ()


def _with(node: Node, index: int, operand: Node) -> Node:
    """Return a node with one of its operands replaced."""
    numbers = iter(range(len(_operands(node))))
    return rebuilt(node, lambda each: operand if next(numbers) == index else each)

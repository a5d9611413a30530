"""The rule machine against a slow evaluation of the tree, one event at a time, in exact arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    IsNull,
    Junction,
    Listing,
    Literal,
    Money,
    Name,
    Negative,
    Node,
    Not,
)
from tests.unit.rules.expressions import values

MIN, MAX = -(2**63), 2**63 - 1
Event = Mapping[str, Any]
Plain = int | float | bool | None


def constant(node: Node, money: bool) -> Fraction | None:
    """Return a constant in minor units where it stands beside money."""
    match node:
        case Literal(Decimal() as number):
            return Fraction(number) * (100 if money else 1)
        case Literal(Money(amount, _)):
            return Fraction(amount) * 100
    return None


def is_money(node: Node) -> bool:
    """Tell whether an expression is an amount."""
    match node:
        case Name("amount_usd") | Literal(Money()):
            return True
        case Negative(operand):
            return is_money(operand)
        case Arithmetic("+" | "-" | "%" | "*", left, right) | Call(_, (left, right)):
            return is_money(left) or is_money(right)
        case Call(_, (operand,)):
            return is_money(operand)
    return False


def fits(number: int | None) -> int | None:
    """Return a whole number, None where it is no int64."""
    return number if number is not None and MIN <= number <= MAX else None


def number(node: Node, event: Event, money: bool) -> int | None:
    """Evaluate an expression over whole numbers; plain numbers are scaled where `money` is asked for."""
    own = constant(node, money)
    if own is not None:
        return int(own)
    scale = 100 if money and not is_money(node) else 1
    result: int | None = None
    match node:
        case Name("amount_usd"):
            result = event.get("amount")
        case Name(name):
            result = event.get(name)
        case Negative(operand):
            inner = number(operand, event, is_money(operand))
            result = None if inner is None else fits(-inner)
        case Call("abs", (operand,)):
            inner = number(operand, event, is_money(operand))
            result = None if inner is None else fits(abs(inner))
        case Call(word, (left, right)):
            both = is_money(left) or is_money(right)
            result = pick(word, number(left, event, both), number(right, event, both))
        case Arithmetic("*", left, right):
            result = computed("*", number(left, event, is_money(left)), number(right, event, is_money(right)))
        case Arithmetic(operator, left, right):
            both = is_money(left) or is_money(right)
            result = computed(operator, number(left, event, both), number(right, event, both))
    return None if result is None else fits(result * scale)


def pick(word: str, left: int | None, right: int | None) -> int | None:
    """Return the least or the greatest."""
    if left is None or right is None:
        return None
    return min(left, right) if word == "least" else max(left, right)


def computed(operator: str, left: int | None, right: int | None) -> int | None:
    """Compute without bounds, then check them."""
    if left is None or right is None or (operator == "%" and right == 0):
        return None
    return fits({"+": left + right, "-": left - right, "*": left * right}.get(operator, left % (right or 1)))


def truth(node: Node, event: Event) -> bool | None:
    """Evaluate a condition by Kleene's rules."""
    match node:
        case Not(operand):
            inner = truth(operand, event)
            return None if inner is None else not inner
        case Junction(word, operands):
            found = [truth(each, event) for each in operands]
            decisive = word == "or"
            if decisive in found:
                return decisive
            return None if None in found else not decisive
        case IsNull(operand):
            return number(operand, event, is_money(operand)) is None
        case Comparison("in", left, Listing(items)):
            return truth(Junction("or", tuple(Comparison("==", left, item) for item in items)), event)
        case Comparison(operator, left, right):
            money = is_money(left) or is_money(right)
            sides: list[Fraction | int | None] = []
            for side in (left, right):
                own = constant(side, money)
                sides.append(number(side, event, money) if own is None else own)
            return None if None in sides else compared(operator, sides[0], sides[1])
    raise AssertionError(node)


def compared(operator: str, left: Any, right: Any) -> bool:
    """Compare two exact numbers."""
    verdicts: dict[str, bool] = {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return verdicts[operator]


wholes = st.one_of(
    st.integers(-5, 5), st.integers(-(10**6), 10**6), st.sampled_from([MIN, MIN + 1, MAX, MAX - 1, 2**32])
)
whole_constants = st.integers(0, 50).map(lambda each: Literal(Decimal(each)))
any_constants = st.decimals(-100, 100, places=3).map(lambda each: Literal(abs(each)))
plain_names = st.sampled_from(["tries", "size", "n"]).map(Name)


def grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Return expressions one level deeper."""
    return st.one_of(
        st.builds(Negative, inner),
        st.builds(Arithmetic, st.sampled_from("+-*%"), inner, inner),
        st.builds(lambda each: Call("abs", (each,)), inner),
        st.builds(lambda word, *both: Call(word, both), st.sampled_from(["least", "greatest"]), inner, inner),
    )


plain = st.recursive(st.one_of(plain_names, whole_constants), grown, max_leaves=5)
amounts: st.SearchStrategy[Node] = st.one_of(
    st.just(Name("amount_usd")),
    st.builds(
        lambda word, right: Arithmetic(word, Name("amount_usd"), right), st.sampled_from("+-%*"), plain
    ),
    st.builds(lambda right: Call("least", (Name("amount_usd"), right)), plain),
)
operators = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
money_constants = st.decimals(0, 100, places=2).map(lambda each: Literal(Money(each, "USD")))
comparisons: st.SearchStrategy[Node] = st.one_of(
    st.builds(Comparison, operators, plain, st.one_of(plain, any_constants)),
    st.builds(Comparison, operators, any_constants, plain_names),
    st.builds(Comparison, operators, amounts, st.one_of(plain, any_constants, money_constants, amounts)),
    st.builds(IsNull, plain),
    st.builds(
        lambda left, items: Comparison("in", left, Listing(tuple(items))),
        plain,
        st.lists(any_constants, min_size=1, max_size=3),
    ),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(
            lambda word, each: Junction(word, tuple(each)),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=6),
        ),
    ),
    max_leaves=8,
)
events = st.fixed_dictionaries(
    {"currency": st.just("USD")},
    optional={"tries": wholes, "size": wholes, "n": wholes, "amount": st.integers(-(10**15), 10**15)},
)


@settings(max_examples=150, deadline=None)
@given(st.lists(conditions, min_size=1, max_size=4), st.lists(events, min_size=1, max_size=5))
def test_the_machine_agrees_with_exact_arithmetic(nodes: list[Node], batch: list[Event]) -> None:
    """Whatever is drawn, every condition is true, false or unknown at the same events."""
    expected = [[truth(node, event) for event in batch] for node in nodes]
    assert values(nodes, batch) == expected

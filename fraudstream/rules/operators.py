"""The arithmetic, comparisons and logic of the language, as computations over the slots of a program."""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, cast

import numpy as np

from fraudstream.events.interning import Interner
from fraudstream.rules.functions import Function
from fraudstream.rules.types import DURATION, NUMBER, TIME, Kind, Type
from fraudstream.rules.vectors import (
    Array,
    Truth,
    Values,
    Vector,
    both,
    conjunction,
    disjunction,
    judged,
    negation,
)
from fraudstream.rules.view import View

Vectors = Sequence[Vector]
Compute = Callable[[View, Vectors], Vector]

_COMPARE: dict[str, Callable[[Any, Any], Array]] = {
    "==": python.eq,
    "!=": python.ne,
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
}
_COMPUTE: dict[str, Callable[[Any, Any], Array]] = {"+": python.add, "-": python.sub, "*": python.mul}


def result_type(operator: str, left: Type, right: Type) -> Type | None:
    """Return the type of `left operator right`, None where it means nothing."""
    kinds = (left.kind, right.kind)
    if operator in "+-":
        if operator == "-" and kinds == (Kind.TIME, Kind.TIME):
            return DURATION
        if kinds == (Kind.TIME, Kind.DURATION):
            return TIME
        return _alike(left, right)
    if operator == "*":
        if left == NUMBER:
            return right if right.kind in (Kind.NUMBER, Kind.MONEY, Kind.DURATION) else None
        return left if right == NUMBER and left.kind in (Kind.MONEY, Kind.DURATION) else None
    if operator == "/" and right == NUMBER and left.kind in (Kind.NUMBER, Kind.MONEY, Kind.DURATION):
        return left
    if operator == "/":
        return NUMBER if left == right and left.kind in (Kind.MONEY, Kind.DURATION) else None
    return _alike(left, right)


def _alike(left: Type, right: Type) -> Type | None:
    if left == right and left.kind in (Kind.NUMBER, Kind.MONEY, Kind.DURATION):
        return left
    if {left.kind, right.kind} == {Kind.NUMBER, Kind.MONEY}:
        return left if left.kind is Kind.MONEY else right
    return None


def values(vectors: Vectors, slot: int) -> Values:
    """Return a slot that holds values."""
    return cast(Values, vectors[slot])


def truth(vectors: Vectors, slot: int) -> Truth:
    """Return a slot that holds a condition."""
    return cast(Truth, vectors[slot])


def arithmetic(operator: str, left: int, right: int) -> Compute:
    """Compute + - * over two slots, or / and %, which are unknown where the divisor is zero."""
    if operator in _COMPUTE:
        function = _COMPUTE[operator]

        def compute(_: View, vectors: Vectors) -> Vector:
            one, other = values(vectors, left), values(vectors, right)
            return Values(function(one.data, other.data), both(one.known, other.known))

        return compute
    divide = np.true_divide if operator == "/" else np.mod

    def divided_by(_: View, vectors: Vectors) -> Vector:
        one, other = values(vectors, left), values(vectors, right)
        known = both(both(one.known, other.known), other.data != 0)
        return Values(divide(one.data, np.where(other.data == 0, 1, other.data)), known)

    return divided_by


def comparison(operator: str, left: int, right: int) -> Compute:
    """Compare two slots; unknown where either is."""
    function = _COMPARE[operator]

    def compute(_: View, vectors: Vectors) -> Vector:
        one, other = values(vectors, left), values(vectors, right)
        return judged(function(one.data, other.data), both(one.known, other.known))

    return compute


def membership(slot: int, codes: tuple[float, ...]) -> Compute:
    """Tell whether a text is one of some constants."""

    def compute(_: View, vectors: Vectors) -> Vector:
        one = values(vectors, slot)
        return judged(_is_any_of(one.data, codes), one.known)

    return compute


_FEW_CODES = 16


def _is_any_of(data: Array, codes: tuple[float, ...]) -> Array:
    if len(codes) > _FEW_CODES:
        return np.isin(data, np.array(codes, np.int32))
    # A handful of comparisons is many times faster than the general search.
    return reduce(np.logical_or, (data == code for code in codes))


def junction(word: str, slots: tuple[int, ...]) -> Compute:
    """Join conditions by and, or, not."""
    if word == "not":
        return lambda _, vectors: negation(truth(vectors, slots[0]))
    join = conjunction if word == "and" else disjunction
    return lambda _, vectors: join([truth(vectors, slot) for slot in slots])


def is_null(slot: int) -> Compute:
    """Tell where a slot has no value; never unknown itself."""
    return lambda _, vectors: Truth(~values(vectors, slot).known, values(vectors, slot).known)


def negative(slot: int) -> Compute:
    """Change the sign."""
    return lambda _, vectors: Values(-values(vectors, slot).data, values(vectors, slot).known)


def times(slot: int, factor: int) -> Compute:
    """Multiply by a constant."""
    return lambda _, vectors: Values(values(vectors, slot).data * factor, values(vectors, slot).known)


def divided(slot: int, factor: int) -> Compute:
    """Divide by a constant."""
    return lambda _, vectors: Values(values(vectors, slot).data / factor, values(vectors, slot).known)


def own_minor_units(slot: int) -> Compute:
    """Scale a number to minor units of each event's own currency."""
    return lambda view, vectors: Values(
        values(vectors, slot).data * view.factor(), values(vectors, slot).known
    )


def own_major_units(slot: int) -> Compute:
    """Scale minor units of each event's own currency to major units."""
    return lambda view, vectors: Values(
        values(vectors, slot).data / view.factor(), values(vectors, slot).known
    )


def call(function: Function, slots: tuple[int, ...]) -> Compute:
    """Call a function of the language."""
    return lambda _, vectors: function([values(vectors, slot) for slot in slots])


def text_test(slot: int, part: str, test: Callable[[str, str], bool], interner: Interner) -> Compute:
    """Test each distinct text of a batch once; unknown where there is none."""

    def compute(_: View, vectors: Vectors) -> Vector:
        column = values(vectors, slot)
        codes, places = np.unique(column.data, return_inverse=True)
        verdicts = [code >= 0 and test(interner.text(code), part) for code in codes.tolist()]
        return judged(np.array(verdicts, np.bool_)[places], column.known)

    return compute

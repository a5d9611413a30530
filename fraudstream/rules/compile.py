"""From trees to a program: a list of vectorised steps in which equal expressions stand once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from fraudstream.events.interning import Interner
from fraudstream.events.money import factor
from fraudstream.rules import operators
from fraudstream.rules.functions import FUNCTIONS, TEXT_TESTS
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.scope import Scope
from fraudstream.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Duration,
    IsNull,
    Junction,
    Listing,
    Literal,
    Name,
    Negative,
    Node,
    Not,
    children,
    write,
)
from fraudstream.rules.types import DURATION, NULL, NUMBER, TEXT, TRUTH, Kind, Type
from fraudstream.rules.vectors import ALWAYS, NEVER, Truth, Values, Vector
from fraudstream.rules.view import View

Compute = Callable[[View, Sequence[Vector]], Vector]


@dataclass(frozen=True)
class Compiled:
    """An expression in a program: its tree, its type, the slot of its result, and its operands."""

    node: Node
    type: Type
    slot: int
    operands: tuple[Compiled, ...] = ()

    @cached_property
    def text(self) -> str:
        """The expression as text; written once, since every alert of a rule shows it."""
        return write(self.node)

    @cached_property
    def leaves(self) -> tuple[Compiled, ...]:
        """The names that the expression reads, and its calls without operands."""
        own = isinstance(self.node, Name) or not (self.operands or isinstance(self.node, Literal))
        below = (leaf for operand in self.operands for leaf in operand.leaves)
        return (self, *below) if own else tuple(below)


class Program:
    """Steps that turn a batch into one vector per slot, each distinct expression computed once."""

    def __init__(self, interner: Interner) -> None:
        self._interner = interner
        self._steps: list[tuple[int, Compute]] = []
        self._constants: list[Vector | None] = []
        self._slots: dict[Hashable, int] = {}

    def run(self, view: View) -> list[Vector]:
        """Compute all slots for a batch."""
        vectors: list[Vector] = list(self._constants)  # type: ignore[arg-type]
        for slot, compute in self._steps:
            vectors[slot] = compute(view, vectors)
        return vectors

    def add(self, node: Node, scope: Scope) -> Compiled:
        """Add an expression, its parameters put in; ExpressionError says what cannot be computed."""
        return _Compilation(self, scope, self._interner).compile(node)

    def condition(self, node: Node, scope: Scope) -> Compiled:
        """Add an expression that must be a condition."""
        compiled = self.add(node, scope)
        if compiled.type.kind is not Kind.TRUTH:
            message = f"{write(node)} is {compiled.type}, not a condition: compare it with something"
            raise ExpressionError(message, node.position)
        return compiled

    def constant(self, key: Hashable, vector: Vector) -> int:
        """Return the slot of a constant."""
        if key not in self._slots:
            self._slots[key] = len(self._constants)
            self._constants.append(vector)
        return self._slots[key]

    def step(self, key: Hashable, compute: Compute) -> int:
        """Return the slot of a computation; equal keys share one."""
        if key not in self._slots:
            self._slots[key] = len(self._constants)
            self._constants.append(None)
            self._steps.append((self._slots[key], compute))
        return self._slots[key]


class _Compilation:
    """One expression on its way into a program."""

    def __init__(self, program: Program, scope: Scope, interner: Interner) -> None:
        self._program = program
        self._scope = scope
        self._interner = interner

    def compile(self, node: Node) -> Compiled:
        match node:
            case Literal():
                return self._literal(node)
            case Name():
                return self._name(node)
            case Negative(operand):
                return self._negative(node, operand)
            case Arithmetic():
                return self._arithmetic(node)
            case Comparison():
                return self._comparison(node)
            case IsNull(operand):
                return self._is_null(node, operand)
            case Not() | Junction():
                return self._logic(node)
            case Call():
                return self._call(node)
            case Listing():
                raise ExpressionError("a list stands only to the right of in", node.position)

    def _literal(self, node: Literal, factor_of_money: int = 1) -> Compiled:
        data, type_ = self._constant(node.value, factor_of_money)
        if type_ is TRUTH:
            truth = Truth(ALWAYS if node.value else NEVER, NEVER if node.value else ALWAYS)
            return Compiled(node, type_, self._program.constant(("truth", node.value), truth))
        values = Values(np.array(data), NEVER if type_ is NULL else ALWAYS)
        return Compiled(node, type_, self._program.constant((type_, data), values))

    def _constant(self, value: Constant, scale: int) -> tuple[int | float, Type]:
        match value:
            case bool():
                return int(value), TRUTH
            case None:
                return 0, NULL
            case str():
                return self._interner[value], TEXT
            case Duration(us):
                return us, DURATION
            case Decimal():
                scaled = value * scale
                whole = scaled == scaled.to_integral_value() and abs(scaled) < 2**62
                return int(scaled) if whole else float(scaled), NUMBER

    def _name(self, node: Name) -> Compiled:
        symbol = self._scope.find(node.name)
        if symbol is None:
            message = f"{node.name} is unknown: {self._scope.suggestion(node.name)}"
            raise ExpressionError(message, node.position)
        read = symbol.read
        slot = self._program.step(("name", symbol.key), lambda view, _: read(view))
        return Compiled(node, symbol.type, slot)

    def _negative(self, node: Node, operand: Node) -> Compiled:
        inner = self.compile(operand)
        if inner.type.kind not in (Kind.NUMBER, Kind.MONEY, Kind.DURATION):
            raise ExpressionError(f"cannot negate {inner.type}", node.position)
        slot = self._program.step(("-", inner.slot), operators.negative(inner.slot))
        return Compiled(node, inner.type, slot, (inner,))

    def _pair(self, left: Node, right: Node) -> tuple[Compiled, Compiled, int, int]:
        """Compile two operands; numbers beside money are scaled to its minor units."""
        first, second = self.compile(left), self.compile(right)
        return first, second, self._scaled(first, second), self._scaled(second, first)

    def _scaled(self, one: Compiled, other: Compiled) -> int:
        """Return the slot of `one`, in minor units where `other` is money and `one` a plain number."""
        if one.type.kind is not Kind.NUMBER or other.type.kind is not Kind.MONEY:
            return one.slot
        currency = other.type.currency
        if currency is None:
            return self._program.step(("own units", one.slot), operators.own_minor_units(one.slot))
        if isinstance(one.node, Literal):
            return self._literal(one.node, factor(currency)).slot
        per_major = factor(currency)
        return self._program.step(("units", one.slot, per_major), operators.times(one.slot, per_major))

    def _arithmetic(self, node: Arithmetic) -> Compiled:
        first, second, left, right = self._pair(node.left, node.right)
        result = operators.result_type(node.operator, first.type, second.type)
        if result is None:
            message = f"cannot compute {first.type} {node.operator} {second.type} in {write(node)}"
            raise ExpressionError(message, node.position)
        if node.operator in "*/" and Kind.NUMBER in (first.type.kind, second.type.kind):
            # Money times or by a plain number: the number is a factor, not an amount.
            left, right = first.slot, second.slot
        slot = self._program.step(
            (node.operator, left, right), operators.arithmetic(node.operator, left, right)
        )
        return Compiled(node, result, slot, (first, second))

    def _comparison(self, node: Comparison) -> Compiled:
        if node.operator == "in":
            return self._membership(node)
        first, second, left, right = self._pair(node.left, node.right)
        self._check_comparable(node, first, second)
        slot = self._program.step(
            (node.operator, left, right), operators.comparison(node.operator, left, right)
        )
        return Compiled(node, TRUTH, slot, (first, second))

    def _check_comparable(self, node: Comparison, first: Compiled, second: Compiled) -> None:
        kinds = {first.type.kind, second.type.kind}
        if Kind.NULL in kinds:
            raise ExpressionError(
                "nothing compares with null: write `is null` or `is not null`", node.position
            )
        if kinds != {Kind.NUMBER, Kind.MONEY} and first.type != second.type:
            message = f"cannot compare {first.type} with {second.type} in {write(node)}"
            raise ExpressionError(message, node.position)
        if kinds & {Kind.TEXT, Kind.TRUTH} and node.operator not in ("==", "!="):
            raise ExpressionError(f"{first.type} has no order: use == or !=", node.position)
        if Kind.TRUTH in kinds:
            raise ExpressionError("conditions are not compared: use and, or, not", node.position)
        for one, other in ((first, second), (second, first)):
            self._check_choice(one.node, other.node)

    def _check_choice(self, column: Node, constant: Node) -> None:
        """Refuse a comparison with a word that the column never has."""
        if not isinstance(column, Name) or not isinstance(constant, Literal):
            return
        symbol = self._scope.find(column.name)
        choices = symbol.column.choices if symbol and symbol.column else None
        if choices is None or constant.value in choices:
            return
        close = get_close_matches(str(constant.value), choices, n=1)
        remedy = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(choices))}"
        message = f"{column.name} is never {write(constant)}: {remedy}"
        raise ExpressionError(message, constant.position)

    def _membership(self, node: Comparison) -> Compiled:
        if not isinstance(node.right, Listing) or not node.right.items:
            raise ExpressionError('`in` takes a list such as ["US", "GB"]', node.position)
        first = self.compile(node.left)
        items: list[Literal] = []
        for item in node.right.items:
            if not isinstance(item, Literal):
                message = f"{item.name} is no constant: compare with ==, joined by or"
                raise ExpressionError(message, item.position)
            items.append(item)
        equals = [Comparison("==", node.left, item, node.position) for item in items]
        if first.type.kind is Kind.TEXT:
            # One search for all items: comparisons of their own would be computed for every batch, in vain.
            for link, item in zip(equals, items, strict=True):
                self._check_comparable(link, first, self.compile(item))
            codes = tuple(sorted(self._constant(item.value, 1)[0] for item in items))
            slot = self._program.step(("in", first.slot, codes), operators.membership(first.slot, codes))
        else:
            slots = tuple(self._comparison(link).slot for link in equals)
            slot = self._program.step(("or", slots), operators.junction("or", slots))
        return Compiled(node, TRUTH, slot, (first,))

    def _is_null(self, node: Node, operand: Node) -> Compiled:
        inner = self.compile(operand)
        if inner.type.kind is Kind.TRUTH:
            raise ExpressionError("a condition is not null: ask its columns instead", node.position)
        slot = self._program.step(("is null", inner.slot), operators.is_null(inner.slot))
        return Compiled(node, TRUTH, slot, (inner,))

    def _logic(self, node: Not | Junction) -> Compiled:
        operands = tuple(self._program.condition(each, self._scope) for each in children(node))
        slots = tuple(each.slot for each in operands)
        word = node.operator if isinstance(node, Junction) else "not"
        slot = self._program.step((word, slots), operators.junction(word, slots))
        return Compiled(node, TRUTH, slot, operands)

    def _call(self, node: Call) -> Compiled:
        if node.function == "score":
            return self._score(node)
        if node.function in TEXT_TESTS:
            return self._text_test(node)
        function = FUNCTIONS.get(node.function)
        if function is None:
            known = [*FUNCTIONS, *TEXT_TESTS, "score"]
            close = get_close_matches(node.function, known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
            raise ExpressionError(f"there is no function {node.function}: {remedy}", node.position)
        operands = tuple(self.compile(each) for each in node.arguments)
        kinds = tuple(each.type.kind for each in operands)
        # Money inside a function is its number of minor units over the factor: a plain number.
        if tuple(Kind.NUMBER if kind is Kind.MONEY else kind for kind in kinds) != function.arguments:
            wanted = ", ".join(function.arguments)
            raise ExpressionError(f"{node.function} takes ({wanted})", node.position)
        slots = tuple(self._in_major_units(each) for each in operands)
        slot = self._program.step((node.function, slots), operators.call(function, slots))
        return Compiled(node, function.result, slot, operands)

    def _in_major_units(self, operand: Compiled) -> int:
        if operand.type.kind is not Kind.MONEY:
            return operand.slot
        if operand.type.currency is None:
            key, compute = "own major units", operators.own_major_units(operand.slot)
            return self._program.step((key, operand.slot), compute)
        per_major = factor(operand.type.currency)
        compute = operators.divided(operand.slot, per_major)
        return self._program.step(("major units", operand.slot, per_major), compute)

    def _score(self, node: Call) -> Compiled:
        match node.arguments:
            case (Literal(str(model)),) if model in self._scope.models:
                slot = self._program.step(("score", model), lambda view, _: view.score(model))
                return Compiled(node, NUMBER, slot)
        known = ", ".join(sorted(self._scope.models)) or "none"
        raise ExpressionError(f"score takes the id of a model as text; models: {known}", node.position)

    def _text_test(self, node: Call) -> Compiled:
        match node.arguments:
            case (Name() as name, Literal(str(part))) if self.compile(name).type == TEXT:
                operand = self.compile(name)
                test = operators.text_test(operand.slot, part, TEXT_TESTS[node.function], self._interner)
                slot = self._program.step((node.function, operand.slot, part), test)
                return Compiled(node, TRUTH, slot, (operand,))
        raise ExpressionError(f'{node.function} takes a text column and a "text"', node.position)

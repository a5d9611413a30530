"""From trees to instructions of a program: types are checked, and every part gets its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property

from fraudstream.events.money import factor
from fraudstream.rules import operators
from fraudstream.rules.functions import FUNCTIONS, TEXT_TESTS
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.program import Program, Register
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


def expression(program: Program, node: Node, scope: Scope) -> Compiled:
    """Add an expression, its parameters put in; ExpressionError says what cannot be computed."""
    return _Compilation(program, scope).compile(node)


def condition(program: Program, node: Node, scope: Scope) -> Compiled:
    """Add an expression that must be a condition."""
    compiled = expression(program, node, scope)
    if compiled.type.kind is not Kind.TRUTH:
        message = f"{write(node)} is {compiled.type}, not a condition: compare it with something"
        raise ExpressionError(message, node.position)
    return compiled


class _Compilation:
    """One expression on its way into a program."""

    def __init__(self, program: Program, scope: Scope) -> None:
        self.program = program
        self.scope = scope

    def compile(self, node: Node) -> Compiled:
        match node:
            case Literal():
                register, type_ = self._constant(node.value)
                return self._compiled(node, type_, register)
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

    def register(self, compiled: Compiled) -> Register:
        """Return where the result of an expression is."""
        return self.program.registers[compiled.slot]

    def _compiled(self, node: Node, type_: Type, register: Register, *operands: Compiled) -> Compiled:
        return Compiled(node, type_, self.program.slot(register), operands)

    def _constant(self, value: Constant) -> tuple[Register, Type]:
        program = self.program
        match value:
            case bool():
                return operators.truth(program, value), TRUTH
            case None:
                return operators.unknown(program), NULL
            case str():
                return program.text(value), TEXT
            case Duration(us):
                return program.whole(us), DURATION
            case Decimal():
                return operators.constant(program, value), NUMBER

    def _name(self, node: Name) -> Compiled:
        symbol = self.scope.find(node.name)
        if symbol is None:
            message = f"{node.name} is unknown: {self.scope.suggestion(node.name)}"
            raise ExpressionError(message, node.position)
        return self._compiled(node, symbol.type, symbol.read(self.program))

    def _negative(self, node: Node, operand: Node) -> Compiled:
        inner = self.compile(operand)
        if inner.type.kind not in (Kind.NUMBER, Kind.MONEY, Kind.DURATION):
            raise ExpressionError(f"cannot negate {inner.type}", node.position)
        return self._compiled(node, inner.type, operators.negative(self.program, self.register(inner)), inner)

    def _scaled(self, one: Compiled, other: Compiled) -> Register:
        """Return `one`, in minor units where `other` is money and `one` a plain number."""
        register = self.register(one)
        if one.type.kind is not Kind.NUMBER or other.type.kind is not Kind.MONEY:
            return register
        if other.type.currency is None:
            per_major = self.scope.currencies.minor_per_major(self.program)
        elif isinstance(one.node, Literal) and isinstance(one.node.value, Decimal):
            return operators.constant(self.program, one.node.value * factor(other.type.currency))
        else:
            per_major = self.program.whole(factor(other.type.currency))
        return operators.arithmetic(self.program, "*", register, per_major)

    def _arithmetic(self, node: Arithmetic) -> Compiled:
        first, second = self.compile(node.left), self.compile(node.right)
        result = operators.result_type(node.operator, first.type, second.type)
        if result is None:
            message = f"cannot compute {first.type} {node.operator} {second.type} in {write(node)}"
            raise ExpressionError(message, node.position)
        if node.operator in "*/" and Kind.NUMBER in (first.type.kind, second.type.kind):
            # Money times or by a plain number: the number is a factor, not an amount.
            left, right = self.register(first), self.register(second)
        else:
            left, right = self._scaled(first, second), self._scaled(second, first)
        register = operators.arithmetic(self.program, node.operator, left, right)
        return self._compiled(node, result, register, first, second)

    def _comparison(self, node: Comparison) -> Compiled:
        if node.operator == "in":
            return self._membership(node)
        first, second = self.compile(node.left), self.compile(node.right)
        self._check_comparable(node, first, second)
        register = self._compared(node.operator, first, second)
        return self._compiled(node, TRUTH, register, first, second)

    def _compared(self, operator: str, first: Compiled, second: Compiled) -> Register:
        program = self.program
        if _number(first) is not None and _number(second) is None:
            return self._compared(operators.MIRRORED[operator], second, first)
        number = _number(second)
        if number is None or first.type.kind not in (Kind.NUMBER, Kind.MONEY):
            return operators.comparison(
                program, operator, self._scaled(first, second), self._scaled(second, first)
            )
        if first.type.kind is Kind.MONEY and first.type.currency is None:
            minor = self.scope.currencies.minor(program, number, operator)
            return operators.comparison(program, operator, self.register(first), minor)
        scale = factor(first.type.currency) if first.type.currency else 1
        return operators.comparison_with(program, operator, self.register(first), number * scale)

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
        symbol = self.scope.find(column.name)
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
            self._check_comparable(
                Comparison("==", node.left, item, node.position), first, self.compile(item)
            )
            items.append(item)
        if first.type.kind is Kind.TEXT:
            texts = [str(item.value) for item in items]
            register = operators.within_texts(self.program, self.register(first), texts)
        else:
            equals = [self._compared("==", first, self.compile(item)) for item in items]
            register = operators.junction(self.program, "or", equals)
        return self._compiled(node, TRUTH, register, first)

    def _is_null(self, node: Node, operand: Node) -> Compiled:
        inner = self.compile(operand)
        if inner.type.kind is Kind.TRUTH:
            raise ExpressionError("a condition is not null: ask its columns instead", node.position)
        known = operators.is_known(self.program, self.register(inner))
        return self._compiled(node, TRUTH, known.negated, inner)

    def _logic(self, node: Not | Junction) -> Compiled:
        operands = tuple(condition(self.program, each, self.scope) for each in children(node))
        registers = [self.register(each) for each in operands]
        if isinstance(node, Not):
            return self._compiled(node, TRUTH, registers[0].negated, *operands)
        register = operators.junction(self.program, node.operator, registers)
        return self._compiled(node, TRUTH, register, *operands)

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
        register = function.compute(self.program, *(self._in_major_units(each) for each in operands))
        return self._compiled(node, function.result, register, *operands)

    def _in_major_units(self, operand: Compiled) -> Register:
        register = self.register(operand)
        if operand.type.kind is not Kind.MONEY:
            return register
        currency = operand.type.currency
        per_major = (
            self.program.whole(factor(currency))
            if currency
            else self.scope.currencies.minor_per_major(self.program)
        )
        return operators.arithmetic(self.program, "/", register, per_major)

    def _score(self, node: Call) -> Compiled:
        match node.arguments:
            case (Literal(str(model)),) if model in self.scope.models:
                return self._compiled(node, NUMBER, self.program.score(model))
        known = ", ".join(sorted(self.scope.models)) or "none"
        raise ExpressionError(f"score takes the id of a model as text; models: {known}", node.position)

    def _text_test(self, node: Call) -> Compiled:
        match node.arguments:
            case (Name() as name, Literal(str(part))) if self.compile(name).type == TEXT:
                operand = self.compile(name)
                passes = _test(TEXT_TESTS[node.function], part)
                codes = self.register(operand)
                register = self.program.text_test(codes, (node.function, part), passes)
                return self._compiled(node, TRUTH, register, operand)
        raise ExpressionError(f'{node.function} takes a text column and a "text"', node.position)


def _number(compiled: Compiled) -> Decimal | None:
    """Return the number that an expression is, None where it is no plain number."""
    node = compiled.node
    return node.value if isinstance(node, Literal) and isinstance(node.value, Decimal) else None


def _test(test: Callable[[str, str], bool], part: str) -> Callable[[str], bool]:
    return lambda text: test(text, part)

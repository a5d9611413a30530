"""From trees to instructions of a program: types are checked, and every part gets its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from fraudstream.events.money import factor
from fraudstream.rules import calls, operators
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.functions import FUNCTIONS, unknown_function
from fraudstream.rules.membership import on_list
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.program import Bank, Program, Register
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
    Money,
    Name,
    Negative,
    Node,
    Not,
    Quantity,
    children,
    plain_number,
    write,
)
from fraudstream.rules.types import DURATION, NULL, NUMBER, TEXT, TRUTH, Kind, Type, money, number


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
            case Quantity():
                return operators.constant(program, value.number), number(value.unit)
            case Money(amount, currency):
                return operators.constant(program, amount * factor(currency)), money(currency)

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
        value = plain_number(one.node)
        if other.type.currency is None:
            per_major = self.scope.currencies.minor_per_major(self.program)
            return operators.multiple(self.program, value, register, per_major)
        if value is not None:
            return operators.constant(self.program, value * factor(other.type.currency))
        per_major = self.program.whole(factor(other.type.currency))
        return operators.arithmetic(self.program, "*", register, per_major)

    def _arithmetic(self, node: Arithmetic) -> Compiled:
        first, second = self.compile(node.left), self.compile(node.right)
        result = operators.result_type(node.operator, first.type, second.type)
        if result is None or (node.operator in "+-%" and _clash(first.type, second.type)):
            message = f"cannot compute {first.type} {node.operator} {second.type} in {write(node)}"
            raise ExpressionError(message, node.position)
        unit = None if node.operator in "*/" else first.type.unit or second.type.unit
        result = replace(result, unit=unit)
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
        if isinstance(first.node, Literal) and not isinstance(second.node, Literal):
            return self._compared(operators.MIRRORED[operator], second, first)
        left, constant = self.register(first), _constant_of(first, second)
        in_own_currency = first.type.kind is Kind.MONEY and first.type.currency is None
        # A constant becomes a whole number of each currency's minor units only beside whole numbers.
        fractions = in_own_currency and left.bank is Bank.REAL
        numeric = first.type.kind in (Kind.NUMBER, Kind.MONEY, Kind.DURATION)
        if constant is None or not numeric or fractions:
            return operators.comparison(
                program, operator, self._scaled(first, second), self._scaled(second, first)
            )
        if in_own_currency:
            minor = self.scope.currencies.minor(program, constant, operator)
            return operators.comparison(program, operator, left, minor)
        return operators.comparison_with(program, operator, left, constant)

    def _check_comparable(self, node: Comparison, first: Compiled, second: Compiled) -> None:
        kinds = {first.type.kind, second.type.kind}
        if Kind.NULL in kinds:
            raise ExpressionError(
                "nothing compares with null: write `is null` or `is not null`", node.position
            )
        if (kinds != {Kind.NUMBER, Kind.MONEY} and first.type != second.type) or _clash(
            first.type, second.type
        ):
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
        remedy = did_you_mean(str(constant.value), choices) or f"known are {', '.join(sorted(choices))}"
        message = f"{column.name} is never {write(constant)}: {remedy}"
        raise ExpressionError(message, constant.position)

    def _membership(self, node: Comparison) -> Compiled:
        if isinstance(node.right, Call) and node.right.function == "list":
            return self._on_list(node, node.right)
        if not isinstance(node.right, Listing) or not node.right.items:
            message = '`in` takes a list such as ["US", "GB"] or list("high_risk_countries")'
            raise ExpressionError(message, node.position)
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

    def _on_list(self, node: Comparison, call: Call) -> Compiled:
        match call.arguments:
            case (Literal(str()) as name,):
                first = self.compile(node.left)
                if first.type != TEXT:
                    message = f"lists hold texts, and {write(node.left)} is {first.type}: use a text column"
                    raise ExpressionError(message, node.position)
                register = on_list(self.program, self.scope, self.register(first), name)
                return self._compiled(node, TRUTH, register, first)
        raise ExpressionError('list takes the id of a list as text, such as list("mules")', call.position)

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
        function = FUNCTIONS.get(node.function)
        if function is None:
            raise ExpressionError(unknown_function(node.function), node.position)
        call = calls.Call(node, function.takes, self.program, self.scope, self.compile, self._scaled)
        result = function.build(call)
        return self._compiled(node, result.type, result.register, *result.operands)


def _clash(first: Type, second: Type) -> bool:
    """Tell whether both are in a unit, and not in the same."""
    return first.unit is not None and second.unit is not None and first.unit != second.unit


def _constant_of(first: Compiled, second: Compiled) -> Decimal | None:
    """Return the constant that the second is, in the minor units of the first; None where it is none."""
    kind, currency = first.type.kind, first.type.currency
    match second.node:
        case Literal(Money(amount, of)):
            return amount * factor(of) if kind is Kind.MONEY else amount
        case Literal(Duration(us)):
            return Decimal(us)
    value = plain_number(second.node)
    return value * factor(currency) if value is not None and kind is Kind.MONEY and currency else value

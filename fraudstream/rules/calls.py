"""A call of a function on its way into a program: its arguments, compiled and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fraudstream.events.money import factor
from fraudstream.rules import tree
from fraudstream.rules.operators import arithmetic
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.program import Program, Register
from fraudstream.rules.scope import Scope
from fraudstream.rules.types import Kind, Type

if TYPE_CHECKING:
    from fraudstream.rules.compile import Compiled


class Result(NamedTuple):
    """What a call gives: its type, its register, and its operands as they are shown in reasons."""

    type: Type
    register: Register
    operands: tuple[Compiled, ...] = ()


@dataclass(frozen=True)
class Call:
    """One call; `takes` says in the message what the function wants instead."""

    node: tree.Call
    takes: str
    program: Program
    scope: Scope
    compile: Callable[[tree.Node], Compiled]
    scaled: Callable[[Compiled, Compiled], Register]
    """Gives the first of two, in minor units where the second is money and it is a plain number."""

    def refused(self) -> ExpressionError:
        """Return the error that the arguments do not fit."""
        return ExpressionError(f"{self.node.function} takes {self._brackets()}", self.node.position)

    def _brackets(self) -> str:
        return self.takes if self.takes.startswith(("(", "a text column")) else f"({self.takes})"

    def register(self, operand: Compiled) -> Register:
        """Return where an operand is."""
        return self.program.registers[operand.slot]

    def plain(self, *kinds: Kind) -> tuple[Compiled, ...]:
        """Return as many operands of these kinds."""
        if len(self.node.arguments) != len(kinds):
            raise self.refused()
        operands = tuple(self.compile(each) for each in self.node.arguments)
        if any(operand.type.kind is not kind for operand, kind in zip(operands, kinds, strict=True)):
            raise self.refused()
        return operands

    def numbers(self, count: int) -> tuple[Compiled, ...]:
        """Return as many operands that are numbers or amounts."""
        if len(self.node.arguments) != count:
            raise self.refused()
        operands = tuple(self.compile(each) for each in self.node.arguments)
        if any(operand.type.kind not in (Kind.NUMBER, Kind.MONEY) for operand in operands):
            raise self.refused()
        return operands

    def alike(self, first: Compiled, second: Compiled) -> tuple[Type, Register, Register]:
        """Return two numbers as one type; a plain number beside money is in its major units."""
        kinds = {first.type.kind, second.type.kind}
        if len(kinds) == 1 and first.type != second.type:
            raise self.refused()
        type_ = second.type if second.type.kind is Kind.MONEY else first.type
        return type_, self.scaled(first, second), self.scaled(second, first)

    def unit(self, operand: Compiled) -> Register:
        """Return how much one major unit of an operand is; 1 for a plain number."""
        if operand.type.kind is not Kind.MONEY:
            return self.program.whole(1)
        currency = operand.type.currency
        if currency is None:
            return self.scope.currencies.minor_per_major(self.program)
        return self.program.whole(factor(currency))

    def major(self, operand: Compiled) -> Register:
        """Return an operand in major units, as a plain number."""
        register = self.register(operand)
        if operand.type.kind is not Kind.MONEY:
            return register
        return arithmetic(self.program, "/", register, self.unit(operand))

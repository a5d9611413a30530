"""The digits of amounts and whole numbers, as they are written in major units."""

from __future__ import annotations

from decimal import Decimal

from fraudstream.rules import vm_code as ops
from fraudstream.rules.calls import Call, Result
from fraudstream.rules.program import Bank
from fraudstream.rules.tree import Literal, Node
from fraudstream.rules.types import NUMBER, Kind

DIGITS_MAX = 15


def first_digit(call: Call) -> Result:
    """Read the first digit that is not 0."""
    return _read(call, ops.FIRST_DIGIT)


def trailing_zeros(call: Call) -> Result:
    """Count the zeros at the end of the major units."""
    return _read(call, ops.TRAILING_ZEROS)


def count(call: Call) -> Result:
    """Count the digits of the whole major units."""
    return _read(call, ops.DIGITS)


def last_digits(call: Call) -> Result:
    """Read the last digits of the whole major units."""
    match call.node.arguments:
        case (_, Literal(Decimal() as wanted)) if wanted in range(1, DIGITS_MAX + 1):
            return _read(call, ops.LAST_DIGITS, 10 ** int(wanted))
    raise call.refused()


def _read(call: Call, op: int, *powers: int) -> Result:
    arguments: tuple[Node, ...] = call.node.arguments
    if len(arguments) != 1 + len(powers):
        raise call.refused()
    operand = call.compile(arguments[0])
    register = call.register(operand)
    if operand.type.kind not in (Kind.NUMBER, Kind.MONEY) or register.bank is not Bank.WHOLE:
        raise call.refused()
    extra = [call.program.whole(power) for power in powers]
    unit = [] if op == ops.FIRST_DIGIT else [call.unit(operand)]
    return Result(NUMBER, call.program.compute(op, Bank.WHOLE, register, *unit, *extra), (operand,))

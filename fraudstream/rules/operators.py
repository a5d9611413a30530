"""The arithmetic, comparisons and logic of the language, as instructions of a program."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from fraudstream.rules import vm_code as ops
from fraudstream.rules.program import Bank, Program, Register
from fraudstream.rules.types import DURATION, NUMBER, TIME, Kind, Type

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_FLOAT_EXACT_MAX = 2**53 // 10_000
"""Whole numbers up to this are exact floats also in minor units, of which no unit has more than 10,000."""
_AND_OPERANDS = 4
_WHOLE_OPS = {"+": ops.ADD, "-": ops.SUBTRACT, "*": ops.MULTIPLY, "%": ops.MODULO}
_REAL_OPS = {
    "+": ops.REAL_ADD,
    "-": ops.REAL_SUBTRACT,
    "*": ops.REAL_MULTIPLY,
    "/": ops.REAL_DIVIDE,
    "%": ops.REAL_MODULO,
}
_CHOICES = {"least": (ops.LEAST, ops.REAL_LEAST), "greatest": (ops.GREATEST, ops.REAL_GREATEST)}
# Comparison with a constant: on whole numbers, on floats.
_WITH_CONSTANT = {
    "==": (ops.EQUAL_TO, ops.REAL_EQUAL_TO),
    "<": (ops.BELOW, ops.REAL_BELOW),
    ">": (ops.ABOVE, ops.REAL_ABOVE),
}
_OPPOSITE = {"!=": "==", "<=": ">", ">=": "<"}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


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
        if left.kind is Kind.NUMBER:
            return right if right.kind in (Kind.NUMBER, Kind.MONEY, Kind.DURATION) else None
        return left if right.kind is Kind.NUMBER and left.kind in (Kind.MONEY, Kind.DURATION) else None
    if (
        operator == "/"
        and right.kind is Kind.NUMBER
        and left.kind in (Kind.NUMBER, Kind.MONEY, Kind.DURATION)
    ):
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


def constant(program: Program, value: Decimal) -> Register:
    """Return the register of a number: whole where it is one, else the nearest float."""
    whole = is_whole(value)
    return program.whole(int(value)) if whole else program.real(float(value))


def is_whole(value: Decimal) -> bool:
    """Tell whether a number is an int64."""
    return value == value.to_integral_value() and INT64_MIN <= value <= INT64_MAX


def multiple(program: Program, value: Decimal | None, register: Register, by: Register) -> Register:
    """Multiply a number, `value` where it is a constant, by a whole register.

    A constant with a fraction is multiplied exactly and rounded once: 1.13 times 100 is 113.0.
    """
    if value is None or is_whole(value):
        return arithmetic(program, "*", register, by)
    over, under = value.as_integer_ratio()
    if max(abs(over), under) > _FLOAT_EXACT_MAX:
        return arithmetic(program, "*", register, by)
    return arithmetic(program, "/", arithmetic(program, "*", program.whole(over), by), program.whole(under))


def as_real(program: Program, register: Register) -> Register:
    """Return a number as a float."""
    if register.bank is Bank.REAL:
        return register
    if register in program.constants and register not in program.late_constants:
        return program.real(float(program.constants[register]))
    return program.compute(ops.TO_FLOAT, Bank.REAL, register)


def arithmetic(program: Program, operator: str, left: Register, right: Register) -> Register:
    """Compute + - * / %; whole numbers give whole numbers, save for a quotient."""
    if operator != "/" and left.bank is right.bank is Bank.WHOLE:
        return program.compute(_WHOLE_OPS[operator], Bank.WHOLE, left, right)
    return program.compute(_REAL_OPS[operator], Bank.REAL, as_real(program, left), as_real(program, right))


def choice(program: Program, word: str, left: Register, right: Register) -> Register:
    """Return the least or greatest of two numbers."""
    whole, real = _CHOICES[word]
    if left.bank is right.bank is Bank.WHOLE:
        return program.compute(whole, Bank.WHOLE, left, right)
    return program.compute(real, Bank.REAL, as_real(program, left), as_real(program, right))


def magnitude(program: Program, register: Register) -> Register:
    """Return the absolute value."""
    return choice(program, "greatest", register, negative(program, register))


def negative(program: Program, register: Register) -> Register:
    """Change the sign."""
    return arithmetic(program, "-", program.whole(0), register)


def comparison(program: Program, operator: str, left: Register, right: Register) -> Register:
    """Compare two registers; unknown where either is."""
    if operator in _OPPOSITE:
        return comparison(program, _OPPOSITE[operator], left, right).negated
    if operator == ">":
        return comparison(program, "<", right, left)
    if left.bank is right.bank is Bank.WHOLE:
        op = ops.EQUAL if operator == "==" else ops.LESS
    else:
        left, right = as_real(program, left), as_real(program, right)
        op = ops.REAL_EQUAL if operator == "==" else ops.REAL_LESS
    return program.compute(op, Bank.TRUTH, left, right)


def comparison_with(program: Program, operator: str, left: Register, value: Decimal) -> Register:
    """Compare a register with a constant: whole numbers exactly, whatever fraction the constant has."""
    if operator in _OPPOSITE:
        return comparison_with(program, _OPPOSITE[operator], left, value).negated
    whole, real = _WITH_CONSTANT[operator]
    if left.bank is Bank.WHOLE and operator != "==":
        # A whole number is below 2.5 where it is below 3, and above it where it is above 2.
        value = value.to_integral_value(ROUND_CEILING if operator == "<" else ROUND_FLOOR)
    if left.bank is Bank.WHOLE and is_whole(value):
        return program.compute(whole, Bank.TRUTH, left, program.put_words(int(value)))
    return program.compute(real, Bank.TRUTH, as_real(program, left), program.put_reals(float(value)))


def within(program: Program, left: Register, values: Sequence[int]) -> Register:
    """Tell whether a whole number is one of some constants."""
    ordered = sorted(set(values))
    return program.compute(ops.IN, Bank.TRUTH, left, program.put_words(*ordered), len(ordered))


def within_texts(program: Program, left: Register, texts: Sequence[str]) -> Register:
    """Tell whether a text is one of some constants."""
    ordered = tuple(sorted(set(texts)))
    place = program.put_late(
        ("texts", ordered), len(ordered), lambda interner: sorted(map(interner.pin, ordered))
    )
    return program.compute(ops.IN, Bank.TRUTH, left, place, len(ordered))


def is_known(program: Program, register: Register) -> Register:
    """Tell where a register has a value; never unknown itself."""
    op = ops.REAL_KNOWN if register.bank is Bank.REAL else ops.KNOWN
    return program.compute(op, Bank.TRUTH, register)


def truth(program: Program, value: bool) -> Register:
    """Return a condition that is always the same."""
    always = is_known(program, program.whole(0))
    return always if value else always.negated


def unknown(program: Program) -> Register:
    """Return a number that nobody knows."""
    return arithmetic(program, "%", program.whole(0), program.whole(0))


def junction(program: Program, word: str, operands: Sequence[Register]) -> Register:
    """Join conditions by Kleene's `and` or `or`."""
    if word == "or":
        return junction(program, "and", [each.negated for each in operands]).negated
    joined = sorted(set(operands))
    while len(joined) > 1:
        few, rest = joined[:_AND_OPERANDS], joined[_AND_OPERANDS:]
        padded = (few * _AND_OPERANDS)[:_AND_OPERANDS]
        joined = [program.compute(ops.AND, Bank.TRUTH, *padded), *rest]
    return joined[0]


def within_days(program: Program, condition: Register, start_us: int | None, end_us: int | None) -> Register:
    """Take a condition from one time until before another, and false outside them; None = open."""
    if start_us is None and end_us is None:
        return condition
    start_us = INT64_MIN if start_us is None else start_us
    place = program.put_words(start_us, INT64_MAX if end_us is None else end_us)
    return program.compute(ops.EFFECTIVE, Bank.TRUTH, condition, program.compute(ops.TIME, Bank.WHOLE), place)

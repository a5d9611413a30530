"""The functions of the expression language: one entry each, with its types and an example.

What an entry says is what `docs/language.md` and the messages say; how it is computed stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fraudstream.rules import vm_code as ops
from fraudstream.rules.operators import arithmetic, as_real, choice, magnitude
from fraudstream.rules.program import Bank, Program, Register
from fraudstream.rules.types import NUMBER, Kind, Type

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


@dataclass(frozen=True)
class Function:
    """Argument kinds, result type and how it is computed; unknown where any argument is."""

    arguments: tuple[Kind, ...]
    result: Type
    compute: Callable[..., Register]


def _of_reals(op: int) -> Callable[..., Register]:
    def compute(program: Program, *arguments: Register) -> Register:
        return program.compute(op, Bank.REAL, *(as_real(program, each) for each in arguments))

    return compute


def _floor_divide(program: Program, left: Register, divisor: int) -> Register:
    return program.compute(ops.FLOOR_DIVIDE, Bank.WHOLE, left, program.whole(divisor))


def _hour(program: Program, time: Register) -> Register:
    return arithmetic(program, "%", _floor_divide(program, time, HOUR_US), program.whole(24))


def _weekday(program: Program, time: Register) -> Register:
    # 1970-01-01 was a Thursday; Monday is 1, as in ISO 8601.
    day = arithmetic(program, "+", _floor_divide(program, time, DAY_US), program.whole(3))
    return arithmetic(program, "+", arithmetic(program, "%", day, program.whole(7)), program.whole(1))


def _choice(word: str) -> Callable[..., Register]:
    return lambda program, left, right: choice(program, word, left, right)


FUNCTIONS: dict[str, Function] = {
    "distance_km": Function((Kind.NUMBER,) * 4, NUMBER, _of_reals(ops.DISTANCE)),
    "abs": Function((Kind.NUMBER,), NUMBER, magnitude),
    "log1p": Function((Kind.NUMBER,), NUMBER, _of_reals(ops.LOG1P)),
    "least": Function((Kind.NUMBER, Kind.NUMBER), NUMBER, _choice("least")),
    "greatest": Function((Kind.NUMBER, Kind.NUMBER), NUMBER, _choice("greatest")),
    "hour": Function((Kind.TIME,), NUMBER, _hour),
    "weekday": Function((Kind.TIME,), NUMBER, _weekday),
}
"""By name. `hour` and `weekday` are in UTC."""

TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part.casefold() in text.casefold(),
    "starts_with": lambda text, part: text.casefold().startswith(part.casefold()),
}
"""Tests of a text column against a constant text; capitals do not count."""

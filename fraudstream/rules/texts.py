"""Tests of a text column against a constant text or pattern; capitals do not count."""

from __future__ import annotations

from collections.abc import Callable

import re2

from fraudstream.rules.calls import Call, Result
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.tree import Literal, Name
from fraudstream.rules.types import TEXT, TRUTH

TAKES = 'a text column and a "text"'
PATTERN_CHARS_MAX = 500
_PATTERN_BYTES_MAX = 1_048_576
"""Bound on what a compiled pattern takes; repetitions of repetitions soon exceed it."""

_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def test(call: Call) -> Result:
    """Test whether a text contains, begins with or ends with another."""
    part, _ = _constant(call)
    holds, folded = _TESTS[call.node.function], part.casefold()
    return _tested(call, part, lambda text: holds(text.casefold(), folded))


def matches(call: Call) -> Result:
    """Test whether a pattern matches somewhere in a text, in time linear in its length."""
    pattern, position = _constant(call)
    if len(pattern) > PATTERN_CHARS_MAX:
        message = f"the pattern is longer than {PATTERN_CHARS_MAX} characters: split it, or use a list"
        raise ExpressionError(message, position)
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _PATTERN_BYTES_MAX
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        message = f"the pattern is no RE2 expression, {why}: correct it, and write \\\\ for a backslash"
        raise ExpressionError(message, position) from None
    return _tested(call, pattern, lambda text: compiled.search(text) is not None)


def _constant(call: Call) -> tuple[str, int]:
    match call.node.arguments:
        case (Name(), Literal(str(text), _, position)):
            return text, position
    raise call.refused()


def _tested(call: Call, text: str, passes: Callable[[str], bool]) -> Result:
    operand = call.compile(call.node.arguments[0])
    if operand.type != TEXT:
        raise call.refused()
    register = call.program.text_test(call.register(operand), (call.node.function, text), passes)
    return Result(TRUTH, register, (operand,))

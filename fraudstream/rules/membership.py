"""The right side of `in`: constants, and named lists whose entries hold from one time until another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fraudstream.rules import vm_code as ops
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.lists import NamedList
from fraudstream.rules.operators import INT64_MAX, INT64_MIN
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.program import Bank, Program, Register
from fraudstream.rules.scope import Scope
from fraudstream.rules.tree import Literal
from fraudstream.rules.vm_tests import LISTED_WORDS


def on_list(program: Program, scope: Scope, codes: Register, name: Literal) -> Register:
    """Tell whether a text is on a list at the time of its event."""
    entries = named(scope, name)
    place = program.put_late(
        ("list", entries.id),
        LISTED_WORDS * len(entries.entries),
        lambda interner: _words(entries, interner.pin),
    )
    time = program.compute(ops.TIME, Bank.WHOLE)
    return program.compute(ops.LISTED, Bank.TRUTH, codes, time, place, len(entries.entries))


def named(scope: Scope, name: Literal) -> NamedList:
    """Return a list by its id; ExpressionError where there is none."""
    found = scope.lists.get(str(name.value))
    if found is None:
        remedy = did_you_mean(str(name.value), scope.lists) or "add it to lists/"
        raise ExpressionError(f"list {name.value} is unknown: {remedy}", name.position)
    return found


def listed_days(scope: Scope, name: Literal) -> list[int]:
    """Return the entries of a list of days as words: days since 1970, from, to, in order."""
    entries = named(scope, name)

    def number(value: str) -> int:
        try:
            return (date.fromisoformat(value) - date(1970, 1, 1)).days
        except ValueError:
            message = f"{value!r} on list {entries.id} is no day: write days such as 2026-10-01"
            raise ExpressionError(message, name.position) from None

    return _words(entries, number)


def _words(entries: NamedList, number: Callable[[str], int]) -> list[int]:
    rows = sorted(
        (
            number(entry.value),
            INT64_MIN if entry.from_us is None else entry.from_us,
            INT64_MAX if entry.to_us is None else entry.to_us,
        )
        for entry in entries.entries
    )
    return [word for row in rows for word in row]

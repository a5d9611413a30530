"""Says in words why a rule hit: its conditions with the actual values beside the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fraudstream.events.interning import Interner
from fraudstream.events.money import EXPONENTS, factor, format_minor
from fraudstream.events.times import format_time
from fraudstream.rules.compile import Compiled
from fraudstream.rules.durations import format_duration
from fraudstream.rules.tree import Comparison, IsNull, Junction, Literal, Name, Not, write
from fraudstream.rules.types import Kind, Type
from fraudstream.rules.vectors import Vectors

_DAY_US = 86_400_000_000


Template = tuple[str | Compiled, ...]
"""A clause in words: fixed texts, and the parts whose values are put between them."""


class Wording:
    """Puts the vectors of one judged batch into words.

    `templates` keeps what is the same for every event, by slot; it outlives the batch.
    """

    def __init__(
        self,
        vectors: Vectors,
        interner: Interner,
        currencies: Sequence[str | None],
        templates: dict[int, Template],
    ) -> None:
        self._vectors = vectors
        self._interner = interner
        self._currencies = currencies
        self._templates = templates

    def reason(self, condition: Compiled, event: int) -> str:
        """Return the true clauses of a condition that is true at one event, separated by semicolons."""
        return "; ".join(dict.fromkeys(self._clauses(condition, event)))

    def evidence(self, condition: Compiled, event: int) -> dict[str, Any]:
        """Return the values of all names of a condition: amounts and times as text, numbers as they are."""
        found: dict[str, Any] = {}
        for part in condition.leaves:
            found[part.text] = self._plain(part, event)
        return found

    def _clauses(self, condition: Compiled, event: int) -> list[str]:
        node = condition.node
        if not isinstance(node, Junction):
            return [self._clause(condition, event)]
        # All operands of a true `and` are true; of an `or` only some need be.
        every = node.operator == "and"
        told = (each for each in condition.operands if every or self._vectors[each.slot].at(event))
        return [clause for each in told for clause in self._clauses(each, event)]

    def _clause(self, condition: Compiled, event: int) -> str:
        template = self._templates.get(condition.slot)
        if template is None:
            template = self._templates[condition.slot] = _template(condition)
        return "".join([part if isinstance(part, str) else self._shown(part, event) for part in template])

    def _shown(self, part: Compiled, event: int) -> str:
        value = self._vectors[part.slot].at(event)
        if value is None:
            return "(none)"
        match part.type.kind:
            case Kind.MONEY:
                currency = part.type.currency or self._currencies[event] or ""
                return format_minor(round(value), currency) if currency in EXPONENTS else f"{value:,}"
            case Kind.NUMBER if isinstance(value, float):
                return f"{value:,.4f}".rstrip("0").rstrip(".")
            case Kind.NUMBER:
                return f"{value:,}"
            case _:
                return str(self._typed(value, part.type, event))

    def _plain(self, part: Compiled, event: int) -> Any:
        value = self._vectors[part.slot].at(event)
        return None if value is None else self._typed(value, part.type, event)

    def _typed(self, value: Any, type_: Type, event: int) -> Any:
        match type_.kind:
            case Kind.TEXT:
                return self._interner.text(int(value))
            case Kind.TIME:
                return format_time(int(value))
            case Kind.DURATION:
                return readable_duration(int(value))
            case Kind.MONEY:
                currency = type_.currency or self._currencies[event] or ""
                per_major = factor(currency) if currency in EXPONENTS else 1
                return f"{value / per_major:.{EXPONENTS.get(currency, 0)}f}"
            case _:
                return round(value, 6) if isinstance(value, float) else value


def _template(condition: Compiled) -> Template:
    node = condition.node
    if isinstance(node, (Not, IsNull)):
        return (condition.text,)
    if not isinstance(node, Comparison):
        return (f"{condition.text} is true",)
    left = condition.operands[0]
    if left.type.kind is Kind.TEXT and isinstance(node.left, Name):
        return (f"{left.text} is ", left) if node.operator in ("==", "in") else (condition.text,)
    if len(condition.operands) == 1:
        return (*_term(left), f" in {write(node.right)}")
    return (*_term(left), f" {node.operator} ", *_term(condition.operands[1]))


def _term(part: Compiled) -> Template:
    if not isinstance(part.node, Literal):
        return (f"{part.text} ", part)
    label = part.node.label
    return (f"{label} {write(Literal(part.node.value))}" if label else part.text,)


def readable_duration(us: int) -> str:
    """Write a duration in its two largest units, e.g. `2d 3h`."""
    if us < 0:
        return f"-{readable_duration(-us)}"
    parts = []
    for unit_us in (_DAY_US, 3_600_000_000, 60_000_000, 1_000_000):
        number, us = divmod(us, unit_us)
        if number:
            parts.append(format_duration(number * unit_us))
    return " ".join(parts[:2]) or (f"{us / 1000:g}ms" if us else "0s")

"""Says in words why a rule hit: its conditions with the actual values beside the thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fraudstream.events.interning import Interner
from fraudstream.events.money import EXPONENTS, factor, format_minor
from fraudstream.events.times import format_time
from fraudstream.rules.compile import Compiled
from fraudstream.rules.durations import format_duration
from fraudstream.rules.tree import Comparison, IsNull, Junction, Literal, Name, Not, write
from fraudstream.rules.types import Kind, Type
from fraudstream.rules.vectors import Vector

_DAY_US = 86_400_000_000


class Wording:
    """Puts the vectors of one judged batch into words."""

    def __init__(
        self, vectors: Sequence[Vector], interner: Interner, currencies: Sequence[str | None]
    ) -> None:
        self._vectors = vectors
        self._interner = interner
        self._currencies = currencies

    def reason(self, condition: Compiled, event: int) -> str:
        """Return the true clauses of a condition at one event, separated by semicolons."""
        return "; ".join(dict.fromkeys(self._clauses(condition, event)))

    def evidence(self, condition: Compiled, event: int) -> dict[str, Any]:
        """Return the values of all names of a condition: amounts and times as text, numbers as they are."""
        found: dict[str, Any] = {}
        for part in condition.leaves:
            found[part.text] = self._plain(part, event)
        return found

    def _clauses(self, condition: Compiled, event: int) -> Iterator[str]:
        if isinstance(condition.node, Junction):
            for operand in condition.operands:
                if self._value(operand, event):
                    yield from self._clauses(operand, event)
        else:
            yield self._clause(condition, event)

    def _clause(self, condition: Compiled, event: int) -> str:
        node = condition.node
        if isinstance(node, Not | IsNull):
            return condition.text
        if not isinstance(node, Comparison):
            return f"{condition.text} is true"
        left = condition.operands[0]
        if left.type.kind is Kind.TEXT and isinstance(node.left, Name):
            shown = f"{left.text} is {self._shown(left, event)}"
            return shown if node.operator in ("==", "in") else condition.text
        if len(condition.operands) == 1:
            return f"{self._term(left, event)} in {write(node.right)}"
        return f"{self._term(left, event)} {node.operator} {self._term(condition.operands[1], event)}"

    def _term(self, part: Compiled, event: int) -> str:
        if isinstance(part.node, Literal):
            label = part.node.label
            return f"{label} {write(Literal(part.node.value))}" if label else part.text
        return f"{part.text} {self._shown(part, event)}"

    def _value(self, part: Compiled, event: int) -> Any:
        return self._vectors[part.slot].at(event)

    def _shown(self, part: Compiled, event: int) -> str:
        value = self._value(part, event)
        if value is None:
            return "(none)"
        match part.type.kind:
            case Kind.MONEY:
                currency = part.type.currency or self._currencies[event] or ""
                return format_minor(round(value), currency) if currency in EXPONENTS else f"{value:,}"
            case Kind.DURATION:
                return readable_duration(int(value))
            case _:
                plain = self._plain(part, event)
                if isinstance(plain, float):
                    return f"{plain:,.4f}".rstrip("0").rstrip(".")
                return f"{plain:,}" if isinstance(plain, int) else str(plain)

    def _plain(self, part: Compiled, event: int) -> Any:
        value = self._value(part, event)
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

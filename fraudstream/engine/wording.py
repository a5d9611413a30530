"""Says in words why a rule hit: its conditions with the actual values beside the thresholds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

from fraudstream.engine.privacy.veils import Veil, VeilOf
from fraudstream.events.money import EXPONENTS, decimal_text, factor, format_minor
from fraudstream.events.times import format_time
from fraudstream.rules.compile import Compiled
from fraudstream.rules.durations import format_duration
from fraudstream.rules.tree import Comparison, IsNull, Junction, Literal, Name, Not, write
from fraudstream.rules.types import Kind, Type
from fraudstream.rules.vectors import Vectors

_DAY_US = 86_400_000_000


class Moment:
    """What the expressions of one judged batch gave at one event, each read and put into words at most once.

    `text` gives the text of a code, `currency` is the event's own.
    """

    def __init__(
        self, vectors: Vectors, event: int, currency: str | None, text: Callable[[int], str]
    ) -> None:
        self._vectors = vectors
        self._event = event
        self._values: dict[int, Any] = {}
        self.currency = currency or ""
        self.text = text

    def value(self, slot: int) -> Any:
        """Return the value of an expression, None where it has none."""
        if slot not in self._values:
            self._values[slot] = self._vectors.value(slot, self._event)
        return self._values[slot]

    def written(self, slot: Slot) -> Any:
        """Return a value as its format has it; where there is none, None in JSON and words in a sentence."""
        value = self.value(slot.number)
        if value is None:
            return UNSAID if slot.format.said else None
        return slot.format(value, self)


class Format(NamedTuple):
    """How values of a type are written: in a sentence if they are `said`, else as they stand in JSON."""

    type: Type
    said: bool
    write: Callable[[Any, Moment], Any]
    veiled: bool = False
    """Whether not all of a value may be seen."""

    def __call__(self, value: Any, moment: Moment) -> Any:
        """Write a value."""
        return self.write(value, moment)


class Slot(NamedTuple):
    """Where a value is, and how it is written."""

    number: int
    format: Format


Part = str | Slot
"""A part of a sentence: constant text, or a value."""
Clause = tuple[Part, ...]
UNSAID = "(none)"
"""What is said where there is no value."""
SEPARATOR = "; "


class Wording:
    """Puts the hits of one rule into words; what is the same for every event is prepared once."""

    def __init__(self, condition: Compiled, veil_of: VeilOf = lambda _: None) -> None:
        self._clauses = _Clauses(condition, veil_of)
        self.leaves = {
            leaf.text: Slot(leaf.slot, in_json(leaf.type, veil_of(leaf.node))) for leaf in condition.leaves
        }
        """The names of the condition with their values: amounts and times as text, numbers as they are."""
        self.sentence = self._clauses.sentence()
        """The reason, None where it is not the same for all events."""

    def reason(self, moment: Moment) -> str:
        """Return the true clauses of the condition, which is true, separated by semicolons."""
        return SEPARATOR.join(dict.fromkeys(self._clauses.told(moment)))

    def evidence(self, moment: Moment) -> dict[str, Any]:
        """Return the values of all names of the condition."""
        return {name: moment.written(slot) for name, slot in self.leaves.items()}


class _Clauses:
    """The clauses of one condition, and for an `or` the clauses of its operands."""

    def __init__(self, condition: Compiled, veil_of: VeilOf) -> None:
        self._veil_of = veil_of
        self.parts: list[Clause | list[tuple[int, _Clauses]]] = []
        self._add(condition)

    def _add(self, condition: Compiled) -> None:
        node = condition.node
        if not isinstance(node, Junction):
            self.parts.append(_clause(condition, self._veil_of))
        elif node.operator == "and":
            for operand in condition.operands:
                self._add(operand)
        else:
            self.parts.append(
                [(operand.slot, _Clauses(operand, self._veil_of)) for operand in condition.operands]
            )

    def sentence(self) -> Clause | None:
        """Return all clauses as one, None where one may be false though the condition is true."""
        different: dict[tuple[str | int, ...], Clause] = {}
        for clause in self.parts:
            if not isinstance(clause, tuple):
                return None
            different[tuple([part if isinstance(part, str) else part.number for part in clause])] = clause
        return tuple(chain(*[(SEPARATOR, *clause) for clause in different.values()]))[1:]

    def told(self, moment: Moment) -> list[str]:
        """Return the true clauses: all operands of a true `and` are, of an `or` only some need be."""
        clauses: list[str] = []
        for part in self.parts:
            if isinstance(part, tuple):
                clauses.append(
                    "".join([each if isinstance(each, str) else moment.written(each) for each in part])
                )
            else:
                for slot, operand in part:
                    if moment.value(slot):
                        clauses += operand.told(moment)
        return clauses


def _clause(condition: Compiled, veil_of: VeilOf) -> Clause:
    node = condition.node
    if isinstance(node, (Not, IsNull)):
        return (condition.text,)
    if not isinstance(node, Comparison):
        return (f"{condition.text} is true",)
    left = condition.operands[0]
    if left.type.kind is Kind.TEXT and isinstance(node.left, Name):
        if node.operator not in ("==", "in"):
            return (condition.text,)
        return (f"{left.text} is ", Slot(left.slot, in_words(left.type, veil_of(left.node))))
    if len(condition.operands) == 1:
        return (*_term(left, veil_of), f" in {write(node.right)}")
    return (*_term(left, veil_of), f" {node.operator} ", *_term(condition.operands[1], veil_of))


def _term(part: Compiled, veil_of: VeilOf) -> Clause:
    if not isinstance(part.node, Literal):
        return (f"{part.text} ", Slot(part.slot, in_words(part.type, veil_of(part.node))))
    label = part.node.label
    return (f"{label} {write(Literal(part.node.value))}" if label else part.text,)


def in_words(type_: Type, veil: Veil | None = None) -> Format:
    """Return how a value of a type is said in a sentence, as far as it may be seen."""
    if veil is not None:
        return Format(type_, True, _veiling(type_, veil), veiled=True)
    return Format(type_, True, _saying(type_))


def _saying(type_: Type) -> Callable[[Any, Moment], str]:
    match type_.kind:
        case Kind.MONEY:
            return lambda value, moment: _shown_money(value, type_.currency or moment.currency)
        case Kind.NUMBER:
            return _shown_number
        case _:
            plain = _writing(type_)
            return lambda value, moment: str(plain(value, moment))


def _shown_money(value: float, currency: str) -> str:
    return format_minor(round(value), currency) if currency in EXPONENTS else f"{value:,}"


def _shown_number(value: float, _: Moment) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"


def in_json(type_: Type, veil: Veil | None = None) -> Format:
    """Return how a value of a type stands in JSON, as far as it may be seen."""
    if veil is not None:
        return Format(type_, False, _veiling(type_, veil), veiled=True)
    return Format(type_, False, _writing(type_))


def _veiling(type_: Type, veil: Veil) -> Callable[[Any, Moment], str]:
    plain = _writing(type_)
    return lambda value, moment: veil.write(str(plain(value, moment)))


def _writing(type_: Type) -> Callable[[Any, Moment], Any]:
    match type_.kind:
        case Kind.TEXT:
            return lambda value, moment: moment.text(value)
        case Kind.TIME:
            return lambda value, _: format_time(value)
        case Kind.DURATION:
            return lambda value, _: readable_duration(int(value))
        case Kind.MONEY:
            return lambda value, moment: _plain_money(value, type_.currency or moment.currency)
        case _:
            return lambda value, _: round(value, 6) if isinstance(value, float) else value


def _plain_money(value: float, currency: str) -> str:
    if currency not in EXPONENTS:
        return f"{value:.0f}"
    if isinstance(value, int):
        return decimal_text(value, currency)
    return f"{value / factor(currency):.{EXPONENTS[currency]}f}"


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

"""The types of the expression language, and how constants meet money."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What an expression gives, in the words of messages to people."""

    TRUTH = "a condition"
    TEXT = "a text"
    NUMBER = "a number"
    MONEY = "an amount of money"
    DURATION = "a duration"
    TIME = "a time"
    NULL = "null"


@dataclass(frozen=True)
class Type:
    """A kind; money also has its currency, None for each event's own; a number may have a unit."""

    kind: Kind
    currency: str | None = None
    unit: str | None = field(default=None, compare=False)
    """One of km, km_per_h, percent and count; numbers of two units are neither compared nor added."""

    def __str__(self) -> str:
        if self.kind is not Kind.MONEY:
            return f"{self.kind} in {self.unit}" if self.unit else str(self.kind)
        return f"money in {self.currency}" if self.currency else "money in the event's own currency"


TRUTH = Type(Kind.TRUTH)
TEXT = Type(Kind.TEXT)
NUMBER = Type(Kind.NUMBER)
DURATION = Type(Kind.DURATION)
TIME = Type(Kind.TIME)
NULL = Type(Kind.NULL)
OWN_MONEY = Type(Kind.MONEY)


def number(unit: str) -> Type:
    """Return the type of numbers in a unit."""
    return Type(Kind.NUMBER, unit=unit)


def money(currency: str) -> Type:
    """Return the type of amounts converted to one currency."""
    return Type(Kind.MONEY, currency)

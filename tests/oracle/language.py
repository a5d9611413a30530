"""Rules as the oracle sees them: small dataclasses, never parsed from text.

`writing.py` prints them as the files that the engine reads; `conditions.py` evaluates them directly.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

NUMBER, DURATION, TIME, TEXT, OWN_MONEY = "number", "duration", "time", "text", "money in its own currency"
"""Kinds of values; converted money has its currency's code as its kind."""


@dataclass(frozen=True)
class Number:
    """A constant; `name` makes it a parameter of the rule, which may be in a unit, percent among them."""

    value: Decimal
    name: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Money:
    """A constant amount in major units of a currency."""

    value: Decimal
    currency: str
    name: str | None = None


@dataclass(frozen=True)
class Text:
    """A constant text."""

    value: str
    name: str | None = None


@dataclass(frozen=True)
class Span:
    """A constant duration of whole seconds."""

    us: int
    name: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of the event, `amount` among them."""

    name: str
    kind: str


@dataclass(frozen=True)
class Converted:
    """The amount in one currency, `amount_usd`."""

    currency: str


@dataclass(frozen=True)
class Read:
    """A feature of the rule by its name, and the kind of its value."""

    name: str
    kind: str


@dataclass(frozen=True)
class Compute:
    """`left operator right`, operator one of + - * / %."""

    operator: str
    left: Value
    right: Value


@dataclass(frozen=True)
class Minus:
    """Arithmetic minus."""

    operand: Value


@dataclass(frozen=True)
class Call:
    """A function of the language that gives a value; those of the clock may name a zone."""

    function: str
    arguments: tuple[Value, ...]
    zone: str | None = None


Value = Number | Money | Text | Span | Column | Converted | Read | Compute | Minus | Call


@dataclass(frozen=True)
class Chain:
    """`first operator value operator value ...`, each link between neighbours."""

    first: Value
    links: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Between:
    """`value between low and high`, both inclusive."""

    value: Value
    low: Value
    high: Value
    negated: bool = False


@dataclass(frozen=True)
class OneOf:
    """`value in [items]`."""

    value: Value
    items: tuple[Number | Money | Text | Span, ...]
    negated: bool


@dataclass(frozen=True)
class IsNull:
    """`value is null` or `value is not null`."""

    value: Value
    negated: bool


@dataclass(frozen=True)
class TextTest:
    """`contains(column, "part")` and its like."""

    function: str
    column: str
    part: str


@dataclass(frozen=True)
class Listed:
    """`column in list("name")`."""

    column: str
    list_name: str
    negated: bool


@dataclass(frozen=True)
class Holiday:
    """`holiday(time, "list", "zone")`."""

    time: Value
    list_name: str
    zone: str | None


@dataclass(frozen=True)
class Outcome:
    """`rule("ID")`."""

    rule_id: str


@dataclass(frozen=True)
class Every:
    """All parts, joined by `and`."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Some:
    """Any of the parts, joined by `or`."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Unless:
    """`not part`."""

    part: Condition


Condition = Chain | Between | OneOf | IsNull | TextTest | Listed | Holiday | Outcome | Every | Some | Unless

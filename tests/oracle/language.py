"""Rules as the oracle sees them: small dataclasses, never parsed from text.

`writing.py` prints them as the files that the engine reads; `conditions.py` evaluates them directly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

NUMBER, DURATION, TIME, TEXT, OWN_MONEY = "number", "duration", "time", "text", "money in its own currency"
"""Kinds of values; converted money has its currency's code as its kind."""


@dataclass(frozen=True)
class Number:
    """A constant; `name` makes it a parameter of the rule."""

    value: Decimal
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
    """A function of the language that gives a value."""

    function: str
    arguments: tuple[Value, ...]


Value = Number | Text | Span | Column | Converted | Read | Compute | Minus | Call


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


@dataclass(frozen=True)
class OneOf:
    """`value in [items]`."""

    value: Value
    items: tuple[Number | Text | Span, ...]
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


Condition = Chain | Between | OneOf | IsNull | TextTest | Listed | Outcome | Every | Some | Unless


@dataclass(frozen=True)
class Feature:
    """One entry of `features:`; `value` is None where the events themselves are counted."""

    aggregate: str
    value: Column | Converted | None
    where: Condition | None
    by: tuple[str, ...]
    read_by: tuple[str, ...]
    window_us: int | None
    offset_us: int = 0
    include_current: bool | None = None

    @property
    def includes_current(self) -> bool:
        """Whether the event in hand counts; the default differs from aggregate to aggregate."""
        if self.include_current is not None:
            return self.include_current
        return self.aggregate not in ("last", "time_since_last", "ratio", "zscore")

    @property
    def reach_us(self) -> int:
        """How far back the window looks."""
        return (self.window_us or 0) + self.offset_us

    @property
    def kind(self) -> str:
        """The kind of its value."""
        if self.aggregate in ("count", "distinct", "ratio", "zscore"):
            return NUMBER
        if self.value is None:
            return TIME if self.aggregate == "first_seen" else DURATION
        return self.value.currency if isinstance(self.value, Converted) else self.value.kind


@dataclass(frozen=True)
class Suppress:
    """Quiet for the same key after an alert."""

    by: tuple[str, ...]
    quiet_us: int


@dataclass(frozen=True)
class Band:
    """One range of a number, `low` inclusive and `high` exclusive, None where it is open.

    Action and score are None where they are those of the rule.
    """

    name: str
    low: Decimal | None
    high: Decimal | None
    action: str | None = None
    score: int | None = None


@dataclass(frozen=True)
class Rule:
    """A rule that runs; `first_day` inclusive and `last_day` exclusive are its effective days."""

    id: str
    live: bool
    when: Condition
    features: tuple[tuple[str, Feature], ...]
    action: str
    score: int
    severity: str
    typology: str
    first_day: date | None = None
    last_day: date | None = None
    suppress: Suppress | None = None
    alerts_per_hour_max: int | None = None
    banded: Value | None = None
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Typology:
    """A crime pattern; with `weights` it is scored, over the event where `by` is empty."""

    name: str
    weights: tuple[tuple[str, int], ...] = ()
    by: tuple[str, ...] = ()
    window_us: int = 0
    bands: tuple[Band, ...] = ()
    suppress: Suppress | None = None


@dataclass(frozen=True)
class AllowList:
    """One entry of actions.yml: a cap for the events whose column is in a list."""

    column: str
    list_name: str
    at_most: str
    exempt: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListEntry:
    """One entry of a list with its effective days."""

    text: str
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class Ruleset:
    """Everything that decides; rates are units per base currency by the day from which they hold."""

    rules: tuple[Rule, ...]
    typologies: tuple[Typology, ...]
    rates: tuple[tuple[date, tuple[tuple[str, Decimal], ...]], ...]
    base: str = "USD"
    lists: tuple[tuple[str, tuple[ListEntry, ...]], ...] = ()
    allow_lists: tuple[AllowList, ...] = ()
    alerts_per_hour_max: int | None = None


@dataclass(frozen=True)
class Deployment:
    """What a topology may set of the fold."""

    lateness_us: int
    exact_us: int
    ids_max: int
    horizon_us: int = DAY_US

"""Features, rules and what stands beside them, as the oracle sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.oracle.language import DAY_US, DURATION, NUMBER, TIME, Column, Condition, Converted, Value


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
class Rollout:
    """The share of the entities for which a live rule is live."""

    percent: int
    by: tuple[str, ...]


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
    rollout: Rollout | None = None


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
    ahead_us: int
    horizon_us: int = DAY_US

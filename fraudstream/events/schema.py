"""The declared columns of an event, its kinds, and the limits that hold for every message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property


class ColumnType(StrEnum):
    """What a column holds; the name is also what a topology writes for a column of its own."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    MONEY = "money"
    TIME = "time"


class Sensitivity(StrEnum):
    """What harm it does if a value of a column is seen, which says where it may leave (docs/privacy.md)."""

    PUBLIC = "public"
    """The same words for everybody: may stand anywhere."""
    INTERNAL = "internal"
    """Tells of a payment and of no person: leaves on topics, and stands in no metric."""
    PERSONAL = "personal"
    """Tells who somebody is, where or what they do: leaves as the policy says, on the alert topic alone."""
    SECRET = "secret"  # nosec B105 # a word of the topology, no password
    """Rules may read it; it never leaves."""


@dataclass(frozen=True)
class Column:
    """One declared column; `minimum` and `maximum` bound numbers, both inclusive.

    One that `may_hold_cards` is searched for card numbers where it leaves as it is: people write into it.
    """

    name: str
    type: ColumnType
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: frozenset[str] | None = None
    sensitivity: Sensitivity = Sensitivity.PERSONAL
    may_hold_cards: bool = False


@dataclass(frozen=True)
class Limits:
    """Bounds on one message; what exceeds them is a dead letter, never a crash.

    The amount bound keeps every window sum below 9,200 such amounts inside int64 (2**63 - 1). Of a value that
    is refused the dead letter quotes so many characters at most, with 0 none of it.
    """

    message_bytes_max: int = 1_048_576
    depth_max: int = 32
    text_chars_max: int = 1_024
    amount_minor_max: int = 10**15
    quote_chars_max: int = 60


PAYMENT_KINDS = frozenset(
    {
        "card_payment",
        "transfer",
        "cash_deposit",
        "cash_withdrawal",
        "refund",
        "loan",
        "repayment",
        "investment",
        "redemption",
    }
)
OTHER_KINDS = frozenset({"login", "profile_change", "data_access", "payment_status"})
"""Events without an amount of their own; `payment_status` is a later step of a payment already seen."""
STATUSES = frozenset({"approved", "declined", "reversed", "failed"})
CHANNELS = frozenset({"pos", "ecommerce", "mobile", "branch", "atm", "api"})


ID = "id"
"""The column with the event's own name."""
_PUBLIC, _INTERNAL, _PERSONAL = Sensitivity.PUBLIC, Sensitivity.INTERNAL, Sensitivity.PERSONAL


def _text(sensitivity: Sensitivity, *names: str, may_hold_cards: bool = False) -> list[Column]:
    return [
        Column(name, ColumnType.TEXT, sensitivity=sensitivity, may_hold_cards=may_hold_cards)
        for name in names
    ]


def _party(party: str) -> list[Column]:
    return [
        *_text(_PERSONAL, f"{party}.id", f"{party}.account"),
        *_text(_PERSONAL, f"{party}.name", may_hold_cards=True),
        *_text(_INTERNAL, f"{party}.country", f"{party}.type"),
    ]


DEFAULT_COLUMNS: tuple[Column, ...] = (
    Column(ID, ColumnType.TEXT, required=True, sensitivity=_INTERNAL),
    Column(
        "kind",
        ColumnType.TEXT,
        required=True,
        choices=PAYMENT_KINDS | OTHER_KINDS,
        sensitivity=_PUBLIC,
    ),
    Column("occurred_at", ColumnType.TIME, required=True, sensitivity=_INTERNAL),
    Column("amount", ColumnType.MONEY, sensitivity=_INTERNAL),
    *_text(_PUBLIC, "currency"),
    Column("status", ColumnType.TEXT, choices=STATUSES, sensitivity=_PUBLIC),
    Column("channel", ColumnType.TEXT, choices=CHANNELS, sensitivity=_PUBLIC),
    *_party("debtor"),
    *_party("creditor"),
    *_text(_PERSONAL, "card.id", may_hold_cards=True),
    *_text(_INTERNAL, "merchant.id", "merchant.mcc", "merchant.country"),
    *_text(_PERSONAL, "device.id", "device.ip"),
    *_text(_INTERNAL, "device.country"),
    Column("device.lat", ColumnType.NUMBER, minimum=-90, maximum=90),
    Column("device.lon", ColumnType.NUMBER, minimum=-180, maximum=180),
    *_text(_PERSONAL, "employee.id"),
    *_text(_INTERNAL, "platform.id"),
    *_text(_PERSONAL, "purpose", may_hold_cards=True),
)
OPEN_COLUMNS = frozenset({ID, "kind", "occurred_at", "amount", "currency", "status", "channel"})
"""Columns that no alert can do without: they stay public or internal, and must not say who somebody is."""


@dataclass(frozen=True)
class Schema:
    """The columns of a deployment: the default ones and those that its topology adds."""

    columns: tuple[Column, ...] = DEFAULT_COLUMNS
    limits: Limits = field(default_factory=Limits)

    def with_columns(self, added: tuple[Column, ...]) -> Schema:
        """Return a schema with more columns; ValueError where a name is not one of its own."""
        names = [column.name for column in self.columns]
        for column in added:
            why = _why_not_a_name(column.name, names)
            if why:
                raise ValueError(f"column {column.name!r} {why}: choose another name")
            names.append(column.name)
        return Schema(self.columns + added, self.limits)

    def classified(self, sensitivities: Mapping[str, Sensitivity]) -> Schema:
        """Return a schema with other sensitivities of some columns; ValueError where that cannot be."""
        for name in sensitivities:
            if self.column(name) is None:
                raise ValueError(f"there is no column {name}: name one of the events")
            if name in OPEN_COLUMNS:
                raise ValueError(
                    f"{name} stands in every alert: keep personal data out of it, do not classify it"
                )
        columns = tuple(
            replace(each, sensitivity=sensitivities.get(each.name, each.sensitivity)) for each in self.columns
        )
        return replace(self, columns=columns)

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return self._by_name.get(name)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text columns in the order of `EventBatch.codes`: all but `id`, which names a single event."""
        return tuple(each.name for each in self.columns if each.type is ColumnType.TEXT and each.name != ID)

    @cached_property
    def wholes(self) -> tuple[str, ...]:
        """The columns of whole numbers in the order of `EventBatch.ints`: the amount, then integers."""
        kinds = (ColumnType.MONEY, ColumnType.INTEGER)
        return tuple(each.name for each in self.columns if each.type in kinds)

    @cached_property
    def reals(self) -> tuple[str, ...]:
        """The columns of other numbers in the order of `EventBatch.floats`."""
        return tuple(each.name for each in self.columns if each.type is ColumnType.NUMBER)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each column in its matrix, see `texts`, `wholes` and `reals`."""
        return {
            name: row for names in (self.texts, self.wholes, self.reals) for row, name in enumerate(names)
        }

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


def _why_not_a_name(name: str, names: list[str]) -> str | None:
    if not _NAME.fullmatch(name):
        return "is no name of small letters, digits, underscores and dots"
    if name in names:
        return "is declared twice"
    if name.startswith("amount_"):
        return "reads as a converted amount"
    for other in names:
        if other.startswith(f"{name}.") or name.startswith(f"{other}."):
            return f"and {other!r} cannot both be fields"
    return None

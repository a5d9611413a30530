"""From a message to an event or to the reason why it is none: one message at a time, with Decimal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from tests.oracle.language import DAY_US

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME_US_MAX = (datetime(2200, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
MESSAGE_BYTES_MAX = 1_048_576
DEPTH_MAX = 32
TEXT_CHARS_MAX = 1_024
AMOUNT_MINOR_MAX = 10**15
EXPONENTS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3}
"""Decimals of the currencies that streams use (ISO 4217)."""

PAYMENTS = {"card_payment", "transfer", "cash_deposit", "cash_withdrawal", "refund", "loan", "repayment"}
PAYMENTS |= {"investment", "redemption"}
CHOICES = {
    "kind": PAYMENTS | {"login", "profile_change", "data_access", "payment_status"},
    "status": {"approved", "declined", "reversed", "failed"},
    "channel": {"pos", "ecommerce", "mobile", "branch", "atm", "api"},
    "currency": set(EXPONENTS),
}
PARTY = ("id", "account", "name", "country", "type")
TEXTS = (
    "kind",
    "currency",
    "status",
    "channel",
    *(f"debtor.{field}" for field in PARTY),
    *(f"creditor.{field}" for field in PARTY),
    *("card.id", "merchant.id", "merchant.mcc", "merchant.country"),
    *("device.id", "device.ip", "device.country", "employee.id", "platform.id", "purpose"),
)
POINTS, LEVEL = "x.points", "x.level"
"""Columns that the deployment adds: whole numbers within 1,000, other numbers within a million."""
NUMBERS = {"device.lat": 90, "device.lon": 180, POINTS: 1_000, LEVEL: 1_000_000}
"""Number columns and the bound of their size."""


@dataclass(frozen=True)
class Event:
    """A valid event; `amount` in minor units of its own currency, None where it has none."""

    id: str
    t_us: int
    texts: dict[str, str]
    amount: int | None
    numbers: dict[str, int | float]

    @property
    def minor_per_major(self) -> int:
        """Minor units in one major unit of its own currency."""
        return int(10 ** EXPONENTS.get(self.texts.get("currency", ""), 0))

    def key(self, columns: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the texts of some columns, None where one is missing."""
        parts = tuple(self.texts.get(column, "") for column in columns)
        return parts if all(parts) else None


class Refused(Exception):
    """A message that is no valid event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def day_us(day: date) -> int:
    """Return the first instant of a day in UTC."""
    return (day - EPOCH.date()).days * DAY_US


def read_message(value: bytes | None) -> Event:
    """Return the event of a message; Refused names the reason of the dead letter."""
    fields = _object(value)
    texts: dict[str, str] = {}
    for name in TEXTS:
        text = _text(name, _field(fields, name))
        if text:
            texts[name] = text
    identity = _text("id", _field(fields, "id"))
    if not identity:
        raise Refused("missing_field")
    if "kind" not in texts:
        raise Refused("missing_field")
    t_us = _time(_field(fields, "occurred_at"))
    numbers = {name: _number(name, found) for name in NUMBERS if (found := _field(fields, name)) is not None}
    amount = _amount(_field(fields, "amount"), texts)
    return Event(identity, t_us, texts, amount, numbers)


def _object(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise Refused("tombstone")
    if len(value) > MESSAGE_BYTES_MAX:
        raise Refused("too_large")
    try:
        document = json.loads(value.decode(), parse_float=Decimal, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Refused("invalid_utf8") from None
    except ValueError:
        raise Refused("not_json") from None
    if not isinstance(document, dict):
        raise Refused("not_an_object")
    if _depth(document) > DEPTH_MAX:
        raise Refused("too_deep")
    return document


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _depth(document: Any) -> int:
    if isinstance(document, dict):
        return 1 + max(map(_depth, document.values()), default=0)
    if isinstance(document, list):
        return 1 + max(map(_depth, document), default=0)
    return 0


def _field(fields: dict[str, Any], path: str) -> Any:
    found: Any = fields
    for name in path.split("."):
        if found is None:
            return None
        if not isinstance(found, dict):
            raise Refused("wrong_type")
        found = found.get(name)
    return found


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused("wrong_type")
    if len(value) > TEXT_CHARS_MAX:
        raise Refused("text_too_long")
    if name in CHOICES and value not in CHOICES[name]:
        raise Refused(f"unknown_{name}")
    return value


def _time(value: Any) -> int:
    if value is None:
        raise Refused("missing_field")
    if isinstance(value, int) and not isinstance(value, bool):
        t_us = value * 1_000
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise Refused("bad_time") from None
        if moment.tzinfo is None:
            raise Refused("bad_time")
        t_us = (moment - EPOCH) // timedelta(microseconds=1)
    else:
        raise Refused("bad_time")
    if not 0 <= t_us < TIME_US_MAX:
        raise Refused("bad_time")
    return t_us


def _number(name: str, value: Any) -> int | float:
    whole = name == POINTS
    if isinstance(value, bool) or not isinstance(value, int if whole else int | Decimal):
        raise Refused("wrong_type")
    if abs(value) > NUMBERS[name]:
        raise Refused("out_of_bounds")
    return int(value) if whole else float(value)


def _amount(value: Any, texts: dict[str, str]) -> int | None:
    if value is None:
        if texts["kind"] in PAYMENTS:
            raise Refused("missing_field")
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Refused("wrong_type")
    if "currency" not in texts:
        raise Refused("missing_field")
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise Refused("bad_amount") from None
    if amount.adjusted() > 20:
        raise Refused("absurd_amount" if amount > 0 else "negative_amount")
    minor = amount * 10 ** EXPONENTS[texts["currency"]]
    if minor != minor.to_integral_value():
        raise Refused("bad_amount")
    if minor < 0:
        raise Refused("negative_amount")
    if minor > AMOUNT_MINOR_MAX:
        raise Refused("absurd_amount")
    return int(minor)

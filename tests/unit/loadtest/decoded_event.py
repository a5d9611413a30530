"""A payload read back field by field, without the decoder of the service."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import datetime

USD_PER_UNIT = {"USD": 1.0, "EUR": 1.08, "GBP": 1.27, "CNY": 0.138, "JPY": 0.0063}
"""Deliberately not the generator's own rates: an incident must hold a margin."""

AMOUNTLESS = {"login", "profile_change", "data_access"}


@dataclass
class Event:
    """A decoded payload; `at` is in seconds since 1970, and `fields` maps dotted names to values."""

    id: str
    kind: str
    at: float
    usd: float
    fields: dict[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field as text, empty where it is absent."""
        return str(self.fields.get(name, ""))

    def place(self) -> tuple[float, float]:
        """Return latitude and longitude in radians."""
        lat, lon = (math.radians(float(self.text(f"device.{axis}"))) for axis in ("lat", "lon"))
        return lat, lon


def decode(payload: bytes) -> Event:
    """Decode one payload; ValueError says why it is none that a consumer may accept."""
    raw = json.loads(payload.decode("utf-8"), parse_constant=_refuse)
    event = Event(raw.get("id"), raw["kind"], datetime.fromisoformat(raw["occurred_at"]).timestamp(), 0.0)
    if not isinstance(event.id, str):
        raise ValueError("no id")
    if event.kind not in AMOUNTLESS:
        event.usd = _usd(raw.get("amount"), raw.get("currency"))
    for name, value in raw.items():
        members = value.items() if isinstance(value, dict) else ()
        event.fields |= {f"{name}.{member}": content for member, content in members} or {name: value}
    return event


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _usd(amount: object, currency: str) -> float:
    if not isinstance(amount, int | float) or amount < 0 or currency not in USD_PER_UNIT:
        raise ValueError(f"no money: {amount} {currency}")
    return amount * USD_PER_UNIT[currency]

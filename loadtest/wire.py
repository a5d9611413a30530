"""From rows to JSON bytes: every row is a chain of pieces that were written once per entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import chain, repeat

import numpy as np
import orjson
from numpy.typing import NDArray

from loadtest.rows import FACTORS, Channel, Currency, Ints, Kind, Rows, Status

_CHUNK_ROWS = 50_000
"""Rows per round: bounds the memory of the joined text without costing speed."""


class Table:
    """The JSON values that one field can take; a row refers to them by index."""

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, value: str | Mapping[str, object]) -> int:
        """Append a value, leaving out members that are None, and return its index."""
        members = value if isinstance(value, str) else {k: v for k, v in value.items() if v is not None}
        self._texts.append(orjson.dumps(members).decode())
        self.ids.append(b"" if isinstance(members, str) else str(members.get("id", "")).encode())
        return len(self._texts) - 1

    def pieces(self, field: str) -> NDArray[np.object_]:
        """Return `,"field":value` per index; the last piece is empty, so that index -1 finds it."""
        return np.array([*(f',"{field}":{text}' for text in self._texts), ""], dtype=object)


class Tables:
    """Every entity of the world as JSON; debtors and creditors share the table of parties."""

    def __init__(self) -> None:
        self.party, self.card, self.merchant, self.device = Table(), Table(), Table(), Table()
        self.employee, self.platform, self.purpose = Table(), Table(), Table()
        self._purposes: dict[str, int] = {}

    def purpose_of(self, text: str) -> int:
        """Return the index of a purpose, added at its first use."""
        if text not in self._purposes:
            self._purposes[text] = self.purpose.add(text)
        return self._purposes[text]


def _codes(field: str, members: Iterable[IntEnum]) -> NDArray[np.object_]:
    return np.array([*(f',"{field}":"{member.name.lower()}"' for member in members), ""], dtype=object)


_STATUS = _codes("status", Status)
_CHANNEL = _codes("channel", Channel)
_KIND = np.array([f'","kind":"{kind.name.lower()}","occurred_at":"' for kind in Kind], dtype=object)
_AFTER_TIME = np.array(['Z","amount":', 'Z"'], dtype=object)
_CENTS = np.array(
    [
        *(
            f'{"" if FACTORS[currency] == 1 else f".{cents:02d}"},"currency":"{currency.name}"'
            for currency in Currency
            for cents in range(100)
        ),
        "",
    ],
    dtype=object,
)
"""The fraction and the currency of an amount, at `currency * 100 + cents`; the last one is for no amount."""


def _money(rows: Rows) -> tuple[list[str], list[str], list[str]]:
    """Return the pieces before, of and after the whole units of each amount."""
    currency = rows["currency"].astype(np.int64)
    absent = currency < 0
    whole, cents = np.divmod(rows["amount_minor"], FACTORS[currency])
    units = np.array(list(map(str, whole.tolist())), dtype=object)
    units[absent] = ""
    index = np.where(absent, -1, currency * 100 + cents)
    return _AFTER_TIME[absent.astype(np.int8)].tolist(), units.tolist(), _CENTS[index].tolist()


class Encoder:
    """Writes rows of one world as JSON; build it when the world is complete."""

    def __init__(self, tables: Tables) -> None:
        self._columns = (
            ("status", _STATUS),
            ("channel", _CHANNEL),
            ("purpose", tables.purpose.pieces("purpose")),
            ("debtor", tables.party.pieces("debtor")),
            ("creditor", tables.party.pieces("creditor")),
            ("card", tables.card.pieces("card")),
            ("merchant", tables.merchant.pieces("merchant")),
            ("device", tables.device.pieces("device")),
            ("employee", tables.employee.pieces("employee")),
            ("platform", tables.platform.pieces("platform")),
        )

    def encode(self, rows: Rows, ids: Sequence[str]) -> list[bytes]:
        """Return one JSON object per row, in the same order."""
        payloads: list[bytes] = []
        for start in range(0, len(rows), _CHUNK_ROWS):
            stop = start + _CHUNK_ROWS
            payloads += self._chunk(rows[start:stop], ids[start:stop])
        return payloads

    def _chunk(self, rows: Rows, ids: Sequence[str]) -> list[bytes]:
        times = np.datetime_as_string(rows["time_us"].view("M8[us]"), unit="ms")
        pieces = zip(
            repeat('{"id":"'),
            ids,
            _KIND[rows["kind"]].tolist(),
            times.tolist(),
            *_money(rows),
            *(table[rows[name]].tolist() for name, table in self._columns),
            repeat("}\n"),
        )
        return "".join(chain.from_iterable(pieces)).encode().split(b"\n")[:-1]


def keys(rows: Rows, tables: Tables) -> list[bytes]:
    """Return the Kafka key per row: the debtor's id, or the card's where no debtor is known."""
    parties = np.array([*tables.party.ids, b""], dtype=object)
    cards = np.array([*tables.card.ids, b""], dtype=object)
    debtor: Ints = rows["debtor"]
    found: list[bytes] = np.where(debtor >= 0, parties[debtor], cards[rows["card"]]).tolist()
    return found

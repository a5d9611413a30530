"""A stream of events as one numpy record array, before it becomes JSON."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.money import factor

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.void]

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

ABSENT = -1
"""The index of what a row does not have; its JSON piece is empty."""


class Kind(IntEnum):
    """What happened; the name in lower case is the `kind` on the wire."""

    CARD_PAYMENT = 0
    TRANSFER = 1
    CASH_DEPOSIT = 2
    CASH_WITHDRAWAL = 3
    REFUND = 4
    LOAN = 5
    REPAYMENT = 6
    INVESTMENT = 7
    REDEMPTION = 8
    LOGIN = 9
    PROFILE_CHANGE = 10
    DATA_ACCESS = 11


class Status(IntEnum):
    """How it ended; the name in lower case is the `status` on the wire."""

    APPROVED = 0
    DECLINED = 1
    FAILED = 2


class Channel(IntEnum):
    """Where it was done; the name in lower case is the `channel` on the wire."""

    POS = 0
    ECOMMERCE = 1
    MOBILE = 2
    BRANCH = 3
    ATM = 4
    API = 5


class Currency(IntEnum):
    """The currencies of the traffic; the name is the ISO 4217 code."""

    USD = 0
    EUR = 1
    GBP = 2
    CNY = 3
    JPY = 4


USD_PER_UNIT: Floats = np.array([1.0, 1.16, 1.33, 0.14, 0.0066])
"""Rough worth of one unit in USD; incidents keep a margin that is wider than a year's move of the rates."""

FACTORS: Ints = np.array([factor(currency.name) for currency in Currency])
"""Minor units per major unit, by currency."""

ROW = np.dtype(
    [
        ("time_us", np.int64),
        ("amount_minor", np.int64),
        ("kind", np.int8),
        ("status", np.int8),
        ("channel", np.int8),
        ("currency", np.int8),
        ("purpose", np.int32),
        ("debtor", np.int32),
        ("creditor", np.int32),
        ("card", np.int32),
        ("merchant", np.int32),
        ("device", np.int32),
        ("employee", np.int32),
        ("platform", np.int32),
        ("incident", np.int32),
    ]
)
"""One event: enum codes, amounts in minor units, and indices into the tables of `wire.Tables`."""


def blank(count: int) -> Rows:
    """Return `count` rows in which everything is absent."""
    return np.full(count, ABSENT, dtype=ROW)


def minor_units(usd: Floats, currency: Ints) -> Ints:
    """Convert amounts in USD to minor units of each currency, at least one."""
    units = np.rint(usd / USD_PER_UNIT[currency] * FACTORS[currency])
    return np.maximum(units, 1).astype(np.int64)

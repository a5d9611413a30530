"""Dated exchange rates."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from fraudstream.events import rates
from fraudstream.events.jit import lean_kernel
from fraudstream.events.rates import RateTable
from fraudstream.events.times import parse_time

converted_minor = lean_kernel(rates.converted)
TABLE = RateTable(
    "USD",
    (
        (date(2024, 1, 1), {"EUR": 0.5, "JPY": 100.0, "KWD": 0.25}),
        (date(2026, 1, 1), {"EUR": 0.8, "JPY": 200.0, "KWD": 0.25, "GBP": 0.6}),
    ),
)


def convert(minor: int, currency: str, to: str, at: str = "2025-06-01T00:00:00Z") -> int | None:
    """Return one amount in minor units of another currency, None where there is no rate."""
    period = max(0, int(np.searchsorted(TABLE.days_us, parse_time(at), side="right")) - 1)
    amount, fits = converted_minor(minor, float(TABLE.ratios([currency], to)[period, 0]))
    return int(amount) if fits else None


@pytest.mark.parametrize(
    ("minor", "currency", "to", "converted"),
    [
        (1_000, "USD", "EUR", 500),
        (1_000, "EUR", "USD", 2_000),
        (1_000, "USD", "JPY", 1_000),
        (1_000, "JPY", "USD", 1_000),
        (1_000, "KWD", "USD", 400),
        (1_000, "EUR", "JPY", 2_000),
        (1_000, "EUR", "KWD", 5_000),
    ],
)
def test_amounts_are_converted_between_minor_units(
    minor: int, currency: str, to: str, converted: int
) -> None:
    """Exponents of both currencies count, and so does the way over the base."""
    assert convert(minor, currency, to) == converted


@pytest.mark.parametrize(
    ("at", "converted"),
    [
        ("2020-01-01T00:00:00Z", 500),
        ("2025-12-31T23:59:59.999999Z", 500),
        ("2026-01-01T00:00:00Z", 800),
        ("2030-01-01T00:00:00Z", 800),
    ],
)
def test_the_rate_of_the_event_s_own_day_holds(at: str, converted: int) -> None:
    """A new rate holds from midnight UTC of its day; before the first date the first holds."""
    assert convert(1_000, "USD", "EUR", at) == converted


def test_half_a_unit_is_rounded_to_even() -> None:
    """Neither payer nor payee gains by the rounding."""
    assert [convert(minor, "USD", "EUR") for minor in (1, 3, 5)] == [0, 2, 2]


def test_the_same_currency_is_the_same_integer() -> None:
    """No float touches an amount that needs no rate, however large."""
    assert convert(2**62 + 1, "USD", "USD") == 2**62 + 1


@pytest.mark.parametrize("currency", ["CHF", "GBP"])
def test_without_a_rate_there_is_no_converted_amount(currency: str) -> None:
    """A currency without a rate, or with one only later, is unknown and not zero."""
    assert convert(1_000, currency, "USD") is None


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ([], "a rate table needs at least one date with rates"),
        (
            [date(2026, 1, 2), date(2026, 1, 1)],
            "the dates of a rate table must rise: sort them, and give each date once",
        ),
        (
            [date(2026, 1, 1), date(2026, 1, 1)],
            "the dates of a rate table must rise: sort them, and give each date once",
        ),
    ],
)
def test_a_table_without_order_is_refused(days: list[date], message: str) -> None:
    """The message says what to do."""
    with pytest.raises(ValueError, match=message):
        RateTable("USD", tuple((day, {"EUR": 1.0}) for day in days))

"""Amounts in minor units, by the exponents of ISO 4217."""

from __future__ import annotations

import numpy as np
import pytest

from fraudstream.events.money import factor, format_minor, minor_from_numbers, minor_from_text


def from_number(amount: float, currency: str) -> int | None:
    """Return one JSON number in minor units, None where it has too many decimals."""
    minor, excess = minor_from_numbers(np.array([amount]), np.array([float(factor(currency))]))
    return None if excess[0] else int(minor[0])


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (42.5, "USD", 4_250),
        (0.1 + 0.2, "USD", 30),
        (1.15, "EUR", 115),
        (1_234, "JPY", 1_234),
        (1.234, "KWD", 1_234),
        (1.2345, "CLF", 12_345),
        (0, "USD", 0),
        (9_999_999_999_999.99, "USD", 999_999_999_999_999),
    ],
)
def test_a_json_number_becomes_the_nearest_minor_unit(amount: float, currency: str, minor: int) -> None:
    """Yen have no decimals, dollars two, dinars three; binary rounding is no excess of decimals."""
    assert from_number(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"), [(42.505, "USD"), (0.5, "JPY"), (1.2345, "KWD"), (1e-9, "USD")]
)
def test_a_json_number_with_too_many_decimals_is_refused(amount: float, currency: str) -> None:
    """A part of a minor unit is never rounded away."""
    assert from_number(amount, currency) is None


def test_every_cent_survives_the_way_through_a_float() -> None:
    """Two decimals written as a JSON number are read back as that many cents."""
    cents = np.arange(0, 1_000_000_000_000_000, 999_999_999_937)
    written = [float(f"{each // 100}.{each % 100:02d}") for each in cents.tolist()]
    minor, excess = minor_from_numbers(np.array(written), np.full(len(cents), 100.0))
    assert np.array_equal(minor, cents)
    assert not excess.any()


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("42.50", "USD", 4_250),
        ("42.500", "USD", 4_250),
        ("1234", "JPY", 1_234),
        ("1.234", "KWD", 1_234),
        ("0.01", "USD", 1),
        ("-3", "USD", -300),
        ("12345678901234567.89", "USD", 1_234_567_890_123_456_789),
    ],
)
def test_decimal_text_is_exact(text: str, currency: str, minor: int) -> None:
    """Text carries amounts that a float cannot."""
    assert minor_from_text(text, factor(currency)) == minor


@pytest.mark.parametrize("text", ["", "abc", "1,000", "NaN", "Infinity", "0.001", "1e-3", "1" * 41, "--1"])
def test_text_that_is_no_such_amount_is_refused(text: str) -> None:
    """Neither words nor parts of a cent nor endless digits are amounts."""
    assert minor_from_text(text, 100) is None


def test_an_absurd_exponent_costs_nothing() -> None:
    """A short text with a huge exponent stays absurdly large, and is not written out."""
    assert minor_from_text("1e999999", 100) == 10**19


def test_amounts_are_written_with_their_decimals_and_thousands() -> None:
    """The currency decides how many decimals there are."""
    assert format_minor(910_000, "USD") == "9,100.00 USD"
    assert format_minor(9_100, "JPY") == "9,100 JPY"
    assert format_minor(-1_005, "KWD") == "-1.005 KWD"

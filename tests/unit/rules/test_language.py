"""What each function and operator of the language gives, against values worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from fraudstream.rules.parse import ExpressionError, parse
from fraudstream.rules.tree import write
from tests.unit.rules.expressions import value

MAX, MIN = 2**63 - 1, -(2**63)
USD: dict[str, Any] = {"currency": "USD"}


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ("tries + size", {"tries": MAX - 1, "size": 1}, MAX),
        ("tries + size", {"tries": MAX, "size": 1}, None),
        ("tries + size", {"tries": MIN, "size": -1}, None),
        ("tries - size", {"tries": MIN, "size": 1}, None),
        ("tries - size", {"tries": -1, "size": MIN}, MAX),
        ("tries - size", {"tries": 0, "size": MIN}, None),
        ("-tries", {"tries": MIN}, None),
        ("abs(tries)", {"tries": MIN}, None),
        ("abs(tries)", {"tries": MIN + 1}, MAX),
        ("tries * size", {"tries": 3_037_000_499, "size": 3_037_000_499}, 3_037_000_499**2),
        ("tries * size", {"tries": 3_037_000_500, "size": 3_037_000_500}, None),
        ("tries * size", {"tries": MIN, "size": -1}, None),
        ("tries * size", {"tries": MIN, "size": 1}, MIN),
        ("tries * size", {"tries": MAX, "size": MAX}, None),
        ("tries * size", {"tries": 2**32, "size": 2**32}, None),
        ("tries % size", {"tries": -7, "size": 3}, 2),
        ("tries % size", {"tries": 7, "size": -3}, -2),
        ("tries % size", {"tries": MIN, "size": -1}, 0),
        ("tries % size", {"tries": 7, "size": 0}, None),
        ("tries / size", {"tries": 7, "size": 2}, 3.5),
        ("tries / size", {"tries": 7, "size": 0}, None),
        ("weight % 1", {"weight": -0.25}, 0.75),
        ("weight % 0", {"weight": 1.0}, None),
        ("weight * weight", {"weight": 1e200}, None),
        ("weight + tries", {"weight": 0.5, "tries": 2}, 2.5),
        ("weight - 1", {}, None),
    ],
)
def test_arithmetic(text: str, event: dict[str, Any], expected: Any) -> None:
    """Whole numbers are exact and never wrap; what has no result is unknown."""
    assert value(text, **event) == expected


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ("tries > 2.5", {"tries": 3}, True),
        ("tries > 2.5", {"tries": 2}, False),
        ("tries < 2.5", {"tries": 2}, True),
        ("tries >= 2.5", {"tries": 2}, False),
        ("tries <= 2.5", {"tries": 2}, True),
        ("tries == 2.5", {"tries": 2}, False),
        ("2.5 < tries", {"tries": 3}, True),
        ("tries > 9007199254740992", {"tries": 2**53 + 1}, True),
        ("tries < 99999999999999999999", {"tries": MAX}, True),
        ("tries between 1 and 3", {"tries": 3}, True),
        ("tries between 1 and 3", {"tries": 4}, False),
        ("tries not between 1 and 3", {"tries": 4}, True),
        ("tries not between 1 and 3", {}, None),
        ("tries between 1 and 3 and n > 1", {"tries": 1, "n": 2}, True),
        ("tries == weight", {"tries": 2, "weight": 2.0}, True),
        ("tries in [1, 2.5, 3]", {"tries": 3}, True),
        ("weight in [1, 2.5]", {"weight": 2.5}, True),
        ("mean > 1", {"mean": 1.5}, True),
        ("n is null", {}, True),
        ("mean is not null", {"mean": 0.0}, True),
        ("null is null", {}, True),
        ('score("anomaly") >= 0.5', {"score": 0.5}, True),
        ('score("anomaly") >= 0.5', {}, None),
        ('word == "x"', {"word": "x"}, True),
        ('contains(word, "X")', {"word": "axa"}, True),
    ],
)
def test_comparisons(text: str, event: dict[str, Any], expected: Any) -> None:
    """A fraction compares with whole numbers exactly, beyond 2**53 as well."""
    assert value(text, **event) is expected


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ("amount_usd == 10000 USD", {"amount": 1_000_000, **USD}, True),
        ("amount_usd < 9100.50 USD", {"amount": 910_049, **USD}, True),
        ("amount_usd between 8000 USD and 9999.99 USD", {"amount": 999_999, **USD}, True),
        ("100 JPY < amount_jpy", {"amount": 101, "currency": "JPY"}, True),
        ("amount_usd - 5 USD", {"amount": 1_000, **USD}, 500),
        ("amount_usd in [5 USD, 10]", {"amount": 1_000, **USD}, True),
        ("amount == 1.1", {"amount": 110, **USD}, True),
        ("amount == 1.234", {"amount": 123, **USD}, False),
        ("amount > 1.234", {"amount": 124, **USD}, True),
        ("amount <= 1.234", {"amount": 123, **USD}, True),
        ("amount == 5", {"amount": 5, "currency": "JPY"}, True),
        ("amount >= 5", {"amount": 5}, True),
        ("least(amount_usd, 3)", {"amount": 1_000, **USD}, 300),
        ("greatest(amount_usd, 3)", {"amount": 1_000, **USD}, 1_000),
        ("abs(amount_usd - 12)", {"amount": 1_000, **USD}, 200),
        ("amount - 1.13", {"amount": 113, **USD}, 0),
        ("amount - 1.13 == 0", {"amount": 113, **USD}, True),
        ("least(amount, 1.13) == 1.13", {"amount": 500, **USD}, True),
        ("amount - 1.5", {"amount": 3, "currency": "JPY"}, 1.5),
        ("amount + 9.5 between 9.5 and 10", {"amount": 0, "currency": "JPY"}, True),
        ("amount * 0.5 > 1.5", {"amount": 4, "currency": "JPY"}, True),
        ("amount / 2 == 1.5", {"amount": 3, "currency": "JPY"}, True),
        ("round(amount_usd)", {"amount": 1_050, **USD}, 1_000),
        ("round(amount_usd)", {"amount": 1_150, **USD}, 1_200),
        ("round(amount_usd - 20)", {"amount": 1_049, **USD}, -1_000),
        ("round(amount_usd * 0.5)", {"amount": 300, **USD}, 200),
        ("round(amount_usd * 0.5)", {"amount": 500, **USD}, 200),
        ("round(amount * 0.5)", {"amount": 7, "currency": "JPY"}, 4),
        ("round(weight)", {"weight": 2.5}, 2),
        ("round(weight)", {"weight": 1e19}, None),
        ("round(tries)", {"tries": 7}, 7),
        ("log1p(weight)", {"weight": -1.0}, None),
        ("log1p(amount_usd) == log1p(10)", {"amount": 1_000, **USD}, True),
        ("amount_usd", {"amount": 1_000, "currency": "EUR"}, 1_250),
        ("amount_usd", {"amount": 1_000, "currency": "EUR", "occurred_at": "2025-12-31T23:59:59Z"}, 2_000),
        ("amount_usd", {"amount": 1_000, "currency": "CHF"}, None),
        ("amount_usd", {"amount": 1_000}, None),
        ("amount_eur", {"amount": 3, "currency": "USD", "occurred_at": "2025-01-01T00:00:00Z"}, 2),
    ],
)
def test_money(text: str, event: dict[str, Any], expected: Any) -> None:
    """Amounts stay whole minor units; plain numbers beside them are major units."""
    assert value(text, **event) == expected


@pytest.mark.parametrize(
    ("text", "minor", "currency", "expected"),
    [
        ("first_digit(amount_usd)", 5, "USD", 5),
        ("first_digit(amount_usd)", 912_345, "USD", 9),
        ("first_digit(amount_usd)", 0, "USD", None),
        ("first_digit(amount_usd - 20)", 100, "USD", 1),
        ("last_digits(amount_usd, 3)", 999_950, "USD", 999),
        ("last_digits(amount, 2)", 12_345, "JPY", 45),
        ("trailing_zeros(amount_usd)", 500_000, "USD", 3),
        ("trailing_zeros(amount_usd)", 500_050, "USD", 0),
        ("trailing_zeros(amount_usd)", 0, "USD", None),
        ("digits(amount_usd)", 999_950, "USD", 4),
        ("digits(amount_usd)", 50, "USD", 1),
        ("digits(amount)", 12_345, "JPY", 5),
    ],
)
def test_digits(text: str, minor: int, currency: str, expected: int | None) -> None:
    """Digits are those of the amount as it is written in major units."""
    assert value(text, amount=minor, currency=currency) == expected


def test_digits_of_the_least_whole_number_are_unknown() -> None:
    """Its magnitude is no int64."""
    assert value("first_digit(tries)", tries=MIN) is None
    assert value("digits(tries)", tries=MAX) == 19


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("hour(occurred_at)", "2026-03-02T23:59:59Z", 23),
        ("minute_of_day(occurred_at + 1h * 0.5)", "2026-03-02T08:00:00Z", 510),
        ('hour(occurred_at + 1h * 0.5, "Asia/Shanghai")', "2026-03-02T08:30:00Z", 17),
        ('hour(occurred_at, "Asia/Shanghai")', "2026-03-02T23:59:59Z", 7),
        ('hour(occurred_at, "America/New_York")', "2026-03-08T06:59:59Z", 1),
        ('hour(occurred_at, "America/New_York")', "2026-03-08T07:00:00Z", 3),
        ('hour(occurred_at, "Europe/London")', "2150-07-01T12:00:00Z", 13),
        ('minute_of_day(occurred_at, "Asia/Kolkata")', "2026-03-02T00:00:00Z", 330),
        ("weekday(occurred_at)", "2026-03-02T00:00:00Z", 1),
        ('weekday(occurred_at, "America/New_York")', "2026-03-02T00:00:00Z", 7),
        ("weekday(occurred_at)", "1970-01-01T00:00:00Z", 4),
        ("day_of_month(occurred_at)", "2024-02-29T00:00:00Z", 29),
        ('day_of_month(occurred_at, "Asia/Shanghai")', "2026-02-28T16:00:00Z", 1),
        ('day_of_month(occurred_at, "America/New_York")', "1970-01-01T00:00:00Z", 31),
        ('holiday(occurred_at, "free")', "2026-03-02T10:00:00Z", True),
        ('holiday(occurred_at, "free")', "2026-03-03T00:00:00Z", False),
        ('holiday(occurred_at, "free")', "2026-03-04T00:00:00Z", False),
        ('holiday(occurred_at, "free", "Asia/Shanghai")', "2026-03-01T16:00:00Z", True),
    ],
)
def test_the_calendar_of_a_zone(text: str, at: str, expected: Any) -> None:
    """Clocks follow the zone, summer time included; without a zone they are UTC."""
    assert value(text, occurred_at=at) == expected


@pytest.mark.parametrize(
    ("text", "purpose", "expected"),
    [
        ('ends_with(purpose, "LTD")', "Acme ltd", True),
        ('ends_with(purpose, "ltd")', None, None),
        ('matches(purpose, "^inv[0-9]{4}$")', "INV2024", True),
        ('matches(purpose, "^inv[0-9]{4}$")', "xINV2024", False),
        (r'matches(purpose, "a\\.b")', "xa.bx", True),
        ('matches(purpose, "straße")', "Hauptstraße", True),
    ],
)
def test_text_tests_ignore_case(text: str, purpose: str | None, expected: bool | None) -> None:
    """A pattern matches anywhere unless it is bound to the ends."""
    assert value(text, purpose=purpose) is expected


@pytest.mark.parametrize(
    ("country", "expected"),
    [("KP", True), ("IR", True), ("MM", False), ("SY", True), ("US", False), (None, None)],
)
def test_a_list_holds_at_the_time_of_the_event(country: str | None, expected: bool | None) -> None:
    """`from` is inclusive, `to` exclusive, and a text may stand on a list twice."""
    text = 'debtor.country in list("risky")'
    assert value(text, **{"debtor.country": country}, occurred_at="2026-03-02T00:00:00Z") is expected


def test_speed_is_distance_over_time() -> None:
    """In no time, or less, there is no speed."""
    places = "52.52, 13.405, 39.9042, 116.4074"
    assert value(f"speed_km_per_h({places}, 2h) between 3670 and 3685") is True
    for elapsed in ("0s", "-1h"):
        assert value(f"speed_km_per_h({places}, {elapsed}) is null") is True


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("amount_usd > 5 EUR", 11, "cannot compare money in USD with money in EUR in amount_usd > 5 EUR"),
        ("amount_usd > 5 USDD", 15, "'USDD' after 5 is no currency: did you mean USD?"),
        ("amount_usd > 5.001 USD", 13, "USD has 2 decimals: shorten 5.001"),
        ("mean > n", 5, "cannot compare a number in km with a number in count in mean > n"),
        ("mean + n > 1", 5, "cannot compute a number in km + a number in count in mean + n"),
        ('debtor.country in list("risk")', 23, "list risk is unknown: did you mean risky?"),
        ("debtor.country in list(risky)", 18, 'list takes the id of a list as text, such as list("mules")'),
        ('tries in list("risky")', 6, "lists hold texts, and tries is a number: use a text column"),
        (
            'hour(occurred_at, "Asia/Shangai")',
            18,
            "time zone 'Asia/Shangai' is unknown: did you mean Asia/Shanghai?",
        ),
        ('hour(tries, "UTC")', 0, 'hour takes (a time) or (a time, "zone")'),
        ('holiday(occurred_at, "risky")', 21, "'KP' on list risky is no day: write days such as 2026-10-01"),
        ("holiday(occurred_at)", 0, 'holiday takes (a time, "list") or (a time, "list", "zone")'),
        ('matches(purpose, "(a")', 17, "the pattern is no RE2 expression, missing ): (a: correct it"),
        (f'matches(purpose, "{"a" * 501}")', 17, "the pattern is longer than 500 characters: split it"),
        ('matches(purpose, "((a{500}){500}){500}")', 17, "the pattern is no RE2 expression, "),
        ("first_digit(weight) > 1", 0, "first_digit takes (a whole number or amount)"),
        ("last_digits(tries, 0) > 1", 0, "last_digits takes (a whole number or amount, how many digits"),
        ("least(amount_usd, amount_eur) > 1", 0, "least takes (a number, a number)"),
        ('rule("X") and n > 1', 0, "rule takes the id of another rule as text, in `when` only"),
        ("n between 1", 11, "expected 'and', found 'the end'"),
        ("x > 1", 0, "x is unknown"),
    ],
)
def test_an_error_names_place_and_remedy(text: str, position: int, message: str) -> None:
    """What cannot be computed is refused where it stands."""
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert str(caught.value).startswith(message)
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        "a between 1 and b + 1",
        "a not between 1 and 2 and c",
        "a > 10000.50 USD",
        'x in list("mules")',
        r'matches(x, "a\\.b\"")',
        'rule("AML-STR-001") or not holiday(t, "free", "UTC")',
    ],
)
def test_what_is_written_back_parses_to_the_same(text: str) -> None:
    """The text in an alert is the condition."""
    assert parse(write(parse(text))) == parse(text)

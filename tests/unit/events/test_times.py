"""Event times: the fast parser of the usual form, and the slow one of every other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fraudstream.events.times import format_time, parse_time, parse_times

NOON_US = 1_772_452_800_000_000
"""2026-03-02T12:00:00Z."""


@pytest.mark.parametrize(
    ("text", "after_noon_us"),
    [
        ("2026-03-02T12:00:00Z", 0),
        ("2026-03-02 12:00:00Z", 0),
        ("2026-03-02T12:00:00.1Z", 100_000),
        ("2026-03-02T12:00:00.123Z", 123_000),
        ("2026-03-02T12:00:00.123456Z", 123_456),
        ("2026-03-02T13:00:00+01:00", 0),
        ("2026-03-02T05:30:00.5-06:30", 500_000),
    ],
)
def test_the_usual_form_is_parsed_all_at_once(text: str, after_noon_us: int) -> None:
    """UTC or an offset, with up to six decimals of a second."""
    assert parse_times([text])[0] == NOON_US + after_noon_us


def test_the_fast_parser_agrees_with_datetime_on_every_day() -> None:
    """Leap days, ends of months and centuries are where datetime has them."""
    days = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(0, 84_000, 13)]
    parsed = parse_times([f"{day:%Y-%m-%dT%H:%M:%S}Z" for day in days])
    assert parsed.tolist() == [int(day.timestamp()) * 1_000_000 for day in days]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T12:00:00Z",
        "2100-02-29T12:00:00Z",
        "2026-04-31T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T12:60:00Z",
        "2026-03-02T12:00:00",
        "2026-03-02T12:00:00+24:00",
        "2026-03-02T12:00:00+0100",
        "2026-03-02T12:00:00.Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2026-03-02T12:00:00Zx",
        "2026-03-02T12:00:00.1234567Z",
        "2026-03-02",
        "",
    ],
)
def test_the_fast_parser_leaves_all_else_to_the_slow_one(text: str) -> None:
    """No other form, and no day that does not exist, gets a time by mistake."""
    assert parse_times([text])[0] == -1


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T13:00:00+01:00",
        "2026-03-02T05:30:00-06:30",
        "2026-03-02T12:00:00+00:00",
        "20260302T120000Z",
    ],
)
def test_the_slow_parser_reads_any_iso_form_with_a_zone(text: str) -> None:
    """Offsets are taken off."""
    assert parse_time(text) == NOON_US


def test_a_time_without_zone_is_read_in_the_zone_of_the_map() -> None:
    """Summer and winter time of the zone count."""
    assert parse_time("2026-03-02T13:00:00", "Europe/Berlin") == NOON_US
    assert parse_time("2026-07-02T14:00:00", "Europe/Berlin") == parse_time("2026-07-02T12:00:00Z")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2026-03-02T12:00:00",
            "'2026-03-02T12:00:00' has no time zone: end it with Z or an offset such as +08:00",
        ),
        ("yesterday", "'yesterday' is no ISO 8601 date and time"),
    ],
)
def test_what_is_no_time_says_so(text: str, message: str) -> None:
    """The message quotes the text."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse_time(text)
    assert str(caught.value) == message


def test_times_are_written_with_a_fraction_only_where_there_is_one() -> None:
    """Whole seconds end in Z right away."""
    assert format_time(NOON_US) == "2026-03-02T12:00:00Z"
    assert format_time(NOON_US + 500_000) == "2026-03-02T12:00:00.500Z"
    assert format_time(NOON_US + 500_001) == "2026-03-02T12:00:00.500001Z"

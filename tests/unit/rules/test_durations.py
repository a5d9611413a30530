"""Durations as people write them."""

from __future__ import annotations

import pytest

from fraudstream.rules.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90m", 5_400), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600)]
)
def test_a_number_and_a_unit_are_a_duration(text: str, seconds: int) -> None:
    """Seconds, minutes, hours, days and weeks."""
    assert parse_duration(text) == seconds * 1_000_000


@pytest.mark.parametrize("text", ["", "5", "-5m", "1.5h", "5 m", "5M", "1h30m", "h", "1234567890s"])
def test_anything_else_is_none(text: str) -> None:
    """The message quotes the text and shows how to write one."""
    with pytest.raises(ValueError, match="is no duration: write a whole number and s, m, h, d or w"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "shortest"),
    [("24h", "1d"), ("7d", "1w"), ("90m", "90m"), ("60s", "1m"), ("8d", "8d"), ("0s", "0s")],
)
def test_a_duration_is_written_in_its_largest_whole_unit(text: str, shortest: str) -> None:
    """What is a whole number of days is written in days."""
    assert format_duration(parse_duration(text)) == shortest

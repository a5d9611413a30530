"""How a part of a topic is written."""

from __future__ import annotations

import pytest

from fraudstream.stream.history.address import Address, Mark, PastError, Range, parse_address

NOV_1, NOV_8 = Mark(1_793_491_200_000, is_time=True), Mark(1_794_096_000_000, is_time=True)


@pytest.mark.parametrize(
    ("text", "bootstrap", "ranges"),
    [
        ("kafka://events", None, {None: Range()}),
        ("kafka://a:9092,b:9092/events", "a:9092,b:9092", {None: Range()}),
        ("kafka://[::1]:9092/events@..", "[::1]:9092", {None: Range()}),
        ("kafka://events@100..5000", None, {None: Range(Mark(100), Mark(5_000))}),
        ("kafka://events@100..", None, {None: Range(Mark(100), None)}),
        ("kafka://events@2026-11-01..2026-11-08", None, {None: Range(NOV_1, NOV_8)}),
        ("kafka://events@2026-11-01T08:00+08:00..2026-11-08T00:00Z", None, {None: Range(NOV_1, NOV_8)}),
        ("kafka://events@..2026-11-08", None, {None: Range(None, NOV_8)}),
        ("kafka://events@7..2026-11-08", None, {None: Range(Mark(7), NOV_8)}),
        (
            "kafka://events@0:100..200,3:..9,4:2026-11-01..",
            None,
            {0: Range(Mark(100), Mark(200)), 3: Range(None, Mark(9)), 4: Range(NOV_1, None)},
        ),
    ],
)
def test_an_address_is_read(text: str, bootstrap: str | None, ranges: dict[int | None, Range]) -> None:
    """With or without a cluster, whole or in part, by offsets or by times, which are in UTC."""
    assert parse_address(text) == Address(bootstrap, "events", ranges)


def test_a_time_within_a_millisecond_begins_with_the_next() -> None:
    """Append times are whole milliseconds: none within the one that has begun is that late."""
    assert parse_address("kafka://e@1970-01-01T00:00:01.0005..").ranges[None].start == Mark(1_001, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kafka://", "is no address of a topic: write kafka://host:port/topic"),
        ("kafka://host/events", "is no address of a topic"),
        ("kafka://events@", "is no address of a topic"),
        ("kafka://events@5", "'5' is no range: write @100..5000 (offsets)"),
        ("kafka://events@x..5", "'x' is neither an offset nor an ISO 8601 time: write @100"),
        ("kafka://events@-1..5", "'-1' is neither an offset nor an ISO 8601 time"),
        ("kafka://events@5..5", "5..5 holds nothing: a range ends before its second mark"),
        ("kafka://events@2026-11-08..2026-11-01", "2026-11-08T00:00:00Z..2026-11-01T00:00:00Z holds nothing"),
        ("kafka://events@0:1..2,0:3..4", "'0:3..4' is one range too many"),
        ("kafka://events@0:1..2,3..4", "'3..4' is one range too many"),
        ("kafka://events@1..2,0:3..4", "'0:3..4' is one range too many"),
    ],
)
def test_what_is_no_address_is_told(text: str, told: str) -> None:
    """In one line with the text, what is wrong, and what to write."""
    with pytest.raises(PastError) as raised:
        parse_address(text)
    assert str(raised.value).startswith(f"{text}: {told}")


def test_ranges_are_spread_over_the_partitions() -> None:
    """One range is that of all; named partitions are read alone, and must be there."""
    assert parse_address("kafka://e@1..2").over([0, 1]) == {
        number: Range(Mark(1), Mark(2)) for number in (0, 1)
    }
    assert parse_address("kafka://e@1:1..2").over([0, 1]) == {1: Range(Mark(1), Mark(2))}
    with pytest.raises(PastError, match=r"^e has no partition 2: it has 0 to 1$"):
        parse_address("kafka://e@2:1..2").over([0, 1])

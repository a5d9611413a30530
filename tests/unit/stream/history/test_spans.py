"""Which offsets a range means, and what is said where they are not there."""

from __future__ import annotations

import pytest

from fraudstream.stream.history.address import Mark, PastError, Range
from fraudstream.stream.history.spans import NEVER_MS, Extent, Span, resolved

AT = ("events", 3)
WHOLE = Extent(0, 1_000, 50, {1_500: 10, 2_000: 20})
CUT = Extent(5, 1_000, 50, {500: 5, 1_000: 5, 2_000: 20})


def at(ms: int) -> Mark:
    """Return a time."""
    return Mark(ms, is_time=True)


@pytest.mark.parametrize(
    ("there", "wanted", "start", "stop"),
    [
        (WHOLE, Range(), 0, 50),
        (CUT, Range(), 5, 50),
        (CUT, Range(None, Mark(20)), 5, 20),
        (CUT, Range(Mark(5), Mark(50)), 5, 50),
        (WHOLE, Range(at(1_500), at(2_000)), 10, 20),
        (WHOLE, Range(at(2_000), at(9_000)), 20, 50),
        (WHOLE, Range(at(8_000), at(9_000)), 50, 50),
        (CUT, Range(at(1_000), at(2_000)), 5, 20),
        (WHOLE, Range(Mark(30), at(2_000)), 30, 30),
        (Extent(9, NEVER_MS, 9, {}), Range(at(1_000), None), 9, 9),
    ],
)
def test_a_range_is_resolved(there: Extent, wanted: Range, start: int, stop: int) -> None:
    """Open ends are those of the partition; a time is the first message that is not older."""
    assert resolved(AT, wanted, there) == Span(AT, start, stop)


@pytest.mark.parametrize(
    ("there", "wanted", "told"),
    [
        (
            CUT,
            Range(Mark(4), None),
            "events[3]: what was before offset 5, appended at 1970-01-01T00:00:01Z, has left the topic",
        ),
        (CUT, Range(at(500), None), "events[3]: what was before offset 5, appended at 1970-01-01T00:00:01Z"),
        (Extent(9, NEVER_MS, 9, {}), Range(Mark(4), None), "events[3]: what was before offset 9, has left"),
        (WHOLE, Range(None, Mark(51)), "events[3] ends at offset 50: end the range there at the latest"),
        (WHOLE, Range(Mark(60), None), "events[3] ends at offset 50"),
        (
            Extent(0, 0, 50, {}, "is judged up to"),
            Range(None, Mark(51)),
            "events[3] is judged up to offset 50",
        ),
    ],
)
def test_what_is_not_there_is_told(there: Extent, wanted: Range, told: str) -> None:
    """Retained away, yet to come, or not judged yet: never less than was asked for without a word."""
    with pytest.raises(PastError) as raised:
        resolved(AT, wanted, there)
    assert str(raised.value).startswith(told)

"""What a journal says of a part of the input."""

from __future__ import annotations

import pytest

from fraudstream.stream.history.address import PastError
from fraudstream.stream.history.recorded import check_told, clipped
from fraudstream.stream.history.spans import Span
from fraudstream.stream.journal import Run

JUDGED = [
    Run(-1, "r1", 0, 2),
    Run(0, "r1", 0, 10),
    Run(-1, "r1", 2, 5),
    Run(1, "r1", 0, 7),
    Run(1, "r2", 7, 20),
    Run(-1, "r2", 5, 6),
    Run(0, "r2", 10, None),
]
LABELS = {-1: 6, 0: 30, 1: 20}


def spans(*bounds: tuple[int, int]) -> dict[int, Span]:
    """Return the spans of partitions 0, 1 ..."""
    return {number: Span(("events", number), *each) for number, each in enumerate(bounds)}


def test_everything_is_what_was_judged() -> None:
    """Up to where the range ends; labels before the first event taught nothing."""
    assert clipped(JUDGED, spans((0, 30), (0, 20)), LABELS) == [*JUDGED[1:-1], Run(0, "r2", 10, 30)]


def test_a_part_keeps_the_labels_between_its_events() -> None:
    """Those before and behind them bear on nothing in it."""
    assert clipped(JUDGED, spans((10, 10), (5, 9)), LABELS) == [Run(1, "r1", 5, 7), Run(1, "r2", 7, 9)]
    assert clipped(JUDGED, spans((8, 9), (0, 1)), LABELS) == [
        Run(0, "r1", 8, 9),
        Run(-1, "r1", 2, 5),
        Run(1, "r1", 0, 1),
    ]


def test_labels_that_go_on_end_with_what_was_learned() -> None:
    """The last run of all has no end of its own."""
    runs = [Run(0, "r", 0, 5), Run(-1, "r", 0, None), Run(0, "r", 5, 6)]
    assert clipped(runs, spans((0, 6)), {-1: 3})[1] == Run(-1, "r", 0, 3)


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ([], "from offset 3 to 8"),
        ([Run(0, "r", 5, 9)], "from offset 3 to 4"),
        ([Run(0, "r", 3, 5), Run(1, "r", 5, 9), Run(0, "r", 6, 9)], "from offset 5 to 5"),
        ([Run(0, "r", 3, 7)], "from offset 7 to 8"),
    ],
)
def test_a_journal_that_does_not_know_is_told(kept: list[Run], told: str) -> None:
    """Its entries may be of a later time than the messages."""
    with pytest.raises(PastError, match=rf"^journal does not say how events\[0\] was judged {told}: leave"):
        check_told("journal", Span(("events", 0), 3, 9), kept)
    check_told("journal", Span(("events", 0), 3, 9), [Run(0, "r", 3, 5), Run(0, "r", 5, 9)])

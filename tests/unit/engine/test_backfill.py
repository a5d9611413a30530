"""What a back-fill counts, what it says where history is short, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fraudstream.engine.backfill import Backfill
from fraudstream.engine.step import Engine
from fraudstream.events.times import parse_time
from fraudstream.rules.binding import Bound
from tests.unit.engine.test_gaps import SHORT, counting, marks
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file, ruleset_of

OLD = counting("1h")
NEW = counting("4h", "TST-NEW-001")
HISTORY = [event("a"), event("b", "2026-03-02T09:00:00Z")]


def us(time: str) -> int:
    """Return a time of the day in microseconds."""
    return parse_time(f"2026-03-02T{time}Z")


def begun(*rules: bytes) -> tuple[Engine, Bound, Backfill]:
    """Return an engine that has folded two events by the old rule, and a back-fill for others."""
    engine = engine_of(OLD, settings=SHORT)
    engine.step(HISTORY)
    bound = engine.prepare(ruleset_of(*rules))
    filled = engine.backfill(bound)
    assert filled is not None
    return engine, bound, filled


def appended(*times: str) -> NDArray[np.int64]:
    """Return when messages were appended."""
    return np.array([us(time) for time in times], np.int64)


def test_what_was_folded_before_is_counted_and_needs_no_mark() -> None:
    """The third event within four hours is the third for a rule that has just come."""
    engine, bound, filled = begun(OLD, NEW)
    filled.fold(HISTORY, appended("08:00:00", "09:00:00"))
    engine.reload(bound, filled)
    (told,) = alerts_of(engine, event("c", "2026-03-02T10:30:00Z"))
    assert (told["rules"][1]["evidence"], told["warming"]) == ({"n": 3}, None)
    assert [each.stats.warm for each in engine.stats().features] == [1.0, 1.0]


def test_history_is_read_from_where_it_can_matter() -> None:
    """The window, the lateness, a second of duplicates and an hour ahead before the newest event."""
    _, _, filled = begun(OLD, NEW)
    assert filled.appended_from_us == us("03:54:59")


def test_a_feature_without_bound_reads_all_that_there_is() -> None:
    """From the begin of the topic."""
    first = rule_file("n is null", features="{n: {first_seen: events, by: debtor.id}}", cases="[]")
    _, _, filled = begun(OLD, first.replace(b"TST-ANY-001", b"TST-NEW-001"))
    assert filled.appended_from_us == 0


@pytest.mark.parametrize(
    ("folded", "since"),
    [(["08:00:00", "09:00:00"], "08:05:00"), (["08:59:00"], "09:00:00"), ([], "09:00:00")],
)
def test_where_history_is_short_the_mark_tells_from_where_it_counts(folded: list[str], since: str) -> None:
    """What is gone may be dated up to the lateness after the first event, and not after the swap."""
    engine, bound, filled = begun(OLD, NEW)
    filled.lack()
    filled.fold([event(time, f"2026-03-02T{time}Z") for time in folded], appended(*folded))
    engine.reload(bound, filled)
    (mark,) = marks(engine, "09:30:00")
    assert mark is not None
    assert [each["since"] for each in mark["features"]] == [f"2026-03-02T{since}Z"]


def test_what_is_ahead_of_time_or_no_event_is_left_out_again() -> None:
    """As it was when it was folded first."""
    engine, bound, filled = begun(OLD, NEW)
    filled.fold([b"{", None, event("x", "2026-03-02T09:00:00Z")], appended(*3 * ["07:59:59"]))
    filled.fold([b"}"], appended("08:00:00"))
    engine.reload(bound, filled)
    (told,) = alerts_of(engine, event("c", "2026-03-02T09:30:00Z"))
    assert told["rules"][1]["evidence"] == {"n": 1}


def test_there_may_be_nothing_to_fill() -> None:
    """No new feature, none that counts events, or no past."""
    engine = engine_of(OLD, settings=SHORT)
    assert engine.backfill(engine.prepare(ruleset_of(OLD, NEW))) is None
    engine.step(HISTORY)
    labels = rule_file("n >= 1", features="{n: {count: frauds, by: debtor.id, window: 4h}}", cases="[]")
    labels = labels.replace(b"TST-ANY-001", b"TST-NEW-001")
    assert engine.backfill(engine.prepare(ruleset_of(OLD, counting("1h", "TST-NEW-001")))) is None
    assert engine.backfill(engine.prepare(ruleset_of(OLD, labels))) is None


def test_no_text_is_forgotten_that_only_the_past_has() -> None:
    """Its code would be another's. What is forgotten otherwise is forgotten once the back-fill is over."""
    engine, bound, filled = begun(OLD, NEW)
    filled.fold([event("p", debtor={"id": "only in the past"})], appended("08:00:00"))

    def go_on(first: int, last: int) -> None:
        for day in range(first, last):
            # So many that the sweep gets through all entities.
            engine.step([event(f"{day} {n}", f"2026-03-{day:02}T08:00:00Z") for n in range(300)])

    known = engine.stats().texts
    go_on(3, 20)
    assert engine.stats().texts == known
    engine.reload(bound, filled)
    go_on(20, 31)
    assert engine.stats().texts < known

"""Messages that know how they came."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pytest

from fraudstream.engine.step import Settings
from fraudstream.events.times import parse_time
from fraudstream.workbench.arrivals import Arrivals, Past, events_in, fold
from fraudstream.workbench.backtest import Backtest
from fraudstream.workbench.coverage import coverage
from fraudstream.workbench.diff import Diff
from fraudstream.workbench.replay import replay
from tests.unit.rule_files import engine_of, event, rule_file, ruleset_of

EIGHT_US = parse_time("2026-03-02T08:00:00Z")
COUNTED = "{n: {count: events, by: debtor.id, window: 1h}}"
FRAUDS = "{frauds: {count: frauds, by: debtor.id, window: 30d}}"
KNOWN = rule_file("frauds >= 1", features=FRAUDS, cases="[]")
KNOWN_TWICE = rule_file("frauds >= 2", features=FRAUDS, cases="[]", version=2)


def arrivals(*values: bytes | None, appended_us: int = EIGHT_US, **others: Any) -> Arrivals:
    """Return messages that were all appended at one time."""
    return Arrivals(values, np.full(len(values), appended_us), **others)


def label(event_id: str) -> bytes:
    """Return a label that calls an event fraud."""
    return orjson.dumps({"schema": "fraudstream.label/v1", "label": "fraud", "event_id": event_id})


@dataclass
class Recorded:
    """A history of arrivals."""

    parts: list[Arrivals]
    rows: int | None = None

    def batches(self) -> Iterator[Arrivals]:
        """Yield the parts."""
        yield from self.parts


def test_a_part_knows_what_the_whole_knows() -> None:
    """Times go with their messages; only a part from the first message on stands behind the gap."""
    whole = Arrivals([b"a", b"b", None], np.array([1, 2, 3]), is_behind_gap=True)
    assert (len(whole), whole[2], list(whole)) == (3, None, [b"a", b"b", None])
    assert (list(whole[1:]), whole[1:].appended_us.tolist()) == ([b"b", None], [2, 3])
    assert (whole[:2].is_behind_gap, whole[1:].is_behind_gap) == (True, False)


def test_an_event_from_the_future_is_refused_by_its_append_time() -> None:
    """As a worker does; of a message in a file nobody knows when it came."""
    ahead = event("a", "2026-03-02T10:00:00Z")
    assert [each.reason for each in fold(engine_of(rule_file()), arrivals(ahead)).dead_letters] == [
        "ahead_of_time"
    ]
    assert fold(engine_of(rule_file()), [ahead]).dead_letters == []


def test_a_ruleset_is_taken_up_where_it_came_into_force() -> None:
    """Its windows go on with what they knew, as after a reload."""
    first, second = (ruleset_of(rule_file(f"n == {at}", features=COUNTED, cases="[]")) for at in (9, 3))
    history = Recorded(
        [
            arrivals(event("a"), event("b"), ruleset=first),
            arrivals(event("c"), event("d"), ruleset=second),
        ]
    )
    sink = io.BytesIO()
    summary = replay(engine_of(rule_file("n == 9", features=COUNTED, cases="[]")), [history], sink)
    assert [orjson.loads(line)["event"]["id"] for line in sink.getvalue().splitlines()] == ["c"]
    assert summary.rulesets == {first.version: 2, second.version: 2}


@pytest.mark.parametrize(("is_whole", "mark"), [(True, b'"warming":null'), (False, b'"warm":0.0')])
def test_new_features_count_what_they_counted_then(is_whole: bool, mark: bytes) -> None:
    """The third event is the third; where something was gone, alerts say so again."""
    engine = engine_of(rule_file())
    events = [event("a"), event("b")]
    fold(engine, events)
    past = Past(is_whole, lambda: iter([arrivals(*events)]))
    ruleset = ruleset_of(rule_file("n == 3", features=COUNTED, cases="[]"))
    (alert,) = fold(engine, arrivals(event("c"), ruleset=ruleset, past=past)).alerts
    assert mark in alert.value


def test_a_gap_is_marked() -> None:
    """Decisions that look back to it may lack something."""
    engine = engine_of(rule_file("n >= 1", features=COUNTED, cases="[]"))
    assert fold(engine, arrivals(event("a"), is_behind_gap=True)).warming == 1


def test_labels_teach_and_are_no_events() -> None:
    """In every command: they are learned in their place, and counted apart."""
    parts = [
        arrivals(event("a"), event("b")),
        arrivals(label("a"), are_labels=True),
        arrivals(event("c"), None),
    ]
    ruleset, history = ruleset_of(KNOWN), Recorded(parts)
    assert list(map(events_in, parts)) == [2, 0, 2]

    summary = replay(engine_of(KNOWN), [history])
    assert (summary.events_in, summary.alerts, +summary.labels) == (4, 1, {"fraud": 1})
    assert summary.dead_letters == {"tombstone": 1}

    tested = Backtest(ruleset, Settings())
    tested.fold([history])
    assert (tested.messages.events_in, tested.messages.judged) == (4, 3)
    assert tested.tally.hits[-1] == 1

    compared = Diff(ruleset, ruleset_of(KNOWN_TWICE), Settings())
    compared.fold([history])
    assert (compared.events_in, compared.old_alerts, compared.new_alerts) == (4, 1, 0)

    fired = coverage(ruleset, Settings(), history.batches()).fired
    assert fired is not None
    assert fired.hits == {"TST-ANY-001": 1}


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_how_arrivals_are_cut_changes_nothing(cut: int) -> None:
    """The same alerts as from one batch."""
    whole = arrivals(*(event(f"e{number}") for number in range(10)), is_behind_gap=True)
    rule = rule_file("n == 7", features=COUNTED, cases="[]")
    engine = engine_of(rule)
    parts = [fold(engine, whole[start : start + cut]) for start in range(0, 10, cut)]
    expected = fold(engine_of(rule), whole).alerts
    assert expected
    assert [alert.value for part in parts for alert in part.alerts] == [alert.value for alert in expected]

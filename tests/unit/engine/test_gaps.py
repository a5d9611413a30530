"""What is judged with an incomplete past says so, for exactly as long as that matters."""

from __future__ import annotations

from typing import Any

import pytest

from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.keyed.part import read
from fraudstream.engine.step import Engine, Settings
from tests.keyed_fold import KeyedFold
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file, ruleset_of

SHORT = Settings(duplicates=Horizon(horizon_us=1_000_000))
"""Ids are known for a second, so that only windows reach back."""


def counting(window: str, rule_id: str = "TST-ANY-001", **more: Any) -> bytes:
    """Return a rule that hits on every event, and counts within a window."""
    features = f"{{n: {{count: events, by: debtor.id, window: {window}}}}}"
    return rule_file("n >= 1", features=features, cases="[]", rule_id=rule_id, **more)


def marks(engine: Engine, *times: str) -> list[dict[str, Any] | None]:
    """Return the marks of the alerts on events at some times."""
    alerts = alerts_of(engine, *(event(time, f"2026-03-02T{time}Z") for time in times))
    return [alert["warming"] for alert in alerts]


def test_a_mark_ends_with_the_window_and_the_lateness() -> None:
    """An hour and five minutes after the event behind the gap, to the microsecond."""
    engine = engine_of(counting("1h"), settings=SHORT)
    assert marks(engine, "08:00:00") == [None]
    engine.miss()
    mark = {
        "missing": {"from": "2026-03-02T08:00:00Z", "to": "2026-03-02T08:10:00Z"},
        "until": "2026-03-02T09:15:00Z",
        "rules": ["TST-ANY-001"],
        "features": [],
    }
    found = marks(engine, "08:10:00", "09:14:59.999999", "09:15:00", "09:14:00")
    # The last one is late, and looks as far back as one that came in time.
    assert found == [mark, mark, None, mark]


def test_only_the_rules_that_look_back_so_far_are_named() -> None:
    """Those of the alert; the decision as a whole is marked as long as any live rule lacks something."""
    rules = [counting("1h"), counting("24h", "TST-ANY-002"), rule_file(cases="[]", rule_id="TST-ANY-003")]
    engine = engine_of(*rules, settings=SHORT)
    engine.miss()
    found = marks(engine, "08:00:00", "10:00:00")
    assert [mark and (mark["until"], mark["rules"]) for mark in found] == [
        ("2026-03-03T08:05:00Z", ["TST-ANY-001", "TST-ANY-002"]),
        ("2026-03-03T08:05:00Z", ["TST-ANY-002"]),
    ]


def test_before_the_first_event_nothing_is_known() -> None:
    """A gap that begins before all that was seen has no begin."""
    engine = engine_of(counting("1h"))
    engine.miss()
    (mark,) = marks(engine, "08:00:00")
    assert mark is not None
    assert mark["missing"] == {"from": None, "to": "2026-03-02T08:00:00Z"}


@pytest.mark.parametrize(
    ("feature", "until"),
    [
        ("{time_since_first: events, by: debtor.id}", None),
        ("{last: amount_usd, by: debtor.id}", "2027-04-06T08:05:00Z"),
        ("{count: events, by: debtor.id, window: 64d}", "2026-05-06T08:05:00Z"),
        ("{count: events, by: debtor.id, window: 1h, offset: 1d}", "2026-03-03T09:05:00Z"),
    ],
)
def test_a_mark_ends_when_the_feature_has_all_that_it_counts(feature: str, until: str | None) -> None:
    """Never without a bound; else after what is remembered, after a pane more, or after the offset."""
    rule = rule_file("n is null or amount_usd >= 1", features=f"{{n: {feature}}}", cases="[]")
    engine = engine_of(rule, settings=SHORT)
    engine.miss()
    (mark,) = marks(engine, "08:00:00")
    assert mark is not None
    assert (mark["until"], mark["rules"]) == (until, ["TST-ANY-001"])


def test_what_rests_on_other_rules_is_marked_with_them() -> None:
    """A rule that reads the outcome of another looks back as far as that one."""
    other = rule_file('rule("TST-ANY-001")', cases="[]", rule_id="TST-ANY-002")
    engine = engine_of(counting("24h"), other, settings=SHORT)
    engine.miss()
    (mark,) = marks(engine, "08:00:00")
    assert mark is not None
    assert mark["rules"] == ["TST-ANY-001", "TST-ANY-002"]


def test_duplicates_look_back_as_well() -> None:
    """Without any window a decision may still be about an event that was judged before."""
    engine = engine_of(rule_file("amount_usd >= 1", cases="[]"))
    engine.miss()
    result = engine.step([event("a"), event("b", "2026-03-03T08:05:00Z")])
    assert result.warming == 1
    assert engine.stats().warming == 0


def test_decisions_without_alerts_are_counted() -> None:
    """Also where nothing hits, which is what a gap can do."""
    engine = engine_of(counting("1h").replace(b"n >= 1", b"n >= 9"), settings=SHORT)
    engine.miss()
    assert engine.stats().warming == 0
    assert engine.step([event("a"), event("b")]).warming == 2
    assert engine.stats().warming == 1


def test_a_second_gap_goes_on_from_the_first() -> None:
    """From the begin of the one to the end of the other."""
    engine = engine_of(counting("1h"), settings=SHORT)
    marks(engine, "08:00:00")
    engine.miss()
    marks(engine, "08:10:00")
    engine.miss()
    (mark,) = marks(engine, "08:20:00")
    assert mark is not None
    assert mark["missing"] == {"from": "2026-03-02T08:00:00Z", "to": "2026-03-02T08:20:00Z"}
    assert mark["until"] == "2026-03-02T09:25:00Z"


@pytest.mark.parametrize("stage", ["ingest", "share", "merge"])
def test_the_last_stage_hears_of_every_gap(stage: str) -> None:
    """Whichever stage of a keyed topology has missed something, and after it was saved."""
    keyed = KeyedFold(ruleset_of(counting("1h")), SHORT, 2)
    keyed.step([event("a")])
    stages: dict[str, list[Any]] = {
        "ingest": [keyed.ingest],
        "share": [*keyed.shares],
        "merge": [keyed.merge],
    }
    for each in stages[stage]:
        each.miss()
    keyed.resume()
    assert keyed.step([event("b")]).warming == 1
    assert keyed.merge.stats().warming == 1
    assert keyed.step([event("c", "2026-03-02T09:06:00Z")]).warming == 0


def test_messages_without_a_gap_are_as_they_were() -> None:
    """What nothing warms costs no byte between the stages."""
    keyed = KeyedFold(ruleset_of(counting("1h")), SHORT, 1)
    parts = keyed.ingest.step([event("a")]).parts
    assert all(b"gap" not in part.value and read(part.value).gap is None for part in parts)

"""A feature that a reload has added says so, for exactly as long as that matters."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fraudstream.engine.step import Engine
from tests.keyed_fold import KeyedFold
from tests.unit.engine.test_gaps import SHORT, counting, marks
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file, ruleset_of

OLD = counting("1h")
NEW = counting("4h", "TST-NEW-001")
SINCE = "2026-03-02T08:00:00Z"


def reloaded(*rules: bytes) -> Engine:
    """Return an engine that has judged one event by the old rule, and goes on by these."""
    engine = engine_of(OLD, settings=SHORT)
    assert marks(engine, "08:00:00") == [None]
    reload(engine, *rules)
    return engine


def reload(engine: Engine, *rules: bytes) -> None:
    """Put other rules in force."""
    engine.reload(engine.prepare(ruleset_of(*rules)))


def share(of: dict[str, Any] | None) -> float | None:
    """Return how warm the only feature of a mark is, None where there is no mark."""
    if of is None:
        return None
    (feature,) = of["features"]
    warm: float | None = feature["warm"]
    return warm


def test_a_new_feature_is_told_of_until_its_window_has_passed() -> None:
    """To the microsecond, also to an event that comes late; the rules that were there have no mark."""
    engine = reloaded(OLD, NEW)
    (mark,) = marks(engine, "09:00:00")
    assert mark == {
        "missing": None,
        "until": "2026-03-02T12:00:00Z",
        "rules": ["TST-NEW-001"],
        "features": [
            {"name": "TST-NEW-001.n", "since": SINCE, "until": "2026-03-02T12:00:00Z", "warm": 0.25}
        ],
    }
    found = marks(engine, "11:59:59.999999", "12:00:00", "11:58:48")
    assert list(map(share, found)) == [1.0, None, 0.995]


def test_without_an_alert_of_its_rule_nothing_is_told() -> None:
    """The figures of the other rules are whole; no decision counts as judged with an incomplete past."""
    engine = reloaded(OLD, NEW.replace(b"n >= 1", b"n >= 9"))
    result = engine.step([event("a", "2026-03-02T09:00:00Z")])
    assert b'"warming":null' in result.alerts[0].value
    assert (result.warming, engine.stats().warming) == (0, 0)


def test_before_the_first_event_there_is_nothing_to_miss() -> None:
    """A reload that comes before any event adds what is as warm as the rest."""
    engine = engine_of(OLD, settings=SHORT)
    reload(engine, OLD, NEW)
    assert marks(engine, "08:00:00") == [None]


def test_what_a_further_reload_keeps_stays_as_warm_as_it_is() -> None:
    """Also over a snapshot; what leaves and comes back begins anew."""
    engine = reloaded(OLD, NEW)
    marks(engine, "09:00:00")
    reload(engine, OLD, NEW, rule_file(cases="[]", rule_id="TST-ANY-009"))
    saved = copy.deepcopy(engine.snapshot())
    engine = Engine(engine.ruleset, SHORT)
    engine.restore(saved)
    assert list(map(share, marks(engine, "10:00:00"))) == [0.5]
    reload(engine, OLD)
    reload(engine, OLD, NEW)
    assert list(map(share, marks(engine, "10:00:00.000001", "11:00:00"))) == [0.0, 0.25]


@pytest.mark.parametrize(
    ("feature", "until", "warm"),
    [
        ("{time_since_first: events, by: debtor.id}", None, None),
        ("{last: amount_usd, by: debtor.id}", "2027-04-06T08:00:00Z", 0.0001),
        ("{count: events, by: debtor.id, window: 1h, offset: 1d}", "2026-03-03T09:00:00Z", 0.04),
    ],
)
def test_how_warm_a_feature_is_depends_on_how_far_back_it_looks(
    feature: str, until: str | None, warm: float | None
) -> None:
    """Without a bound it never has all, and there is no share to tell."""
    rule = rule_file("n is null or amount_usd >= 1", features=f"{{n: {feature}}}", cases="[]")
    (mark,) = marks(reloaded(rule), "09:00:00")
    assert mark is not None
    (told,) = mark["features"]
    assert (told["until"], told["warm"], mark["until"]) == (until, warm, until)


def test_what_rests_on_a_rule_with_a_new_feature_is_told_of_as_well() -> None:
    """A rule that reads the outcome of another, by the name that the feature has there."""
    other = rule_file('rule("TST-NEW-001")', cases="[]", rule_id="TST-ANY-002")
    (mark,) = marks(reloaded(OLD, NEW, other), "09:00:00")
    assert mark is not None
    assert mark["rules"] == ["TST-ANY-002", "TST-NEW-001"]
    assert [each["name"] for each in mark["features"]] == ["TST-NEW-001.n"]


def test_a_gap_and_a_new_feature_are_told_of_together() -> None:
    """What is missing for all, and what for this feature alone; the end is that of the later one."""
    engine = reloaded(OLD, NEW)
    engine.miss()
    (mark,) = marks(engine, "09:00:00")
    assert mark is not None
    assert mark["missing"] == {"from": SINCE, "to": "2026-03-02T09:00:00Z"}
    assert (mark["until"], mark["rules"]) == ("2026-03-02T13:05:00Z", ["TST-ANY-001", "TST-NEW-001"])
    assert len(mark["features"]) == 1


def test_a_keyed_topology_says_the_same() -> None:
    """The last stage knows when the ruleset changed, to the event."""
    keyed = KeyedFold(ruleset_of(OLD), SHORT, 2)
    keyed.step([event("a")])
    keyed.reload(keyed.prepare(ruleset_of(OLD, NEW)))
    keyed.resume()
    told = keyed.step([event("b", "2026-03-02T09:00:00Z")]).alerts
    engine = reloaded(OLD, NEW)
    assert [each.value for each in told] == [
        each.value for each in engine.step([event("b", "2026-03-02T09:00:00Z")]).alerts
    ]
    assert alerts_of(engine, event("c", "2026-03-02T10:00:00Z"))[0]["warming"]["features"][0]["warm"] == 0.5

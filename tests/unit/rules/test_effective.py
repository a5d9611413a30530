"""From which day to which day a rule holds, in event time."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fraudstream.engine.step import Engine, Settings
from fraudstream.workbench.backtest_report import report
from fraudstream.workbench.diff import Diff, Kind
from fraudstream.workbench.explain import explain
from tests.keyed_fold import KeyedFold
from tests.unit.rule_files import engine_of, event, outcomes, rule_file, ruleset_of
from tests.unit.workbench.histories import Given, backtest_of

HIT, MISS = (1, 0, 0), (0, 1, 0)


@pytest.mark.parametrize(
    ("effective", "at", "expected"),
    [
        ("{from: 2026-03-02}", "2026-03-01T23:59:59.999999Z", MISS),
        ("{from: 2026-03-02}", "2026-03-02T00:00:00Z", HIT),
        ("{to: 2026-03-02}", "2026-03-01T23:59:59.999999Z", HIT),
        ("{to: 2026-03-02}", "2026-03-02T00:00:00Z", MISS),
        ("{from: 2026-03-02, to: null}", "2199-01-01T00:00:00Z", HIT),
        ("{from: 2026-03-02, to: 2026-03-03}", "2026-03-02T23:00:00Z", HIT),
        ("{from: 2026-03-02, to: 2026-03-03}", "2026-03-02T23:00:00-02:00", MISS),
        ("{}", "1970-01-01T00:00:00Z", HIT),
    ],
)
def test_from_is_inclusive_and_to_is_exclusive(
    effective: str, at: str, expected: tuple[int, int, int]
) -> None:
    """Days begin at midnight UTC; outside its days a rule misses."""
    rule = rule_file("amount_usd > 0", extra=f"effective: {effective}\n")
    assert outcomes(engine_of(rule), event("e", at)) == expected


def test_what_is_unknown_inside_its_days_misses_outside() -> None:
    """A rule that does not hold yet is never unevaluated."""
    rule = rule_file('purpose == "rent"', extra="effective: {from: 2026-03-02}\n")
    before, after = event("a", "2026-03-01T00:00:00Z"), event("b", "2026-03-02T00:00:00Z")
    assert outcomes(engine_of(rule), before, after) == (0, 1, 1)


DAY = "effective: {from: 2026-03-02, to: 2026-03-03}\n"
EDGES = [
    event("before", "2026-03-01T23:59:59.999999Z", amount=500),
    event("first", "2026-03-02T00:00:00Z", amount=500),
    event("last", "2026-03-02T23:59:59.999999Z", amount=500),
    event("after", "2026-03-03T00:00:00Z", amount=500),
    event("late", "2026-03-02T12:00:00Z", amount=500),
]
"""The last comes half a day late; it is judged by its own time."""
INSIDE = ["first", "last", "late"]


def ids_of(alerts: list[Any]) -> list[str]:
    """Return the events of alerts."""
    return [orjson.loads(alert.value)["event"]["id"] for alert in alerts]


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_alerts_come_within_the_days_only(cut: int) -> None:
    """Live and shadow rules alike, by the time of the event, also of one that comes late."""
    live, shadow = (rule_file(extra=DAY, status=status) for status in ("live", "shadow"))
    settings = Settings(shadow_alerts=True)
    for rule in (live, shadow):
        engine, keyed = Engine(ruleset_of(rule), settings), KeyedFold(ruleset_of(rule), settings, 2)
        for fold in (engine, keyed):
            results = [fold.step(EDGES[start : start + cut]) for start in range(0, len(EDGES), cut)]
            told = [
                name
                for result in results
                for name in ids_of(result.alerts if rule is live else result.shadow.alerts)
            ]
            assert told == INSIDE


def test_the_workbench_keeps_the_days() -> None:
    """A back-test counts, a comparison finds, and an explanation says what lies outside."""
    always, day = rule_file(), rule_file(extra=DAY, version=2)
    (line,) = report(backtest_of([day], EDGES)).rules
    assert (line.hits, line.alerts) == (3, 3)
    diff = Diff(ruleset_of(always), ruleset_of(day), Settings())
    diff.fold([Given(EDGES)])
    assert [each.event_id for each in diff.examples(Kind.LOST_ALERT)] == ["before", "after"]
    ruleset = ruleset_of(day)
    found = explain(ruleset, ruleset.rules[0], Settings(), [], EDGES[3])
    days = "the event lies outside the rule's days, from 2026-03-02 to 2026-03-03"
    assert (found.outcome, found.note) == ("miss", days)

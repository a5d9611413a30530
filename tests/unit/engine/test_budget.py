"""The alert budget: so many hits of a rule are told in an hour, and one summary tells of the rest."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.alerts import overflow_id
from fraudstream.engine.budget import KEYS_MAX, Budget, Overflow
from fraudstream.engine.result import AlertKind, StepResult, joined
from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from tests.unit.rule_files import engine_of, event, rule_file, rule_files

LIMITED = "{action: review, score: 10, reason_code: ANY, alerts_per_hour_max: 2}"
LIMITED_AND_QUIET = LIMITED.replace("}", ", suppress: {by: debtor.id, for: 10m}}")
ACTIONS_YML = b"schema: fraudstream.actions/v1\nalerts_per_hour_max: 1\n"


def at(time: str, customer: str = "c1", **fields: Any) -> bytes:
    """Return an event of a customer at a time of one day, which is also its id."""
    return event(f"{customer}@{time}", f"2026-03-02T{time}Z", debtor={"id": customer}, **fields)


def limited(then: str = LIMITED, rule_id: str = "TST-ANY-001") -> bytes:
    """Return a rule that hits every event with an amount."""
    return rule_file("amount_usd > 0", then=then, rule_id=rule_id)


def summaries(result: StepResult) -> list[dict[str, Any]]:
    """Return the summaries among the alerts."""
    return [orjson.loads(alert.value) for alert in result.alerts if alert.kind is AlertKind.OVERFLOW]


def test_the_first_hits_of_an_hour_are_told_and_the_rest_is_summed_up_at_its_end() -> None:
    """The event that ends the hour carries the summary, before its own alert."""
    engine = engine_of(limited())
    times = ("08:00:00", "08:10:00", "08:20:00", "08:59:59.999999", "09:00:00")
    result = engine.step([at(time) for time in times])
    assert [(alert.row, alert.kind) for alert in result.alerts] == [
        (0, AlertKind.EVENT),
        (1, AlertKind.EVENT),
        (4, AlertKind.OVERFLOW),
        (4, AlertKind.EVENT),
    ]
    assert result.held_back == {"TST-ANY-001": 2}
    version = engine.ruleset.version
    start_us = 1_772_438_400_000_000
    assert summaries(result) == [
        {
            "schema": "fraudstream.alert_overflow/v1",
            "alert_id": overflow_id("TST-ANY-001", start_us, version, shadow=False),
            "rule": {
                "id": "TST-ANY-001",
                "version": 1,
                "title": "A rule of a test",
                "typology": "any",
                "severity": "low",
            },
            "hour": {"from": "2026-03-02T08:00:00Z", "to": "2026-03-02T09:00:00Z"},
            "told": 2,
            "held_back": 2,
            "score_max": 10,
            "keys": [{"key": {"debtor.id": "c1"}, "held_back": 2}],
            "ruleset_version": version,
            "shadow": False,
        }
    ]


def test_an_alert_says_how_much_of_the_budget_is_used_up() -> None:
    """The last one within the budget is the sign of a storm."""
    alerts = engine_of(limited()).step([at("08:00:00"), at("08:10:00")]).alerts
    budgets = [orjson.loads(alert.value)["rules"][0]["budget"] for alert in alerts]
    assert budgets == [{"told": number, "alerts_per_hour_max": 2} for number in (1, 2)]


def test_what_is_held_back_still_decides() -> None:
    """Only the telling is limited."""
    result = engine_of(limited()).step([at(f"08:0{minute}:00") for minute in range(5)])
    assert [ACTIONS[action] for action in result.decisions.action.tolist()] == ["review"] * 5


def test_rules_have_budgets_of_their_own() -> None:
    """What one rule is held back from, another may tell; an alert names only who may."""
    engine = engine_of(limited(), limited(LIMITED.replace("2}", "3}"), "TST-ANY-002"))
    result = engine.step([at(f"08:0{minute}:00") for minute in range(4)])
    told = [[rule["id"] for rule in orjson.loads(alert.value)["rules"]] for alert in result.alerts]
    assert told == [["TST-ANY-001", "TST-ANY-002"]] * 2 + [["TST-ANY-002"]]
    assert result.held_back == {"TST-ANY-001": 2, "TST-ANY-002": 1}


def test_actions_yml_gives_the_budget_of_rules_without_one() -> None:
    """A rule's own budget goes before it."""
    rules = [rule_file("amount_usd > 0"), limited(rule_id="TST-ANY-002")]
    engine = Engine(build_ruleset(rule_files(*rules, **{"actions.yml": ACTIONS_YML})))
    result = engine.step([at(f"08:0{minute}:00") for minute in range(3)])
    assert result.held_back == {"TST-ANY-001": 2, "TST-ANY-002": 1}


def test_suppressed_hits_use_up_no_budget_and_held_back_ones_quiet_nobody() -> None:
    """The third customer is told as soon as the next hour begins."""
    engine = engine_of(limited(LIMITED_AND_QUIET))
    result = engine.step(
        [at("08:50:00"), at("08:51:00"), at("08:52:00", "c2"), at("08:58:00", "c3"), at("09:00:00", "c3")]
    )
    assert [(alert.row, alert.kind) for alert in result.alerts] == [
        (0, AlertKind.EVENT),
        (2, AlertKind.EVENT),
        (4, AlertKind.OVERFLOW),
        (4, AlertKind.EVENT),
    ]
    assert (result.suppressed, result.held_back) == (1, {"TST-ANY-001": 1})


def test_a_late_hit_of_an_hour_that_is_over_is_only_counted() -> None:
    """There is one summary per hour, not one per late hit; what the hour has left may still be told."""
    engine = engine_of(limited())
    result = engine.step([at("08:00:00"), at("09:30:00"), at("08:59:00"), at("08:59:30"), at("10:30:00")])
    assert [(alert.row, alert.kind) for alert in result.alerts] == [
        (row, AlertKind.EVENT) for row in (0, 1, 2, 4)
    ]
    assert result.held_back == {"TST-ANY-001": 1}


def test_several_hours_and_rules_are_summed_up_in_their_order() -> None:
    """A gap in the stream ends more than one hour at once."""
    one = LIMITED.replace("2}", "1}")
    engine = engine_of(limited(one), limited(one, "TST-ANY-002"))
    result = engine.step(
        [at("08:00:00"), at("08:01:00"), at("09:00:00", "c2"), at("09:00:01"), at("12:00:00")]
    )
    told = [(each["rule"]["id"], each["hour"]["from"][11:13]) for each in summaries(result)]
    assert told == [(rule, hour) for hour in ("08", "09") for rule in ("TST-ANY-001", "TST-ANY-002")]


def test_an_event_that_hits_nothing_may_end_an_hour() -> None:
    """The watermark does, whatever moves it."""
    engine = engine_of(limited())
    engine.step([at(f"08:0{minute}:00") for minute in range(3)])
    login = event("l", "2026-03-02T09:00:00Z", kind="login", amount=None, currency=None)
    result = engine.step([login])
    assert [(alert.row, alert.kind) for alert in result.alerts] == [(0, AlertKind.OVERFLOW)]
    assert engine.step([at("09:30:00")]).alerts[0].kind is AlertKind.EVENT


def test_the_keys_with_the_most_held_back_hits_come_first_ten_at_most() -> None:
    """Of equal ones the first in order of their texts; a hit without a key counts in the sum only."""
    overflow = Overflow({"id": "R"}, 0, ("debtor.id",))
    for customer in [*"lkjihgfedcba", "z", "z", None]:
        overflow.count([customer], 5)
    assert overflow.held_back == 15
    keys = [(each["key"]["debtor.id"], each["held_back"]) for each in overflow.top_keys()]
    assert keys == [("z", 2), *((letter, 1) for letter in "abcdefghi")]


def test_the_keys_of_an_hour_are_bounded() -> None:
    """A storm of new keys is summed up in little memory; keys already known go on being counted."""
    overflow = Overflow({"id": "R"}, 0, ("debtor.id",))
    for number in range(KEYS_MAX + 100):
        overflow.count([f"c{number}"], 5)
    overflow.count(["c7"], 5)
    assert len(overflow.keys) == KEYS_MAX
    assert overflow.held_back == KEYS_MAX + 101
    assert overflow.top_keys()[0] == {"key": {"debtor.id": "c7"}, "held_back": 2}


def test_hours_long_over_are_forgotten() -> None:
    """A rule an hour for a hundred thousand hours and more leaves the memory of half of them at most."""
    budget = Budget()
    hour_us = 3_600_000_000
    for hour in range(150_000):
        assert budget.admit("R", hour * hour_us, 1, (hour - 10) * hour_us) == 1
    assert len(budget._told) <= 100_000


@pytest.mark.parametrize("cuts", [(), (1,), (3,), (5,), (2, 4), (1, 2, 3, 4, 5, 6)])
def test_neither_batches_nor_snapshots_change_what_is_told(cuts: tuple[int, ...]) -> None:
    """The same bytes come out when each part runs on an engine that takes over the state of the last."""
    events = [
        at("08:00:00"),
        at("08:10:00", "c2"),
        at("08:20:00"),
        at("08:30:00"),
        at("09:10:00", "c2"),
        at("08:59:59"),
        at("10:00:00"),
    ]
    parts = []
    state = None
    for start, end in pairwise((0, *cuts, len(events))):
        engine = engine_of(limited(LIMITED_AND_QUIET))
        if state is not None:
            engine._watermark.restore(state[0])
            engine._stages._alerting.restore(state[1])
        parts.append((start, engine.step(events[start:end])))
        state = engine._watermark.snapshot(), engine._stages._alerting.snapshot()
    whole = engine_of(limited(LIMITED_AND_QUIET)).step(events)
    result = joined(parts)
    assert result.alerts == whole.alerts
    assert (result.suppressed, result.held_back) == (whole.suppressed, whole.held_back)

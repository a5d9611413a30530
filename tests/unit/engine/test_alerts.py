"""What an alert says, and when it is told."""

from __future__ import annotations

import pytest

from fraudstream.engine.alerts import alert_id
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file, ruleset_of

COUNTING = "{n: {count: events, where: amount_usd > 5, by: debtor.id, window: 1h}}"
QUIET = "{action: review, score: 10, reason_code: ANY, suppress: {by: debtor.id, for: 1h}}"


def test_an_alert_is_complete() -> None:
    """Event, decision, rules with reasons and evidence, contributing events and versions, all in place."""
    rule = rule_file("n >= 2", features=COUNTING)
    alerts = alerts_of(
        engine_of(rule), event("a", amount=6), event("b", amount=2), event("c", amount=7, channel="pos")
    )
    version = ruleset_of(rule).version
    assert alerts == [
        {
            "schema": "fraudstream.alert/v1",
            "alert_id": alert_id("c", ["TST-ANY-001"], version),
            "severity": "low",
            "action": "review",
            "score": 10,
            "allowed_by": None,
            "late": False,
            "warming": None,
            "models": [],
            "typologies": [
                {
                    "id": "any",
                    "title": "Any",
                    "score": None,
                    "band": None,
                    "action": None,
                    "reason_code": None,
                    "reason": None,
                    "rules": [],
                }
            ],
            "rules": [
                {
                    "id": "TST-ANY-001",
                    "version": 1,
                    "title": "A rule of a test",
                    "typology": "any",
                    "severity": "low",
                    "band": None,
                    "action": "review",
                    "score": 10,
                    "reason_code": "ANY",
                    "reason": "n 2 >= 2",
                    "evidence": {"n": 2},
                    "contributing_event_ids": ["c", "a"],
                    "budget": None,
                }
            ],
            "event": {
                "id": "c",
                "kind": "transfer",
                "currency": "USD",
                "channel": "pos",
                "debtor": {"id": "c1"},
                "occurred_at": "2026-03-02T08:00:00Z",
                "amount": "7.00",
            },
            "ruleset_version": version,
            "shadow": False,
        }
    ]


def test_an_alert_goes_to_the_partition_of_its_customer() -> None:
    """The key is the debtor's id, or the event's where there is none; the row is that of the message."""
    engine = engine_of(rule_file("amount_usd > 0"))
    result = engine.step([b"x", event("a"), event("b", debtor={"account": "z"})])
    assert [(alert.row, alert.key) for alert in result.alerts] == [(1, b"c1"), (2, b"b")]


def test_a_replay_gives_equal_bytes() -> None:
    """Another engine with the same rules gives the same ids and the same alerts."""
    rule = rule_file("n >= 2", features=COUNTING)
    events = [event(f"e{number}", amount=10) for number in range(5)]
    first, second = engine_of(rule).step(events), engine_of(rule).step(events)
    assert len(first.alerts) == 4
    assert first.alerts == second.alerts


def test_the_id_of_an_alert_depends_on_event_rules_and_ruleset() -> None:
    """The order of the rules does not count, everything else does."""
    same = alert_id("e", ["A", "B"], "v1")
    assert alert_id("e", ["B", "A"], "v1") == same
    others = {alert_id("f", ["A", "B"], "v1"), alert_id("e", ["A"], "v1"), alert_id("e", ["A", "B"], "v2")}
    assert same not in others
    assert len(others) == 3


def test_a_rule_is_quiet_for_a_while_and_then_again() -> None:
    """After an alert the same customer's hits are kept back until the time is over, exactly."""
    engine = engine_of(rule_file("amount_usd > 0", then=QUIET))
    times = ["08:00:00", "08:30:00", "08:59:59.999999", "09:00:00", "09:59:59", "10:00:00"]
    events = [event(at, f"2026-03-02T{at}Z") for at in times]
    result = engine.step(events)
    assert [times[alert.row] for alert in result.alerts] == ["08:00:00", "09:00:00", "10:00:00"]
    assert result.suppressed == 3


def test_quiet_keeps_alerts_back_but_not_decisions() -> None:
    """A suppressed hit still holds the payment."""
    result = engine_of(rule_file("amount_usd > 0", then=QUIET)).step([event("a"), event("b")])
    assert len(result.alerts) == 1
    assert result.decisions.score.tolist() == [10, 10]
    assert result.rule_outcomes[0].tolist() == [2, 0, 0]


def test_quiet_is_for_one_customer_and_one_rule() -> None:
    """Others are told, and an unknown customer always."""
    engine = engine_of(
        rule_file("amount_usd > 0", then=QUIET),
        rule_file("amount_usd > 5", then=QUIET, rule_id="TST-ANY-002"),
    )
    events = [
        event("a"),
        event("b", debtor={"id": "c2"}),
        event("c", amount=6),
        event("d", debtor=None),
        event("e", debtor=None),
    ]
    told = [
        (alert["event"]["id"], [rule["id"] for rule in alert["rules"]])
        for alert in alerts_of(engine, *events)
    ]
    assert told == [
        ("a", ["TST-ANY-001"]),
        ("b", ["TST-ANY-001"]),
        ("c", ["TST-ANY-002"]),
        ("d", ["TST-ANY-001"]),
        ("e", ["TST-ANY-001"]),
    ]


def test_an_allowing_rule_raises_no_alert() -> None:
    """What only allows is a decision without a word."""
    then = "{action: allow, score: 0, reason_code: ANY}"
    assert alerts_of(engine_of(rule_file("amount_usd > 0", then=then)), event("e")) == []


@pytest.mark.parametrize(
    ("at", "late"),
    [("2026-03-02T08:55:00Z", False), ("2026-03-02T08:54:59Z", True), ("2026-03-02T07:00:00Z", True)],
)
def test_an_alert_says_that_its_event_came_late(at: str, late: bool) -> None:
    """Later than the lateness of five minutes is marked and counted."""
    engine = engine_of(rule_file("n >= 1 or amount_usd > 0", features=COUNTING))
    result = engine.step([event("a", "2026-03-02T09:00:00Z"), event("b", at)])
    assert result.late == late
    assert [b'"late":true' in alert.value for alert in result.alerts] == [False, late]

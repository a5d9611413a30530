"""From several verdicts to one decision."""

from __future__ import annotations

import pytest

from fraudstream.engine.actions import ACTIONS
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file


def then(action: str, score: int = 10) -> str:
    """Return what a hit does."""
    return f"{{action: {action}, score: {score}, reason_code: ANY}}"


def always(rule_id: str, action: str, score: int = 10, status: str = "live", severity: str = "low") -> bytes:
    """Return a rule that hits every event with an amount."""
    return rule_file(
        "amount_usd > 0", then=then(action, score), rule_id=rule_id, status=status, severity=severity
    )


def decision(*rules: bytes) -> tuple[str, int]:
    """Return action and score of one event."""
    decisions = engine_of(*rules).step([event("e")]).decisions
    return ACTIONS[decisions.action[0]], int(decisions.score[0])


@pytest.mark.parametrize(
    ("first", "second", "decided"),
    [
        ("allow", "review", "review"),
        ("review", "report", "report"),
        ("report", "hold", "hold"),
        ("hold", "block", "block"),
        ("block", "allow", "block"),
    ],
)
def test_the_gravest_action_decides(first: str, second: str, decided: str) -> None:
    """Allow, review, report, hold, block: of several hits the last one wins, in any order of rules."""
    assert decision(always("TST-A-001", first), always("TST-B-001", second)) == (decided, 20)
    assert decision(always("TST-A-001", second), always("TST-B-001", first)) == (decided, 20)


def test_scores_add_up_to_a_hundred_at_most() -> None:
    """Two strong rules are not stronger than certain."""
    assert decision(always("TST-A-001", "review", 70), always("TST-B-001", "review", 80)) == ("review", 100)


def test_what_no_rule_hits_is_allowed() -> None:
    """The usual decision has no score."""
    assert decision(rule_file()) == ("allow", 0)


def test_a_shadow_rule_is_counted_and_stays_silent() -> None:
    """It has outcomes, but neither decides nor alerts."""
    result = engine_of(always("TST-A-001", "block", status="shadow")).step([event("e")])
    assert result.rule_outcomes.tolist() == [[1, 0, 0]]
    assert result.alerts == []
    assert ACTIONS[result.decisions.action[0]] == "allow"


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_drafts_and_retired_rules_are_not_run(status: str) -> None:
    """They have no outcomes at all."""
    assert engine_of(always("TST-A-001", "block", status=status)).rule_ids == ()


def test_an_alert_has_the_highest_severity_of_its_rules() -> None:
    """Low, medium, high, critical."""
    rules = [
        always(f"TST-{each.upper()}-001", "review", severity=each) for each in ("medium", "critical", "high")
    ]
    (alert,) = alerts_of(engine_of(*rules), event("e"))
    assert alert["severity"] == "critical"

"""A condition is evaluated again from the figures of its alert."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudstream.engine.awaiting import Wait
from fraudstream.engine.step import Settings
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.workbench.casefile.rebuilt import rebuilt, span_us
from fraudstream.workbench.explain import explain
from loadtest.traffic import generate
from tests.rulesets import repository_ruleset
from tests.unit.rule_files import event, rule_file, rule_files
from tests.unit.workbench.casefile.cases import MESSAGES, ruleset, told


def test_it_says_what_the_engine_saw() -> None:
    """The same tree as stepping over the history gives."""
    (alert,) = told(ruleset(), MESSAGES)
    again = rebuilt(ruleset(), Settings(), alert)["TST-ANY-001"]
    seen = explain(ruleset(), ruleset().rules[0], Settings(), [MESSAGES[:-1]], MESSAGES[-1]).tree
    assert again.as_json() == seen.as_json()


def test_every_rule_that_is_told_holds_again() -> None:
    """All shipped rules that hit in generated traffic, that of the model among them."""
    rules, settings = repository_ruleset(), Settings()
    alerts = told(rules, generate(20_000).payloads)
    outcomes = {
        (rule, tree.value)
        for alert in alerts
        if "event" in alert
        for rule, tree in rebuilt(rules, settings, alert).items()
    }
    assert {value for _, value in outcomes} == {True}
    assert len(outcomes) > 15
    assert "MOD-ANO-001" in {rule for rule, _ in outcomes}


def test_what_an_alert_does_not_keep_is_unknown() -> None:
    """The outcome of another rule that is not told of, and never a guess."""
    other = rule_file("amount_usd > 5", rule_id="TST-OTH-001", status="shadow")
    rules = build_ruleset(rule_files(rule_file('rule("TST-OTH-001") and amount_usd > 1', cases="[]"), other))
    (alert,) = told(rules, [event("a", amount=9)])
    tree = rebuilt(rules, Settings(), alert)["TST-ANY-001"]
    # It rests on the event alone, which is there.
    assert tree.value is True
    counting = rule_file(
        "n >= 1",
        rule_id="TST-OTH-001",
        status="shadow",
        features="{n: {count: events, by: debtor.id, window: 1h}}",
    )
    rules = build_ruleset(
        rule_files(rule_file('rule("TST-OTH-001") and amount_usd > 1', cases="[]"), counting)
    )
    (alert,) = told(rules, [event("a", amount=9)])
    assert rebuilt(rules, Settings(), alert)["TST-ANY-001"].value is None


def test_an_event_of_other_columns_is_not_evaluated() -> None:
    """Nor is anything where the ruleset names columns that are not declared."""
    (alert,) = told(ruleset(), MESSAGES)
    assert rebuilt(ruleset(), Settings(), {**alert, "event": {"id": "b"}}) == {}
    strange = build_ruleset(rule_files(rule_file('vip == "yes"', cases="[]")))
    assert rebuilt(strange, replace(Settings(), labels=Wait()), alert) == {}


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("0s", 0),
        ("2d 3h", 183_600_000_000),
        ("-1h 30m", -5_400_000_000),
        ("1w", 604_800_000_000),
        ("1.5ms", 1_500),
    ],
)
def test_a_duration_is_read_as_it_was_written(text: str, us: int) -> None:
    """In any of its units."""
    assert span_us(text) == us

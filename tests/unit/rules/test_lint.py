"""Checks beyond loading."""

from __future__ import annotations

from fraudstream.events.schema import Schema
from fraudstream.rules.lint import lint
from tests.unit.rule_files import LIVE_CASES, lint_messages, rule_file, ruleset_of

FEATURE = "{n: {count: events, by: debtor.id, window: 1h}}"


def test_a_sound_rule_has_no_problems() -> None:
    """Silence means that nothing is wrong."""
    assert lint_messages(rule_file("n >= 2", features=FEATURE)) == []


def test_a_feature_that_no_condition_names_is_told() -> None:
    """What is never used costs time and misleads a reader."""
    assert lint_messages(rule_file(features=FEATURE)) == ["x/0.yml:14:15: feature n is never used: remove it"]


def test_a_live_rule_needs_a_hit_and_a_miss() -> None:
    """Untested rules do not go live."""
    assert lint_messages(rule_file(cases="[{name: a, event: {}, expect: not_evaluated}]")) == [
        "x/0.yml:16:16: TST-ANY-001 is live and has no case that expects hit: add one",
        "x/0.yml:16:16: TST-ANY-001 is live and has no case that expects miss: add one",
    ]


def test_a_shadow_rule_may_still_lack_cases() -> None:
    """Drafts and shadows are under way."""
    assert lint_messages(rule_file(cases="[]", status="shadow")) == []


def test_a_rule_that_nobody_locked_is_told() -> None:
    """A new rule is locked before it is shipped."""
    problems = lint(ruleset_of(rule_file(cases=LIVE_CASES)), Schema(), {})
    assert [str(problem) for problem in problems] == [
        "x/0.yml:3:10: TST-ANY-001 is not locked as it is: run `fraudstream rules lock`"
    ]

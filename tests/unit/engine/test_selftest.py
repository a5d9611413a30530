"""Inline tests run on the engine itself."""

from __future__ import annotations

from fraudstream.engine.selftest import run_cases
from fraudstream.events.schema import Schema
from tests.unit.rule_files import rule_file, ruleset_of

WINDOW = "{n: {count: events, by: debtor.id, window: 1h}}"


def results(rule: bytes) -> list[tuple[str, str, str | None]]:
    """Return name, outcome and problem of each case."""
    return [
        (result.case, result.got, str(result.problem) if result.problem else None)
        for result in run_cases(ruleset_of(rule), Schema())
    ]


def test_each_case_starts_from_nothing() -> None:
    """History counts in its own case alone."""
    case = "{{name: {}, history: [{}], event: {{}}, expect: {}}}"
    cases = ", ".join([case.format("a", "{at: -1m}", "hit"), case.format("b", "", "miss")])
    rule = rule_file("n >= 2", features=WINDOW, cases=f"[{cases}], defaults: {{kind: login, debtor.id: c1}}")
    assert results(rule) == [("a", "hit", None), ("b", "miss", None)]


def test_a_failed_case_is_told_at_its_line() -> None:
    """What was expected, what came."""
    cases = "[\n  {name: a, event: {kind: transfer, amount_usd: 5}, expect: hit}]"
    message = "x/0.yml:17:3: TST-ANY-001: case 'a' expects hit, got miss"
    assert results(rule_file(cases=cases)) == [("a", "miss", message)]


def test_a_case_that_is_no_event_says_why() -> None:
    """A mistake in the test is not taken for an outcome."""
    got = "no valid event: kind: 'tranfer' is unknown; known are "
    ((_, outcome, problem),) = results(rule_file(cases="[{name: a, event: {kind: tranfer}, expect: miss}]"))
    assert outcome.startswith(got)
    assert problem is not None


def test_drafts_and_future_rules_are_tested_too() -> None:
    """Before it goes live a rule is tested as if it were, on any day."""
    rule = rule_file(status="draft", extra="effective: {from: 2190-01-01}\n")
    assert results(rule) == [("over", "hit", None), ("under", "miss", None)]


def test_scores_of_models_are_given() -> None:
    """A rule that reads a model is tested without one."""
    case = "{{name: {}, event: {{kind: login}}, scores: {}, expect: {}}}"
    cases = ", ".join(
        [
            case.format("a", "{anomaly: 0.95}", "hit"),
            case.format("b", "{anomaly: 0.9}", "miss"),
            case.format("c", "{}", "not_evaluated"),
        ]
    )
    got = results(rule_file("'score(\"anomaly\") > 0.9'", cases=f"[{cases}]"))
    assert [problem for _, _, problem in got] == [None, None, None]

"""Rules that rest on the outcomes of other rules, and parameters with units."""

from __future__ import annotations

import pytest

from fraudstream.engine.selftest import run_cases
from fraudstream.events.schema import Schema
from tests.unit.rule_files import engine_of, event, lint_messages, outcomes, rule_file, ruleset_of

FIRST, SECOND, THIRD = "TST-ANY-001", "TST-ANY-002", "TST-ANY-003"
LARGE = rule_file("amount_usd > 100", rule_id=SECOND, status="shadow")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (f'rule("{SECOND}")', (1, 1, 1)),
        (f'not rule("{SECOND}")', (1, 1, 1)),
        (f'rule("{SECOND}") or amount_usd is null', (2, 1, 0)),
    ],
)
def test_a_rule_reads_the_three_outcomes_of_another(when: str, expected: tuple[int, int, int]) -> None:
    """Hit is true, miss false, not_evaluated unknown; a shadow rule counts like a live one."""
    engine = engine_of(rule_file(f"'{when}'"), LARGE)
    batch = [event("a", amount=500), event("b", amount=5), event("c", currency="CHF")]
    assert outcomes(engine, *batch) == expected


def test_an_outcome_is_false_outside_the_days_of_its_rule() -> None:
    """The other rule's effective days count."""
    later = rule_file("amount_usd > 0", rule_id=SECOND, extra="effective: {from: 2026-03-03}\n")
    engine = engine_of(rule_file(f"'rule(\"{SECOND}\")'"), later)
    assert outcomes(engine, event("a"), event("b", "2026-03-03T00:00:00Z")) == (1, 1, 0)


def test_rules_are_judged_after_those_they_name_and_reported_in_their_order() -> None:
    """A chain of rules works in either direction of the ids."""
    engine = engine_of(
        rule_file(f"'rule(\"{SECOND}\") and amount_usd < 900'"),
        rule_file(f"'rule(\"{THIRD}\") and amount_usd > 10'", rule_id=SECOND),
        rule_file("amount_usd > 100", rule_id=THIRD),
    )
    result = engine.step([event("a", amount=500), event("b", amount=1_000), event("c", amount=5)])
    assert engine.rule_ids == (FIRST, SECOND, THIRD)
    assert result.rule_outcomes.tolist() == [[1, 2, 0], [2, 1, 0], [2, 1, 0]]


@pytest.mark.parametrize(
    ("when", "status", "message"),
    [
        ('rule("TST-ANY-02")', "live", "rule TST-ANY-02 is unknown: did you mean TST-ANY-002?"),
        ('rule("X-1")', "live", "rule X-1 is unknown: use the id of a rule of this ruleset"),
        (f'rule("{SECOND}")', "draft", f"rule {SECOND} is draft, and has no outcome: make it shadow or live"),
        (f'rule("{SECOND}")', "retired", f"rule {SECOND} is retired, and has no outcome: make it shadow or"),
        (f'rule("{FIRST}")', "live", f"the rules {FIRST} -> {FIRST} go in a circle: let one do without"),
        ("rule(5)", "live", "rule takes the id of another rule as text, in `when` only, such as"),
    ],
)
def test_a_name_without_an_outcome_is_refused(when: str, status: str, message: str) -> None:
    """Unknown, draft and retired rules, and the rule itself."""
    problems = lint_messages(rule_file(f"'{when}'"), rule_file(rule_id=SECOND, status=status))
    assert [problem for problem in problems if message in problem], problems


def test_a_circle_is_told_once_with_its_path() -> None:
    """The message stands where the circle closes."""
    problems = lint_messages(
        rule_file(f"'rule(\"{SECOND}\")'"),
        rule_file(f"'rule(\"{THIRD}\")'", rule_id=SECOND),
        rule_file(f"'rule(\"{FIRST}\")'", rule_id=THIRD),
    )
    (problem,) = problems
    assert f"the rules {FIRST} -> {SECOND} -> {THIRD} -> {FIRST} go in a circle" in problem
    assert problem.startswith("x/2.yml:")


def test_a_feature_counts_before_any_rule_is_judged() -> None:
    """Its `where` cannot name a rule."""
    features = f"{{n: {{count: events, where: 'rule(\"{SECOND}\")', by: debtor.id, window: 1h}}}}"
    problems = lint_messages(rule_file("n > 1", features=features), LARGE)
    assert any("rule takes the id of another rule as text, in `when` only" in each for each in problems)


def test_inline_tests_run_with_the_rules_that_a_rule_rests_on() -> None:
    """A rule is tested alone, yet what it names must be there."""
    ruleset = ruleset_of(rule_file(f"'rule(\"{SECOND}\")'"), LARGE)
    assert [case.got for case in run_cases(ruleset, Schema()) if case.rule_id == FIRST] == ["hit", "miss"]


@pytest.mark.parametrize(
    ("params", "when", "amount", "expected"),
    [
        ("{limit: {value: 100, unit: USD}}", "amount_usd >= limit", 100, (1, 0, 0)),
        ("{limit: {value: 0.5, unit: USD, description: Small}}", "amount_usd < limit", "0.49", (1, 0, 0)),
        ("{share: {value: 40, unit: percent}}", "amount_usd / 100 USD >= share", 40, (1, 0, 0)),
        ("{wait: {value: 2, unit: h}}", "wait == 7200s", 1, (1, 0, 0)),
        ("{far: {value: 10, unit: km}}", "distance_km(1, 1, 1, 1) < far", 1, (1, 0, 0)),
    ],
)
def test_a_parameter_has_a_unit(
    params: str, when: str, amount: object, expected: tuple[int, int, int]
) -> None:
    """Money, durations and numbers; 40 percent are 0.4."""
    assert outcomes(engine_of(rule_file(when, params=params)), event("e", amount=amount)) == expected


@pytest.mark.parametrize(
    ("params", "when", "message"),
    [
        ("{p: {value: 1, unit: EUR}}", "amount_usd > p", "cannot compare money in USD with money in EUR in"),
        (
            "{p: {value: 1, unit: km}}",
            "speed_km_per_h(1, 1, 2, 2, 1h) > p",
            "in km_per_h with a number in km in",
        ),
        ("{p: {value: 1, unit: h}}", "amount_usd > p", "cannot compare money in USD with a duration in"),
    ],
)
def test_units_that_do_not_fit_are_refused(params: str, when: str, message: str) -> None:
    """The message names both."""
    assert any(message in problem for problem in lint_messages(rule_file(when, params=params)))

"""Mutants: what is changed, and which changes the cases of a rule notice."""

from __future__ import annotations

import pytest

from fraudstream.events.schema import Schema
from fraudstream.rules.mutants import mutants
from fraudstream.workbench.mutate import Mutation, mutate
from tests.unit.rule_files import rule_file, ruleset_of

EXACT = (
    "[{name: at, event: {amount_usd: 100}, expect: hit},"
    " {name: below, event: {amount_usd: 99.99}, expect: miss},"
    " {name: above, event: {amount_usd: 100.5}, expect: hit}]"
)
"""The cases of `amount_usd >= 100`."""


def mutation(when: str, cases: str, features: str = "{}", status: str = "live") -> Mutation:
    """Return what became of the mutants of one rule, whose events are transfers by one customer."""
    cases += ", defaults: {kind: transfer, amount_usd: 1, debtor.id: c1}"
    ruleset = ruleset_of(rule_file(when, cases=cases, features=features, status=status))
    return mutate(ruleset, ruleset.rules[0], Schema())


def living(when: str, cases: str, features: str = "{}") -> list[str]:
    """Return a line for each mutant that no case noticed."""
    return [str(problem) for problem in mutation(when, cases, features).problems]


def changes(when: str, params: str = "{}", features: str = "{}") -> list[str]:
    """Return what the mutants of a rule change."""
    ruleset = ruleset_of(rule_file(when, params=params, features=features))
    return [mutant.change for mutant in mutants(ruleset.rules[0])]


@pytest.mark.parametrize(
    ("when", "params", "expected"),
    [
        ("amount_usd > 100", "{}", ["amount_usd > 100 as >=", "100 as 99", "100 as 101"]),
        ("amount_usd > a", "{a: 5}", ["a 5 as 4", "a 5 as 6", "amount_usd > a as >="]),
        ('score("m") < 0.5', "{}", ['score("m") < 0.5 as <=', "0.5 as 0.475", "0.5 as 0.525"]),
        ('kind == "refund"', "{}", ['kind == "refund" as !=']),
        ('kind in ["refund", "loan"]', "{}", []),
        ("not amount is null", "{}", ["amount is not null without its not"]),
        (
            'status is null or kind == "loan"',
            "{}",
            [
                'status is null or (kind == "loan") with and',
                "status is null left out",
                'kind == "loan" left out',
                'kind == "loan" as !=',
            ],
        ),
        (
            "1 <= amount_usd <= 9",
            "{}",
            [
                "(1 <= amount_usd) and (amount_usd <= 9) with or",
                "1 <= amount_usd left out",
                "amount_usd <= 9 left out",
                "1 <= amount_usd as <",
                "1 as 0",
                "1 as 2",
                "amount_usd <= 9 as <",
                "9 as 8",
                "9 as 10",
            ],
        ),
    ],
)
def test_what_is_changed(when: str, params: str, expected: list[str]) -> None:
    """Parameters first, then the condition from the outside in; every change once."""
    assert changes(when, params=params) == expected


def test_windows_and_what_they_count_are_changed() -> None:
    """Each window by a second, each `where` left out and changed like any condition."""
    features = '{n: {count: events, where: kind != "loan", by: debtor.id, window: 1h}}'
    assert changes("n > 1", features=features)[:4] == [
        "where of n left out",
        'where of n: kind != "loan" as ==',
        "window of n 1h as 3599s",
        "window of n 1h as 3601s",
    ]


def test_a_change_that_no_case_notices_is_told_with_the_case_to_add() -> None:
    """Its place in the file, what was changed, and what a case would have to show."""
    told = "TST-ANY-001: no case notices"
    assert living("amount_usd >= 100", "[{name: over, event: {amount_usd: 500}, expect: hit}]") == [
        f"x/0.yml:13:7: {told} amount_usd >= 100 as >: add a case where amount_usd is exactly 100",
        f"x/0.yml:13:21: {told} 100 as 99: add a case at exactly 100, and one just beyond it",
        f"x/0.yml:13:21: {told} 100 as 101: add a case at exactly 100, and one just beyond it",
    ]


def test_cases_at_the_limit_notice_every_change() -> None:
    """One exactly there, one just below, one just above."""
    found = mutation("amount_usd >= 100", EXACT)
    assert (found.run, found.problems, found.fails) == (3, (), False)


def test_a_change_to_the_same_program_is_none() -> None:
    """A mutant that computes what the rule computes cannot be noticed, and is not counted."""
    unused = "{n: {count: events, by: debtor.id, window: 1h}}"
    assert mutation("amount_usd >= 100", EXACT, unused).run == 3


def test_both_edges_of_a_window_need_a_case() -> None:
    """An event one second inside still counts, one exactly as old as the window does not."""
    features = "{n: {count: events, by: debtor.id, window: 1h}}"
    when = "n >= 2"
    inside = "{name: a, history: [{at: -59m 59s}], expect: hit}, {name: b, expect: miss}"
    third = "{name: c, history: [{at: -1m}, {at: -1m}], expect: hit}"
    outside = "{name: d, history: [{at: -1h}], expect: miss}"
    (line,) = living(when, f"[{inside}, {third}]", features)
    remedy = "add a case in which an event that happened exactly 1h before counts no more"
    assert line == f"x/0.yml:14:54: TST-ANY-001: no case notices window of n 1h as 3601s: {remedy}"
    assert living(when, f"[{inside}, {third}, {outside}]", features) == []


def test_a_shadow_rule_is_told_but_does_not_fail() -> None:
    """Its cases are still being written."""
    found = mutation(
        "amount_usd >= 100", "[{name: over, event: {amount_usd: 500}, expect: hit}]", status="shadow"
    )
    assert found.problems
    assert not found.fails


def test_a_rule_whose_cases_fail_is_not_mutated() -> None:
    """First make the cases pass."""
    assert living("amount_usd >= 100", "[{name: over, event: {amount_usd: 5}, expect: hit}]") == [
        "x/0.yml:16:16: TST-ANY-001: case 'over' fails as the rule stands: run `fraudstream rules test`"
    ]


def test_a_change_may_be_accepted_with_a_reason() -> None:
    """What no case can show is said in the file; what a case does show may not be."""
    cases = EXACT.replace("{name: at, event: {amount_usd: 100}, expect: hit},", "")
    accept = "accept: [{change: amount_usd >= 100 as >, because: so it is}, {change: x, because: y}]"
    (line,) = living("amount_usd >= 100", f"{cases}, {accept}")
    assert line.endswith("TST-ANY-001: 'x' is no change that goes unnoticed: remove it from accept")


def test_a_rule_that_rests_on_another_is_mutated_with_it() -> None:
    """The other rule stays as it is; what asks for its outcome is a clause like any other."""
    cases = (
        "[{name: both, event: {amount_usd: 500}, expect: hit},"
        " {name: other, event: {amount_usd: 60}, expect: miss},"
        " {name: none, event: {amount_usd: 5}, expect: miss}], defaults: {kind: transfer, debtor.id: c1}"
    )
    other = rule_file("amount_usd > 50", rule_id="TST-OTHER-001")
    ruleset = ruleset_of(rule_file("'rule(\"TST-OTHER-001\") and amount_usd > 100'", cases=cases), other)
    found = mutate(ruleset, ruleset.rules[0], Schema())
    assert [problem.message.partition("notices ")[2].partition(":")[0] for problem in found.problems] == [
        'rule("TST-OTHER-001") left out',
        "amount_usd > 100 as >=",
        "100 as 99",
        "100 as 101",
    ]


def test_money_and_units_are_moved_like_numbers() -> None:
    """A whole amount by one, any other number by 5 %."""
    assert changes("amount > 100 USD")[1:] == ["100 USD as 99 USD", "100 USD as 101 USD"]
    share = changes("amount_usd > a * 1", params="{a: {value: 50, unit: percent}}")
    assert share[:2] == ["a 50 percent as 49 percent", "a 50 percent as 51 percent"]


def test_an_offset_is_an_edge_of_its_own() -> None:
    """Where the window ends is moved like where it begins."""
    features = "{n: {count: events, by: debtor.id, window: 1h, offset: 2h}}"
    (rule,) = ruleset_of(rule_file("n > 1", features=features)).rules
    found = {mutant.change: mutant.remedy for mutant in mutants(rule)}
    happened = "add a case in which an event that happened"
    assert list(found.items())[:4] == [
        ("window of n 1h as 3599s", f"{happened} one second less than 3h before still counts"),
        ("window of n 1h as 3601s", f"{happened} exactly 3h before counts no more"),
        ("offset of n 2h as 7199s", f"{happened} one second less than 2h before does not count yet"),
        ("offset of n 2h as 7201s", f"{happened} exactly 2h before counts already"),
    ]

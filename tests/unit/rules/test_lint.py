"""Checks beyond loading."""

from __future__ import annotations

import pytest

from fraudstream.events.schema import Schema
from fraudstream.rules.costs import costs
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import new_lock
from fraudstream.rules.ruleset import build_ruleset
from tests.unit.rule_files import LIVE_CASES, lint_messages, rule_file, rule_files, ruleset_of

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


@pytest.mark.parametrize(
    ("when", "column", "message"),
    [
        (
            "amount > 9 and amount < 5",
            22,
            "amount < 5 is never true beside amount > 9: correct one of the limits",
        ),
        (
            "amount > 9 and 5 > amount",
            26,
            "5 > amount is never true beside amount > 9: correct one of the limits",
        ),
        ("9 < amount < 5", 11, "amount < 5 is never true beside 9 < amount: correct one of the limits"),
        (
            "amount > high and amount < 5",
            25,
            "amount < 5 is never true beside amount > high: correct one of the limits",
        ),
        ("amount > 5 and amount > 9", 7, "amount > 5 is always true beside amount > 9: remove it"),
        ("amount > 9 and amount > 9", 22, "amount > 9 is always true beside amount > 9: remove it"),
        (
            'kind == "loan" and kind == "refund"',
            26,
            'kind == "refund" is never true beside kind == "loan": correct one of the limits',
        ),
        (
            'kind == "loan" and kind != "refund"',
            26,
            'kind != "refund" is always true beside kind == "loan": remove it',
        ),
        (
            'kind in ["loan"] and not kind in ["loan"]',
            32,
            'not (kind in ["loan"]) is never true beside kind in ["loan"]: correct one of the limits',
        ),
        ("n > 2 and n < 3", 17, "n < 3 is never true beside n > 2: correct one of the limits"),
        ("n >= 0", 7, "n >= 0 is always true: remove it"),
        ("n < 0", 7, "n < 0 is never true: correct one of the limits"),
        ("device.lat > 90", 7, "device.lat > 90 is never true: correct one of the limits"),
        (
            "amount > 9 and (n > 2 or amount < 5)",
            32,
            "amount < 5 is never true beside amount > 9: correct one of the limits",
        ),
        (
            "amount > 9 and (n > 2 or amount > 5)",
            32,
            "amount > 5 is always true beside amount > 9: remove it",
        ),
        ("amount > 5 or amount > 9", 21, "amount > 9 decides nothing beside amount > 5: remove it"),
        (
            "amount > 5 or amount <= 9",
            7,
            "(amount > 5) or (amount <= 9) is always true where it is known: correct the limits",
        ),
        (
            "not (amount > 9 and amount < 5)",
            27,
            "amount < 5 is never true beside amount > 9: correct one of the limits",
        ),
        ("n > 1 and 1 > 2", 19, "1 > 2 is always the same: remove it"),
    ],
)
def test_a_clause_that_decides_nothing_is_told(when: str, column: int, message: str) -> None:
    """Never true or always, beside the clauses around it or by what columns and counts can be."""
    params = "{high: 9}" if "high" in when else "{}"
    features = FEATURE if when.startswith("n ") or "(n " in when else "{}"
    found = lint_messages(rule_file(f"'{when}'", features=features, params=params))
    assert found == [f"x/0.yml:13:{column}: {message}"]


@pytest.mark.parametrize(
    "when",
    [
        "amount > 5 and amount < 9",
        "amount >= 5 and amount <= 5",
        "n > 2 and n < 4",
        'kind == "loan" or kind == "refund"',
        'kind in ["loan", "refund"] and kind != "loan"',
        "amount > 5 or amount < 2",
        "amount is null or amount > 5",
        "amount / 2 > 5 and amount < 9",
        'status is null or status == "approved"',
    ],
)
def test_clauses_that_decide_something_are_left_alone(when: str) -> None:
    """No false alarm at touching limits, whole numbers or other subjects."""
    assert (
        lint_messages(
            rule_file(f"'{when}'", features=FEATURE if when.startswith("n ") or "(n " in when else "{}")
        )
        == []
    )


def test_a_where_is_held_to_the_same() -> None:
    """What never counts anything is told at its place."""
    features = "{n: {count: events, where: amount > 9 and amount < 5, by: debtor.id, window: 1h}}"
    (line,) = lint_messages(rule_file("n > 2", features=features))
    assert line == "x/0.yml:14:53: amount < 5 is never true beside amount > 9: correct one of the limits"


def test_a_parameter_that_nothing_names_is_told() -> None:
    """One named in a condition, a `where` or a list is used; a word in a text names nothing."""
    features = "{n: {count: events, where: amount > a, by: debtor.id, window: 1h}}"
    params = "{a: 1, b: 2, c: [loan], d: 3}"
    rule = rule_file('n > b and kind in c and purpose == "d"', features=features, params=params)
    assert lint_messages(rule) == ["x/0.yml:12:36: parameter d is never used: remove it"]


def test_a_case_with_an_unknown_column_is_told() -> None:
    """Before anybody runs it, with the nearest column."""
    (line,) = lint_messages(rule_file(cases=LIVE_CASES.replace("amount_usd: 500", "amont_usd: 500")))
    assert line.endswith("amont_usd is no column: did you mean amount_usd?")


def test_a_list_that_nothing_names_is_told() -> None:
    """A list that decides nothing misleads whoever keeps it up."""
    content = (
        b"schema: fraudstream.list/v1\nid: bad\ntitle: t\nsource: s\nretrieved: 2026-01-01\n"
        b'entries: [{value: "x"}]\n'
    )
    ruleset = build_ruleset(rule_files(rule_file(), **{"lists/bad.yml": content}))
    assert [str(each) for each in lint(ruleset, Schema(), new_lock(ruleset, {}))] == [
        "lists/bad.yml:2:5: list bad is never used: name it in a rule, or remove its file"
    ]


def test_a_rule_costs_what_it_computes() -> None:
    """Clauses, features and keys count; what another rule computes too is told as shared."""
    features = "{n: {distinct: card.id, where: amount > 5, by: [debtor.id, device.id], window: 1h}}"
    rules = [
        rule_file("n > 2 and amount > 9", features=features),
        rule_file("n > 3", features=features, rule_id="TST-ANY-002"),
        rule_file("amount > 1", rule_id="TST-ANY-003"),
    ]
    assert [
        (each.rule.id, each.clauses, each.features, each.keys, each.units, each.shared)
        for each in costs(ruleset_of(*rules).rules)
    ] == [
        ("TST-ANY-001", 3, 1, 1, 39, 28),
        ("TST-ANY-002", 2, 1, 1, 38, 28),
        ("TST-ANY-003", 1, 0, 0, 1, 0),
    ]

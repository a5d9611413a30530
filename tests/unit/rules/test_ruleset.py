"""From files to a ruleset: every fault with its file and line, a version from the content."""

from __future__ import annotations

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import build_ruleset, with_param
from tests.unit.rule_files import SHARED_FILES, rule_file, rule_files, ruleset_of


def faults(*rules: bytes, **others: bytes) -> list[str]:
    """Return the problems of a rule directory that does not load."""
    with pytest.raises(RulesetError) as caught:
        build_ruleset(rule_files(*rules, **others))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("rule", "place", "message"),
    [
        (rule_file(extra="sverity: high\n"), "x/0.yml:12:10", "sverity: "),
        (rule_file().replace(b"owner: tests\n", b""), "x/0.yml:1:1", "owner: the key is missing: add it"),
        (rule_file().replace(b"version: 1", b"version: one"), "x/0.yml:3:10", "version: "),
        (rule_file().replace(b"version: 1", b"version: 1.0"), "x/0.yml:3:10", "version: "),
        (rule_file(version=0), "x/0.yml:3:10", "version: "),
        (rule_file(rule_id="tst-1"), "x/0.yml:2:5", "id: "),
        (rule_file(status="on"), "x/0.yml:5:9", "status: "),
        (rule_file(severity="huge"), "x/0.yml:7:11", "severity: "),
        (rule_file(extra="rollout: {percent: 0, by: debtor.id}\n"), "x/0.yml:12:", "rollout.percent: "),
        (rule_file(extra="rollout: {percent: 101, by: debtor.id}\n"), "x/0.yml:12:", "rollout.percent: "),
        (rule_file(extra="rollout: {percent: 10%, by: debtor.id}\n"), "x/0.yml:12:", "rollout.percent: "),
        (rule_file(extra="rollout: {percent: 10}\n"), "x/0.yml:12:", "rollout.by: the key is missing"),
        (
            rule_file(extra="rollout: {percent: 10, by: debtor.id}\n", status="shadow"),
            "x/0.yml:12:10",
            "rollout: the rule is shadow for everyone: set `status: live`, or remove rollout",
        ),
        (rule_file().replace(b"rule/v1", b"rule/v9"), "x/0.yml:1:9", "schema: "),
        (rule_file().replace(b"[Everything]", b"[]"), "x/0.yml:10:18", "false_positives: "),
        (rule_file(params="{Limit: 5}"), "x/0.yml:12:", "params.Limit: 'Limit' does not fit"),
        (rule_file(then="{action: stop, score: 1, reason_code: ANY}"), "x/0.yml:15:16", "then.action: "),
        (rule_file(then="{action: block, score: 101, reason_code: ANY}"), "x/0.yml:15:30", "then.score: "),
        (rule_file("[a > 1]"), "x/0.yml:13:7", "when"),
        (
            rule_file("{all: []}"),
            "x/0.yml:13:7",
            "when: write an expression, or one of all: [...], any: [...], not: ...",
        ),
        (
            rule_file("{some: [a > 1]}"),
            "x/0.yml:13:7",
            "when: write an expression, or one of all: [...], any: [...], not: ...",
        ),
        (
            rule_file("{all: [amount_usd > 1,\n    amount_usd > > 2]}"),
            "x/0.yml:14:18",
            "expected a value, found '>'",
        ),
        (
            rule_file("\n  any:\n    - amount_usd > 1\n    - not: amount_usd = 2"),
            "x/0.yml:16:23",
            "cannot read '= 2': compare with ==",
        ),
        (
            rule_file(features="{n: {count: events, by: debtor.id, window: -7d}}"),
            "x/0.yml:14:54",
            "features.n.window: '-7d' is no duration: write a whole number and s, m, h, d or w, such as 90m",
        ),
        (
            rule_file(features="{n: {count: events, by: debtor.id}}"),
            "x/0.yml:14:15",
            "features.n: count needs a window, such as 24h",
        ),
        (
            rule_file(features="{n: {first_seen: events, by: debtor.id, window: 1d}}"),
            "x/0.yml:14:15",
            "features.n: first_seen takes no window: remove it",
        ),
        (
            rule_file(features="{n: {first_seen: events, by: debtor.id, offset: 1d}}"),
            "x/0.yml:14:15",
            "features.n: first_seen takes no offset: remove it",
        ),
        (
            rule_file(features="{n: {count: events, by: debtor.id, window: 365d, offset: 1d}}"),
            "x/0.yml:14:15",
            "features.n: window and offset reach back more than 365d",
        ),
        (
            rule_file(features="{n: {by: debtor.id, window: 1d}}"),
            "x/0.yml:14:15",
            "features.n: give exactly one aggregate of count, sum, avg, ",
        ),
        (
            rule_file(features="{n: {count: events, sum: amount_usd, by: debtor.id, window: 1d}}"),
            "x/0.yml:14:15",
            "features.n: give exactly one aggregate of count, sum, avg, ",
        ),
        (
            rule_file(features="{n: {count: events, by: [debtor.id, card.id], for: debtor.id, window: 1d}}"),
            "x/0.yml:14:15",
            "features.n: for: must have as many columns as by",
        ),
        (
            rule_file(features="{n: {count: all, by: debtor.id, window: 1d}}"),
            "x/0.yml:14:23",
            "features.n.count: ",
        ),
        (
            rule_file(features="{n: {count: events, where: kind = 1, by: debtor.id, window: 1d}}"),
            "x/0.yml:14:43",
            "cannot read '= 1': compare with ==",
        ),
        (
            rule_file(cases="[{name: a, event: {}, expect: maybe}]"),
            "x/0.yml:16:46",
            "tests.cases.0.expect: ",
        ),
        (
            rule_file(cases="[{name: a, event: {}, expect: hit}, {name: a, event: {}, expect: miss}]"),
            "x/0.yml:16:8",
            "tests: two cases are named 'a': give each its own name",
        ),
        (
            rule_file().replace(b"typology: any", b"typology: ani"),
            "x/0.yml:8:11",
            "typology 'ani' is not in typologies.yml: did you mean any?",
        ),
        (
            rule_file(then="{action: block, score: 1, reason_code: ANI}"),
            "x/0.yml:15:46",
            "reason code 'ANI' is not in reason_codes.yml: did you mean ANY?",
        ),
    ],
)
def test_a_fault_of_a_rule_is_told_where_it_stands(rule: bytes, place: str, message: str) -> None:
    """Unknown keys, wrong types, bad shapes and unknown names: file, line, column, and what is wrong."""
    found = faults(rule)
    assert any(fault.startswith(f"{place}") and f": {message}" in fault for fault in found), found


def test_rules_and_models_have_ids_of_their_own() -> None:
    """A second file with the same id is refused, and names the first."""
    message = "x/1.yml:2:5: id TST-ANY-001 is already used by x/0.yml: ids are never shared"
    assert faults(rule_file(), rule_file()) == [message]


@pytest.mark.parametrize("name", SHARED_FILES)
def test_a_missing_shared_file_is_named(name: str) -> None:
    """Typologies, reason codes and rates must be there."""
    files = {each: content for each, content in rule_files(rule_file()).items() if each != name}
    with pytest.raises(RulesetError, match=f"{name}:1:1: the file is missing from the rule directory"):
        build_ruleset(files)


def test_too_many_rules_are_refused_before_any_is_parsed() -> None:
    """A directory of ten thousand files that are no YAML is one problem."""
    files = rule_files(*[b"["] * 10_000)
    with pytest.raises(
        RulesetError, match=r"^x/0\.yml:1:1: 10000 rules, at most 5000 are read: split them over deployments$"
    ):
        build_ruleset(files)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ("{from: 2024-01-01, per_base: {XXX: 2.0}}", "rates.yml:4:8: XXX is no ISO 4217 code"),
        ("{from: 2024-01-01, per_base: {EUR: 0}}", "rates.yml:4:44: rates.0.per_base.EUR: "),
        ("{from: 2024-01-01, per_base: {EUR: -1.5}}", "rates.yml:4:44: rates.0.per_base.EUR: "),
        ("{from: soon, per_base: {EUR: 2}}", "rates.yml:4:16: rates.0.from: "),
        (
            "{from: 2024-01-01, per_base: {}}, {from: 2023-01-01, per_base: {}}",
            "rates.yml:4:8: the dates of a rate table must rise: sort them, and give each date once",
        ),
    ],
)
def test_a_fault_of_the_rates_is_told_where_it_stands(rates: str, message: str) -> None:
    """Unknown currencies, rates that are none, and dates out of order."""
    content = f"schema: fraudstream.rates/v1\nbase: USD\nsource: s\nrates: [{rates}]\n"
    (fault,) = faults(rule_file(), **{"rates.yml": content.encode()})
    assert fault.startswith(message)


def test_the_version_is_that_of_the_content() -> None:
    """Comments and layout change nothing; a threshold, a rate or another rule does."""
    version = ruleset_of(rule_file()).version
    assert (
        ruleset_of(b"# said again\n" + rule_file().replace(b"score: 10", b"score:   10")).version == version
    )
    assert ruleset_of(rule_file("amount_usd > 101")).version != version
    assert ruleset_of(rule_file(), rule_file(rule_id="TST-ANY-002")).version != version
    rates = SHARED_FILES["rates.yml"].replace(b"EUR: 0.8", b"EUR: 0.9")
    assert build_ruleset(rule_files(rule_file(), **{"rates.yml": rates})).version != version


def test_rules_stand_in_the_order_of_their_ids() -> None:
    """The order of the files decides nothing."""
    rules = [rule_file(rule_id=f"TST-{word}-001") for word in ("B", "C", "A")]
    assert [rule.id for rule in ruleset_of(*rules).rules] == ["TST-A-001", "TST-B-001", "TST-C-001"]


def test_a_shared_file_that_is_no_yaml_is_not_called_missing() -> None:
    """It is there; what is wrong with it is told, once."""
    (fault,) = faults(rule_file(), **{"rates.yml": b"rates: ]"})
    assert fault.startswith("rates.yml:1:8: not well-formed YAML: ")


def test_many_rules_load() -> None:
    """A large directory is no special case."""
    rules = [
        rule_file(f"amount_usd > {number}", rule_id=f"TST-N-{number:04d}", cases="[]")
        for number in range(200)
    ]
    assert len(ruleset_of(*rules).rules) == 200


def test_a_rule_with_another_value_of_a_parameter() -> None:
    """It is what its file would be with that value, and is refused where that would be."""
    features = "{n: {count: events, where: amount_usd > p, by: debtor.id, window: 1h}}"
    (rule,), (other,) = (
        ruleset_of(rule_file("n > p", params=f"{{p: {value}}}", features=features)).rules for value in (3, 5)
    )
    found = with_param(rule, "p", 5)
    assert (found.spec, found.when, found.where) == (other.spec, other.when, other.where)
    with pytest.raises(RulesetError, match=r"^x/0\.yml:12:\d+: .*p"):
        with_param(rule, "p", {"value": 5, "unit": "furlong"})

"""Rule directories that nobody would write on purpose: each fault is one clear line, and none takes long."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.events.schema import Schema
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import new_lock
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.rule_directory import load_ruleset
from tests.unit.rule_files import engine_of, event, outcomes, rule_file, rule_files, write_files

BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
FAULTS: dict[str, tuple[bytes, str]] = {
    "syntax": (rule_file("amount >"), "13:15: expected a value, found 'the end'"),
    "no yaml": (b"id: [\n", "2:1: not well-formed YAML: expected the node content, but found '<stream end>'"),
    "duplicate key": (rule_file(extra="owner: b\n"), "12:1: the key stands twice: keep one of them"),
    "bomb": (BOMB, "1:4: anchors and aliases are not read: write the value out"),
    "merge key": (b"<<: {id: A}\n", "1:1: merge keys are not read: write the values out"),
    "tag": (b"id: !!python/object:os.system {}\n", "1:5: tags are not read: write the plain value"),
    "two documents": (
        rule_file() + b"---\n" + rule_file(),
        "17:1: not well-formed YAML: a second document begins: keep one a file",
    ),
    "deep": (b"a: " + b"{b: " * 60, "1:200: nested more than 50 deep: flatten the file"),
    "deep expression": (rule_file("(" * 60), "13:57: nested more than 50 deep: split it"),
    "long expression": (
        rule_file("amount > 1 or " * 400),
        "13:7: the expression is longer than 4000 characters: split it",
    ),
    "not utf-8": (
        rule_file().replace(b"A rule", b"R\xe8gle"),
        "4:9: byte 63 is not UTF-8: save the file as UTF-8",
    ),
    "nul byte": (
        rule_file().replace(b"A rule", b"A\x00rule"),
        "4:9: U+0000 is a control character: remove it",
    ),
    "huge number": (
        rule_file(params="{a: 1e400}"),
        "12:13: no finite number of 64 bits: write a smaller one",
    ),
    "many digits": (
        rule_file(params="{a: " + "9" * 5_000 + "}"),
        "12:13: no finite number of 64 bits: write a smaller one",
    ),
    "not a number": (
        rule_file(params="{a: .nan}"),
        "12:13: no finite number of 64 bits: write a smaller one",
    ),
    "unknown key": (
        rule_file(extra="regulations: [x]\n"),
        "12:14: regulations: there is no such key: did you mean regulation?",
    ),
    "unknown inner key": (
        rule_file(features="{n: {count: events, by: debtor.id, windows: 1h, window: 1h}}"),
        "14:55: features.n.windows: there is no such key: did you mean window?",
    ),
    "misspelt word": (rule_file(status="alive"), "5:9: status: is never 'alive': did you mean live?"),
    "wrong type": (
        rule_file().replace(b"version: 1", b"version: '1'"),
        "3:10: version: '1' is no whole number: write one, without quotes and without a point",
    ),
    "unknown typology": (
        rule_file().replace(b"typology: any", b"typology: many"),
        "8:11: typology 'many' is not in typologies.yml: did you mean any?",
    ),
    "nothing": (b"", "1:1: the file must be a mapping of keys to values"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_faulty_file_is_one_clear_line(tmp_path: Path, kind: str) -> None:
    """File, line, column, what, and the remedy; nothing else is wrong because of it."""
    content, line = FAULTS[kind]
    rules = write_files(tmp_path, rule_files(rule_file(rule_id="TST-OTHER-001"), content))
    with pytest.raises(RulesetError) as caught:
        load_ruleset(rules)
    assert str(caught.value) == f"x/1.yml:{line}"


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ("amont > 1", "13:7: amont is unknown: did you mean amount?"),
        ("debtor.names == 'x'".replace("'", '"'), "13:7: debtor.names is unknown: did you mean debtor.name?"),
        ('amount > "x"', "13:14: cannot compare money in the event's own currency with a text"),
        ('kind == "transfers"', '13:15: kind is never "transfers": did you mean transfer?'),
        ("amount + 1", "13:14: amount + 1 is money in the event's own currency, not a condition"),
        ("hours(occurred_at) > 1", "13:7: there is no function hours: did you mean hour?"),
    ],
)
def test_a_condition_that_means_nothing_is_one_clear_line(tmp_path: Path, when: str, line: str) -> None:
    """Unknown names and types that do not fit are told before anything runs."""
    rules = write_files(tmp_path, rule_files(rule_file(f"'{when}'")))
    ruleset = load_ruleset(rules)
    (problem,) = lint(ruleset, Schema(), new_lock(ruleset, {}))
    # The text of a condition in quotes begins a column later than its place in the file.
    assert str(problem).startswith(f"x/0.yml:{line}")


@pytest.mark.parametrize(
    "content",
    [
        b"".join(b"k%d: 1\n" % number for number in range(20_000)),
        b"a: [" + b"1, " * 80_000 + b"]",
        b'a: "' + b"\\x41" * 60_000 + b'"',
        b"a: |\n" + b" x\n" * 80_000,
    ],
    ids=["keys", "items", "escapes", "lines"],
)
def test_a_file_of_another_kind_is_told_in_a_page(content: bytes) -> None:
    """However much is wrong with it, a reader gets the first faults and how many more there are."""
    with pytest.raises(RulesetError) as caught:
        build_ruleset(rule_files(content))
    assert len(caught.value.problems) <= 21


def test_rules_that_rest_on_each_other_are_told() -> None:
    """Whichever came first would need the other: the whole circle is named, once."""
    one = rule_file("'rule(\"TST-TWO-001\")'", rule_id="TST-ONE-001")
    two = rule_file("'rule(\"TST-ONE-001\")'", rule_id="TST-TWO-001")
    ruleset = build_ruleset(rule_files(one, two))
    (problem,) = lint(ruleset, Schema(), new_lock(ruleset, {}))
    circle = "TST-ONE-001 -> TST-TWO-001 -> TST-ONE-001"
    assert str(problem) == f"x/1.yml:13:12: the rules {circle} go in a circle: let one do without the next"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*a){30}"])
def test_a_catastrophic_pattern_takes_no_longer_than_any_other(pattern: str) -> None:
    """Patterns run in time linear in the text, so an attacker's text stalls nothing."""
    rule = rule_file(f"'matches(purpose, \"{pattern}\")'")
    engine = engine_of(rule)
    assert sum(outcomes(engine, event("a", purpose="a" * 1_000 + "!"))) == 1


@pytest.mark.parametrize("pattern", ["(a", r"(a)\\1", "(?=a)"])
def test_a_pattern_that_cannot_run_so_is_told(pattern: str) -> None:
    """Open brackets, references back and looking ahead."""
    ruleset = build_ruleset(rule_files(rule_file(f"'matches(purpose, \"{pattern}\")'")))
    (problem,) = lint(ruleset, Schema(), new_lock(ruleset, {}))
    assert str(problem).startswith("x/0.yml:13:24: the pattern is no RE2 expression, ")

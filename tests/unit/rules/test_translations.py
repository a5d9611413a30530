"""Texts of a rule pack in other languages: they decide nothing, and lint says which are missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fraudstream.events.schema import Schema
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import new_lock
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.rules.translations import missing_texts
from tests.rulesets import repository_ruleset
from tests.unit.rule_files import rule_file, rule_files

WHOLE = """schema: fraudstream.texts/v1
language: zh
rules:
  TST-ANY-001: {version: 1, title: 测试规则, rationale: 演示, false_positives: [一切], investigate: [无]}
typologies: {any: {title: 任意}}
reason_codes: {ANY: 任意}
"""


def ruleset_with(*texts: str) -> Ruleset:
    """Return the ruleset of one rule and some files of texts."""
    files = {f"texts/{number}.yml": text.encode() for number, text in enumerate(texts)}
    return build_ruleset(rule_files(rule_file(), **files))


def faults(*texts: str) -> Sequence[str]:
    """Return what lint says."""
    ruleset = ruleset_with(*texts)
    return [str(problem) for problem in lint(ruleset, Schema(), new_lock(ruleset, {}))]


def test_texts_do_not_count_for_the_version() -> None:
    """A better word changes no alert's id."""
    found = ruleset_with(WHOLE)
    assert found.version == ruleset_with().version == ruleset_with(WHOLE.replace("演示", "说明")).version
    assert found.translations["zh"].texts.rules["TST-ANY-001"].title == "测试规则"
    assert (faults(WHOLE), list(missing_texts(found))) == ([], [])


def test_what_is_missing_is_named() -> None:
    """It is no fault: what is not there is shown as the rule files have it."""
    text = "schema: fraudstream.texts/v1\nlanguage: zh\n"
    assert faults(text) == []
    assert list(missing_texts(ruleset_with(text))) == [
        "texts/0.yml: no text of the rules: TST-ANY-001",
        "texts/0.yml: no text of the typologies: any",
        "texts/0.yml: no text of the reason codes: ANY",
    ]


def test_what_is_old_or_short_is_named() -> None:
    """A rule that was changed since is to be translated anew."""
    old = WHOLE.replace("version: 1", "version: 2").replace(", investigate: [无]", "")
    assert list(missing_texts(ruleset_with(old))) == [
        "texts/0.yml: only a title of the rules: TST-ANY-001",
        "texts/0.yml: texts of an earlier version of the rules: TST-ANY-001",
    ]


@pytest.mark.parametrize(
    ("given", "put", "message"),
    [
        ("TST-ANY-001", "TST-ANY-002", "TST-ANY-002 is none of the rules: did you mean TST-ANY-001?"),
        ("{ANY: 任意}", "{ANYY: 任意}", "ANYY is none of the reason codes: did you mean ANY?"),
        ("[无]", "[无, 也无]", "2 texts, the rule has 1: give as many"),
    ],
)
def test_what_belongs_to_nothing_is_a_fault(given: str, put: str, message: str) -> None:
    """A misspelt name would else be a text that nobody ever sees."""
    (fault,) = faults(WHOLE.replace(given, put))
    assert fault.startswith("texts/0.yml:")
    assert message in fault


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ((WHOLE, WHOLE), "texts/1.yml:2:11: zh is already in texts/0.yml: put its texts into one file"),
        ((WHOLE.replace("language: zh", "language: Chinese"),), "language: 'Chinese' does not fit"),
        ((WHOLE.replace("title: 测试规则, ", ""),), "rules.TST-ANY-001.title: the key is missing: add it"),
    ],
)
def test_a_file_of_another_shape_is_refused(texts: tuple[str, ...], message: str) -> None:
    """As any other file of a rule directory."""
    with pytest.raises(RulesetError) as caught:
        ruleset_with(*texts)
    assert message in str(caught.value)


def test_the_shipped_rules_are_all_there_in_chinese() -> None:
    """Titles, rationales, what is innocent and what to look at, crime patterns and reason codes."""
    assert "zh" in repository_ruleset().translations
    assert list(missing_texts(repository_ruleset())) == []

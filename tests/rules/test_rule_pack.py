"""One suite that judges every rule file of the pack; a new file is judged without a word here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.selftest import run_cases
from fraudstream.events.schema import Schema
from fraudstream.rules.lint import lint
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.shared import ACTIONS_FILE
from fraudstream.stores.lock_file import read_lock
from fraudstream.stores.rule_directory import load_ruleset, read_files
from fraudstream.workbench.mutate import mutate

RULES = Path(__file__).parents[2] / "rules"
PACK = load_ruleset(RULES)
FILES = read_files(RULES)

FILE_NAME = re.compile(r"(aml|fraud|insider|platform)/[a-z]+(-[a-z]+)*\.yml")
UNIT = re.compile(r"(^|_)(count|km|km_per_h|ratio|score|share|usd)(_max|_min)?$")

every_rule = pytest.mark.parametrize("rule", PACK.rules, ids=lambda rule: rule.id)


@every_rule
def test_every_case_says_what_it_expects(rule: Rule) -> None:
    """Each inline test of a rule gives the outcome that it expects."""
    assert [str(result.problem) for result in run_cases(PACK.only(rule), Schema()) if not result.passed] == []


@every_rule
def test_cases_show_a_hit_a_miss_and_a_missing_value(rule: Rule) -> None:
    """The inline tests of a rule show all three outcomes."""
    assert {case.expect for case in rule.spec.tests.cases} == {"hit", "miss", "not_evaluated"}


@every_rule
def test_every_small_change_fails_a_case(rule: Rule) -> None:
    """No number, window, comparison or clause can be changed without an inline test that fails."""
    found = mutate(PACK, rule, Schema())
    assert found.run > 0
    assert [str(problem) for problem in found.problems] == []


@every_rule
def test_numbers_among_the_params_say_their_unit(rule: Rule) -> None:
    """The name of every number ends in its unit; durations carry theirs in the value."""
    numbers = [name for name, value in rule.spec.params.items() if isinstance(value, int | float)]
    assert [name for name in numbers if not UNIT.search(name)] == []


@every_rule
def test_a_rule_cites_a_law_or_a_source(rule: Rule) -> None:
    """A rule names the law that asks for it, or the report that describes the crime."""
    assert rule.spec.regulation or rule.spec.references


@every_rule
def test_a_file_is_named_after_what_it_detects(rule: Rule) -> None:
    """A rule file lies in the directory of its trade, under plain words and not under its id."""
    assert FILE_NAME.fullmatch(rule.file.name)


def test_the_pack_is_locked_and_has_nothing_to_complain_of() -> None:
    """All names are known, models included, nothing is unused, and no edit kept a rule's old version."""
    assert [str(problem) for problem in lint(PACK, Schema(), read_lock(RULES))] == []


def test_every_typology_is_used() -> None:
    """No crime pattern is described that no rule looks for."""
    assert set(PACK.typologies.typologies) == {rule.spec.typology for rule in PACK.rules}


def test_every_reason_code_belongs_to_one_rule() -> None:
    """Each reason code is given by exactly one rule or typology."""
    given = {(rule.id, outcome.reason_code) for rule in PACK.rules for outcome in rule.spec.outcomes}
    given |= {(name, band.reason_code) for name, score in PACK.typologies.scored for band in score.bands}
    assert sorted(PACK.reason_codes.reason_codes) == sorted(code for _, code in given)


def test_actions_yml_states_the_precedence_that_the_engine_follows() -> None:
    """The one place where an officer looks up which action wins says what is true."""
    assert f"from mild to grave: {' < '.join(ACTIONS)}." in FILES[ACTIONS_FILE].decode()

"""One suite that judges every rule file of the pack; a new file is judged without a word here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.selftest import run_cases
from fraudstream.events.schema import Schema
from fraudstream.rules.durations import parse_duration
from fraudstream.rules.lint import lint
from fraudstream.rules.ruleset import Rule, build_ruleset
from fraudstream.rules.shared import ACTIONS_FILE, RATES_FILE, REASON_CODES_FILE, TYPOLOGIES_FILE
from fraudstream.stores.lock_file import read_lock
from fraudstream.stores.rule_directory import load_ruleset, read_files

RULES = Path(__file__).parents[2] / "rules"
PACK = load_ruleset(RULES)
FILES = read_files(RULES)
# Without scores, which name rules that a changed rule stands without.
TYPOLOGIES = PACK.typologies.without_scores().model_dump_json(by_alias=True, exclude_none=True)
SHARED = {
    **{name: FILES[name] for name in (REASON_CODES_FILE, RATES_FILE)},
    TYPOLOGIES_FILE: TYPOLOGIES.encode(),
}
"""What a rule needs to be loaded alone."""

FILE_NAME = re.compile(r"(aml|fraud|insider|platform)/[a-z]+(-[a-z]+)*\.yml")
UNIT = re.compile(r"(^|_)(count|km|km_per_h|ratio|score|share|usd)(_max|_min)?$")
DURATION = re.compile(r"[0-9]+[smhdw]")
NO_CASE = {
    # No whole thousand lies between 4,999 and 5,000.
    "AML-RND-001": ["transfer_usd_min 4999"],
    # A week's mean is crossed by the 836th event, too many for an inline test.
    "PLT-RUN-001": ["window 7d as 604799s", "window 7d as 604801s"],
}
"""The changes of a rule that no inline test can show."""

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
def test_a_notch_more_or_less_fails_a_case(rule: Rule) -> None:
    """No threshold and no window can be moved by a notch, up or down, without an inline test that fails."""
    unnoticed = [change for change, data in _changes(rule.file.data) if _passes(data)]
    assert unnoticed == NO_CASE.get(rule.id, [])


@every_rule
def test_a_condition_less_fails_a_case(rule: Rule) -> None:
    """No clause of a rule, and no `where` of a feature, can be left out without an inline test that fails."""
    assert [left_out for left_out, data in _omissions(rule.file.data) if _passes(data)] == []


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


def _passes(data: Mapping[str, Any]) -> bool:
    """Tell whether every inline test of a rule given as data passes."""
    ruleset = build_ruleset({**SHARED, "changed/rule.yml": orjson.dumps(data)})
    return all(result.passed for result in run_cases(ruleset, Schema()))


def _changes(data: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is moved by a notch, a threshold or all windows of one length, and the rule with that."""
    params: dict[str, Any] = data.get("params", {})
    for name, value in params.items():
        for moved in _notches(value):
            yield f"{name} {moved}", {**data, "params": {**params, name: moved}}
    features: dict[str, dict[str, Any]] = data.get("features", {})
    for window in sorted({spec["window"] for spec in features.values() if "window" in spec}):
        for moved in _notches(window):
            changed = {
                name: {**spec, "window": moved} if spec.get("window") == window else spec
                for name, spec in features.items()
            }
            yield f"window {window} as {moved}", {**data, "features": changed}


def _omissions(data: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is left out, a clause of `when` or the `where` of a feature, and the rule without it."""
    clauses: list[Any] = data["when"]["all"] if isinstance(data["when"], dict) else []
    for index, clause in enumerate(clauses if len(clauses) > 1 else []):
        yield str(clause), {**data, "when": {"all": clauses[:index] + clauses[index + 1 :]}}
    features: dict[str, dict[str, Any]] = data.get("features", {})
    for name, spec in features.items():
        if "where" in spec:
            everything = {key: value for key, value in spec.items() if key != "where"}
            yield f"where of {name}", {**data, "features": {**features, name: everything}}


def _notches(value: object) -> list[int | float | str]:
    """Return a value moved down and up: whole numbers by 1, others by 5 %, durations by a second."""
    match value:
        case bool():
            return []
        case int():
            return [value - 1, value + 1]
        case float():
            return [value * 0.95, value * 1.05]
        case str() if DURATION.fullmatch(value):
            seconds = parse_duration(value) // 1_000_000
            return [f"{seconds - 1}s", f"{seconds + 1}s"]
        case _:
            return []

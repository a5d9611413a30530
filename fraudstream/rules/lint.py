"""Checks of a ruleset that go beyond loading it.

What only running can show is not guessed here: whether the cases of a rule stand at its limits and at the
edges of its windows is decided by `fraudstream rules mutate`, which moves them and sees whether a case fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fraudstream.events.schema import Schema
from fraudstream.rules.binding import bind
from fraudstream.rules.cases import case_messages
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.lock import Lock, check_lock
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.reachability import faults, natures, position
from fraudstream.rules.ruleset import Model, Rule, Ruleset
from fraudstream.rules.schema import FeatureSpec, Status
from fraudstream.rules.translations import faulty_texts
from fraudstream.rules.tree import Call, Junction, Name, Node, Not, children, parts, write

_NEEDED = ("hit", "miss")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


def lint(ruleset: Ruleset, schema: Schema, lock: Lock) -> list[Problem]:
    """Return every problem of a ruleset that loads."""
    problems = [*check_lock(ruleset, lock), *_unused_lists(ruleset), *_unused_states(ruleset)]
    problems += faulty_texts(ruleset)
    try:
        bind(ruleset, schema)
    except RulesetError as error:
        problems += error.problems
    faulty = {problem.file for problem in problems}
    for rule in ruleset.rules:
        problems += [*_missing_cases(rule), *_faulty_cases(rule, schema)]
        # What a rule with a wrong name reads can only be told once the name is right.
        if rule.file.name not in faulty:
            problems += [*_unused(rule), *_constant(rule), *_unreachable(rule, schema)]
    return sorted(set(problems))


def _missing_cases(rule: Rule) -> list[Problem]:
    if rule.spec.status is not Status.LIVE:
        return []
    given = {case.expect for case in rule.spec.tests.cases}
    return [
        rule.file.problem(
            ("tests", "cases"), f"{rule.id} is live and has no case that expects {each}: add one"
        )
        for each in _NEEDED
        if each not in given
    ]


def _faulty_cases(rule: Rule, schema: Schema) -> list[Problem]:
    try:
        case_messages(rule, schema)
    except RulesetError as error:
        return error.problems
    return []


def _constant(rule: Rule) -> list[Problem]:
    """Return a problem for each clause that reads nothing of the event."""
    found: list[Problem] = []
    pending: list[Node] = [rule.when, *(where for where in rule.where.values() if where is not None)]
    while pending:
        node = pending.pop()
        if isinstance(node, Junction | Not):
            pending += children(node)
        elif not any(isinstance(part, Name | Call) for part in parts(node)):
            error = ExpressionError(f"{write(node)} is always the same: remove it", position(node))
            found.append(rule.locate(error))
    return found


def _unreachable(rule: Rule, schema: Schema) -> Iterator[Problem]:
    """Yield a problem for each clause that is never true, or always."""
    nature = natures(schema, rule.spec.features)
    for condition in (rule.when, *rule.where.values()):
        if condition is not None:
            yield from map(rule.locate, faults(condition, nature))


def _unused(rule: Rule) -> Iterator[Problem]:
    """Yield a problem for each feature and each parameter that no condition names."""
    conditions = {key: rule.file.data.get(key) for key in ("when", "bands")}
    deciding = _names(conditions)
    for name in rule.spec.features:
        if name not in deciding:
            yield rule.file.problem(("features", name), f"feature {name} is never used: remove it")
    named = deciding | _names([spec.where for spec in rule.spec.features.values()])
    for name in rule.spec.params:
        if name not in named:
            yield rule.file.problem(("params", name), f"parameter {name} is never used: remove it")


def _unused_lists(ruleset: Ruleset) -> Iterator[Problem]:
    """Yield a problem for each list that no condition and no allow-list names."""
    named = {entry.list_ for entry in ruleset.actions.allow_lists}
    owners: list[Rule | Model] = [*ruleset.rules, *ruleset.models]
    for owner in owners:
        named |= {text[1:-1] for expression in _expressions(owner) for text in _TEXT.findall(expression)}
    for each in ruleset.lists.values():
        if each.id not in named:
            message = f"list {each.id} is never used: name it in a rule, or remove its file"
            yield each.file.problem(("id",), message)


def _unused_states(ruleset: Ruleset) -> Iterator[Problem]:
    """Yield a problem for each state from which no model starts."""
    for name in ruleset.unused_states:
        yield Problem(name, 1, 1, "no model starts from it: name it in a model's start_from, or remove it")


def _expressions(owner: Rule | Model) -> Iterator[str]:
    """Yield every expression of a rule or a model as it is written."""
    if isinstance(owner, Rule):
        specs: Mapping[str, FeatureSpec] = owner.spec.features
        yield from _strings({key: owner.file.data.get(key) for key in ("when", "bands")})
    else:
        specs = owner.spec.windows
        yield from _strings(owner.file.data["features"])
    yield from (spec.where for spec in specs.values() if spec.where is not None)


def _names(value: Any) -> set[str]:
    """Return the names in some expressions, texts left out."""
    return {name for text in _strings(value) for name in _NAME.findall(_TEXT.sub("", text))}


def _strings(value: Any) -> Iterator[str]:
    """Yield every text in plain data, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)

"""Checks of a ruleset that go beyond loading it."""

from __future__ import annotations

from fraudstream.events.schema import Schema
from fraudstream.rules.binding import bind
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.lock import Lock, check_lock
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.rules.schema import Status
from fraudstream.rules.tree import Call, Junction, Name, Node, Not, children, names, parts, write

_NEEDED = ("hit", "miss")


def lint(ruleset: Ruleset, schema: Schema, lock: Lock) -> list[Problem]:
    """Return every problem of a ruleset that loads."""
    problems = check_lock(ruleset, lock)
    try:
        bind(ruleset, schema)
    except RulesetError as error:
        problems += error.problems
    faulty = {problem.file for problem in problems}
    for rule in ruleset.rules:
        problems += _missing_cases(rule)
        # What a rule with a wrong name reads can only be told once the name is right.
        if rule.file.name not in faulty:
            problems += [*_unused(rule), *_constant(rule)]
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


def _constant(rule: Rule) -> list[Problem]:
    """Return a problem for each clause that reads nothing of the event."""
    found: list[Problem] = []
    pending: list[Node] = [rule.when]
    while pending:
        node = pending.pop()
        if isinstance(node, Junction | Not):
            pending += children(node)
        elif not any(isinstance(part, Name | Call) for part in parts(node)):
            error = ExpressionError(f"{write(node)} is always the same: remove it", node.position)
            found.append(rule.locate(error))
    return found


def _unused(rule: Rule) -> list[Problem]:
    used = {each.name for each in names(rule.condition)}
    return [
        rule.file.problem(("features", name), f"feature {name} is never used: remove it")
        for name in rule.spec.features
        if name not in used
    ]

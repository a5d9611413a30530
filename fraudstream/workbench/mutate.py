"""Runs the cases of a rule on its mutants: a change that no case notices is a threshold that nobody tests.

All mutants of a rule stand as rules of their own in one ruleset, so each case runs once on one engine and
judges every mutant; equal expressions and features are computed once. A mutant whose condition is the very
same program as the rule's is equal to it and not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fraudstream.engine.selftest import CASE_HORIZON, outcomes_of
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.schema import Schema
from fraudstream.rules.binding import bind
from fraudstream.rules.cases import case_messages
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.mutants import Mutant, mutants
from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.rules.schema import Effective, Status


@dataclass(frozen=True)
class Mutation:
    """What became of the mutants of a rule: how many were run, and a problem for each that lived."""

    rule: Rule
    run: int
    problems: tuple[Problem, ...]

    @property
    def fails(self) -> bool:
        """Whether the rule may not go on like this: it is live, and a change of it goes unnoticed."""
        return bool(self.problems) and self.rule.spec.status is Status.LIVE


def mutate(ruleset: Ruleset, rule: Rule, schema: Schema) -> Mutation:
    """Run the cases of one rule on all its mutants; RulesetError where a case is no event."""
    alone = ruleset.only(rule)
    tried = _distinct(alone, rule, list(mutants(rule)), schema)
    unnoticed = set(range(len(tried) + 1))
    crowd = _crowd(alone, rule, tried)
    for case in case_messages(rule, schema):
        engine = Engine(crowd, Settings(schema, duplicates=CASE_HORIZON), any_score=True)
        outcomes = outcomes_of(engine, case)
        said = {} if isinstance(outcomes, str) else dict(zip(engine.rule_ids, outcomes, strict=True))
        if said.get("0") != case.case.expected:
            what = f"{rule.id}: case {case.case.name!r} fails as the rule stands"
            message = f"{what}: run `fraudstream rules test`"
            return Mutation(rule, 0, (rule.file.problem(("tests", "cases"), message),))
        unnoticed = {index for index in unnoticed if said[str(index)] == case.case.expected}
    living = [tried[index - 1] for index in sorted(unnoticed) if index]
    return Mutation(rule, len(tried), tuple(_problems(rule, living)))


def _problems(rule: Rule, living: Sequence[Mutant]) -> Iterator[Problem]:
    accepted = {each.change: index for index, each in enumerate(rule.spec.tests.accept)}
    for mutant in living:
        if mutant.change not in accepted:
            yield replace(
                mutant.place, message=f"{rule.id}: no case notices {mutant.change}: {mutant.remedy}"
            )
    known = {mutant.change for mutant in living}
    for change, index in accepted.items():
        if change not in known:
            message = f"{rule.id}: {change!r} is no change that goes unnoticed: remove it from accept"
            yield rule.file.problem(("tests", "accept", index), message)


def _crowd(alone: Ruleset, rule: Rule, tried: Sequence[Mutant]) -> Ruleset:
    """Return the ruleset of a rule and its mutants, in this order, all live on every day."""
    changed = [_renamed(mutant.rule, index) for index, mutant in enumerate(tried, start=1)]
    return replace(alone, rules=(_renamed(rule, 0), *changed, *alone.rules[1:]))


def _renamed(rule: Rule, number: int) -> Rule:
    """Return a rule under its number, which is also the name of its file, by which its problems are told."""
    spec = rule.spec.model_copy(update={"id": str(number), "status": Status.LIVE, "effective": Effective()})
    return replace(rule, spec=spec, file=replace(rule.file, name=str(number)))


def _distinct(alone: Ruleset, rule: Rule, tried: list[Mutant], schema: Schema) -> list[Mutant]:
    """Return the mutants that compile, and to another program than the rule."""
    try:
        bound = bind(_crowd(alone, rule, tried), schema, scores=True)
    except RulesetError as error:
        bind(alone, schema, scores=True)
        broken = {int(problem.file) for problem in error.problems}
        return _distinct(
            alone, rule, [each for index, each in enumerate(tried, start=1) if index not in broken], schema
        )
    slots = {each.rule.id: each.when.slot for each in bound.rules}
    return [mutant for index, mutant in enumerate(tried, start=1) if slots[str(index)] != slots["0"]]

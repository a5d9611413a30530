"""Runs the inline tests of rules on the engine itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.models import check_models
from fraudstream.engine.result import OUTCOMES
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.schema import Schema
from fraudstream.rules.cases import CaseMessages, case_messages
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.ruleset import Rule, Ruleset, build_ruleset
from fraudstream.rules.schema import Effective, Status

CASE_HORIZON = Horizon(ids_max=1_000)
"""A case has few events: an engine of its own need not remember more ids."""


@dataclass(frozen=True)
class CaseResult:
    """What one case expected and got; `got` may also be why the event is no event."""

    rule_id: str
    case: str
    expected: str
    got: str
    problem: Problem | None

    @property
    def passed(self) -> bool:
        """Whether the rule said what the case expects."""
        return self.expected == self.got


def run_cases(ruleset: Ruleset, schema: Schema) -> Iterator[CaseResult]:
    """Run every inline test of every rule, whatever the rule's status and dates."""
    for rule in ruleset.rules:
        yield from _run_rule(ruleset, rule, schema)


def checked_ruleset(files: Mapping[str, bytes], settings: Settings) -> Ruleset:
    """Build a ruleset that is fit to run and passes its inline tests; RulesetError lists all problems."""
    ruleset = build_ruleset(files)
    check(ruleset, settings)
    return ruleset


def check(ruleset: Ruleset, settings: Settings) -> None:
    """Raise RulesetError with all problems unless a ruleset is fit to run and passes its inline tests."""
    problems = check_models(ruleset)
    if not problems:
        results = run_cases(ruleset, settings.schema)
        problems = [result.problem for result in results if result.problem is not None]
    if problems:
        raise RulesetError(problems)


def _run_rule(ruleset: Ruleset, rule: Rule, schema: Schema) -> Iterator[CaseResult]:
    spec = rule.spec.model_copy(update={"status": Status.LIVE, "effective": Effective()})
    alone = ruleset.only(replace(rule, spec=spec))
    for index, messages in enumerate(case_messages(rule, schema)):
        engine = Engine(alone, Settings(schema, duplicates=CASE_HORIZON), any_score=True)
        outcomes = outcomes_of(engine, messages)
        got = outcomes if isinstance(outcomes, str) else outcomes[0]
        case = messages.case
        problem = None
        if got != case.expected:
            message = f"{rule.id}: case {case.name!r} expects {case.expected}, got {got}"
            problem = rule.file.problem(("tests", "cases", index), message)
        yield CaseResult(rule.id, case.name, case.expected, got, problem)


def outcomes_of(engine: Engine, messages: CaseMessages) -> tuple[str, ...] | str:
    """Return what each rule of a new engine says of a case, or why one of its events is none.

    In which band a hit lies is said where the case asks for it.
    """
    *before, last = messages.messages
    for history in (before, [last]):
        result = engine.step(history, messages.case.scores)
        if result.dead_letters:
            return f"no valid event: {result.dead_letters[0].detail}"
        if result.duplicates:
            return "no valid event: its id was seen before"
    bands = dict(result.bands) if messages.case.band is not None else {}
    in_band = {rule: f" in band {band}" for rule, band in bands}
    outcomes = np.argmax(result.rule_outcomes, axis=1).tolist()
    return tuple(
        OUTCOMES[outcome] + in_band.get(rule, "")
        for rule, outcome in zip(engine.rule_ids, outcomes, strict=True)
    )

"""Runs the inline tests of rules on the engine itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.models import ModelStage
from fraudstream.engine.result import OUTCOMES
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.interning import Interner
from fraudstream.events.schema import Schema
from fraudstream.rules.binding import bind
from fraudstream.rules.cases import CaseMessages, case_messages
from fraudstream.rules.errors import Problem
from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.rules.schema import Effective, Status

_FEW = Horizon(ids_min=1_000)


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


def compile_kernels(ruleset: Ruleset, settings: Settings) -> None:
    """Make numba compile what the inline tests leave out, so that the first event need not wait for it."""
    models = ModelStage(bind(ruleset, settings.schema, Interner()))
    models.warm()


def _run_rule(ruleset: Ruleset, rule: Rule, schema: Schema) -> Iterator[CaseResult]:
    spec = rule.spec.model_copy(update={"status": Status.LIVE, "effective": Effective()})
    alone = ruleset.only(replace(rule, spec=spec))
    for index, messages in enumerate(case_messages(rule, schema)):
        case = messages.case
        got = _outcome(Engine(alone, Settings(schema, duplicates=_FEW), any_score=True), messages)
        expected = case.expect if case.band is None else f"{case.expect} in band {case.band}"
        problem = None
        if got != expected:
            message = f"{rule.id}: case {case.name!r} expects {expected}, got {got}"
            problem = rule.file.problem(("tests", "cases", index), message)
        yield CaseResult(rule.id, case.name, expected, got, problem)


def _outcome(engine: Engine, messages: CaseMessages) -> str:
    *before, last = messages.messages
    for history in (before, [last]):
        result = engine.step(history, messages.case.scores)
        if result.dead_letters:
            return f"no valid event: {result.dead_letters[0].detail}"
        if result.duplicates:
            return "no valid event: its id was seen before"
    outcome = OUTCOMES[int(np.argmax(result.rule_outcomes[0]))]
    if messages.case.band is None:
        # A case that names no band does not ask in which one a hit lies.
        return outcome
    return outcome + "".join(f" in band {band}" for _, band in result.bands)

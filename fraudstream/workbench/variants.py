"""One rule under many values of a parameter: each value is a shadow rule beside all rules of a ruleset.

So one engine judges them all in one pass. Equal expressions and features are computed once, which leaves
little more than a comparison for each value; and what is judged is what a rule file with that value says,
since each value goes through the loader. What a sweep cannot answer so is refused: where another value would
change the features, other rules, or what a model learns, each value needs a fold of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.references import needed
from fraudstream.rules.ruleset import Model, Rule, Ruleset, with_param
from fraudstream.rules.schema import Action, Status
from fraudstream.rules.tree import models, outcomes
from fraudstream.workbench.thresholds import Thresholds

_REMEDY = "back-test a changed file for each value instead"


@dataclass(frozen=True)
class Variants:
    """A ruleset with one more shadow rule for each value, and the ids of those in the order of the values."""

    ruleset: Ruleset
    ids: tuple[str, ...]


def variants(ruleset: Ruleset, rule: Rule, thresholds: Thresholds) -> Variants:
    """Return the rule at every value; RulesetError where a value is no rule, or a sweep cannot answer it."""
    changed = [with_param(rule, thresholds.param, each.data) for each in thresholds.values]
    fault = next(_faults(ruleset, rule, changed, thresholds), None)
    if fault is not None:
        place = ("params", thresholds.param)
        raise RulesetError([rule.file.problem(place, fault)])
    shadows = tuple(_shadow(each, number) for number, each in enumerate(changed))
    return Variants(
        replace(ruleset, rules=(*ruleset.rules, *shadows)), tuple(shadow.id for shadow in shadows)
    )


def _shadow(rule: Rule, number: int) -> Rule:
    """Return a rule under an id that no file can have, its bands a mere part of its condition."""
    id_ = f"{rule.id}#{number}"
    # Only its hits are asked for, so that nobody need be told of them.
    then = rule.spec.then.model_copy(update={"action": Action.ALLOW, "score": 0})
    spec = rule.spec.model_copy(update={"id": id_, "status": Status.SHADOW, "bands": None, "then": then})
    return replace(rule, spec=spec, when=rule.condition, bands=())


def _faults(ruleset: Ruleset, rule: Rule, changed: Sequence[Rule], thresholds: Thresholds) -> Iterator[str]:
    """Yield why one pass cannot tell what each value would give, and the remedy."""
    param = thresholds.param
    for name, where in rule.where.items():
        if any(each.where[name] != where for each in changed):
            yield f"{param} stands in the where of {name}, so that each value counts other events: {_REMEDY}"
    if len(changed) > 1 and all(each.condition == rule.condition for each in changed):
        yield f"{param} stands nowhere in the condition of {rule.id}: sweep a parameter that stands there"
    readers = [
        each.id
        for each in ruleset.rules
        if each.runs and any(name == rule.id for name, _ in outcomes(each.when))
    ]
    if readers:
        others = ", ".join(readers)
        yield f"{others} reads the outcome of {rule.id}, so that each value changes both: {_REMEDY}"
    for model in _models_read(ruleset, rule):
        if rule.spec.status is Status.LIVE and model.file.data.get("learn") == "not_alerted":
            name = model.spec.id
            yield f"{rule.id} reads the model {name}, which learns only what does not alert: {_REMEDY}"


def _models_read(ruleset: Ruleset, rule: Rule) -> Iterator[Model]:
    """Yield the models on whose scores a rule rests, directly, by another rule or by another model."""
    by_id = {each.spec.id: each for each in ruleset.models}
    reading = (rule, *needed(rule, ruleset.rules))
    pending = [name for each in reading for name, _ in models(each.condition)]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen or name not in by_id:
            continue
        seen.add(name)
        yield by_id[name]
        pending += [read for node in by_id[name].inputs.values() for read, _ in models(node)]

"""Rules that read the outcomes of others: in which order they are judged, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fraudstream.rules.errors import Problem, did_you_mean
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.tree import outcomes

if TYPE_CHECKING:
    from fraudstream.rules.ruleset import Rule


def ordered(rules: Sequence[Rule]) -> tuple[list[Rule], list[Problem]]:
    """Return the rules that run, each after those that it names, and what is wrong with the names.

    Rules that are wrong, or stand in a circle, are left out.
    """
    order = _Order({rule.id: rule for rule in rules})
    for rule in rules:
        if rule.runs:
            order.add(rule, ())
    return order.done, order.problems


def needed(rule: Rule, rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules whose outcomes a rule rests on, directly or not."""
    by_id = {each.id: each for each in rules}
    found: dict[str, Rule] = {}
    pending = [rule]
    while pending:
        for name, _ in outcomes(pending.pop().when):
            if name in by_id and name not in found and name != rule.id:
                found[name] = by_id[name]
                pending.append(by_id[name])
    return list(found.values())


class _Order:
    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._state: dict[str, bool] = {}
        """Whether a rule that was looked at may run."""
        self.done: list[Rule] = []
        self.problems: list[Problem] = []

    def add(self, rule: Rule, path: tuple[str, ...]) -> bool:
        """Add a rule after those that it names; tell whether that can be done."""
        if rule.id not in self._state:
            path = (*path, rule.id)
            faults = [
                fault for name, position in outcomes(rule.when) for fault in self._fault(name, position, path)
            ]
            self.problems += [rule.locate(fault) for fault in faults if str(fault)]
            self._state[rule.id] = not faults
            if not faults:
                self.done.append(rule)
        return self._state[rule.id]

    def _fault(self, name: str, position: int, path: tuple[str, ...]) -> Iterator[ExpressionError]:
        """Yield why a rule cannot be named; an empty reason where the fault is told of that rule itself."""
        rule = self._rules.get(name)
        if rule is None:
            remedy = did_you_mean(name, self._rules) or "use the id of a rule of this ruleset"
            yield ExpressionError(f"rule {name} is unknown: {remedy}", position)
        elif not rule.runs:
            status = rule.spec.status
            message = f"rule {name} is {status}, and has no outcome: make it shadow or live, or do without"
            yield ExpressionError(message, position)
        elif name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            yield ExpressionError(f"the rules {circle} go in a circle: let one do without the next", position)
        elif not self.add(rule, path):
            yield ExpressionError("", position)

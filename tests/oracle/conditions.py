"""Evaluates conditions one event at a time, by Kleene's logic."""

from __future__ import annotations

from tests.oracle.functions import (
    TEXT_TESTS,
    on_clock,
)
from tests.oracle.language import (
    Between,
    Chain,
    Condition,
    Every,
    Holiday,
    IsNull,
    Listed,
    OneOf,
    Outcome,
    Some,
    TextTest,
    Unless,
)
from tests.oracle.messages import Event
from tests.oracle.rulesets import Ruleset
from tests.oracle.values import Scope, compare, evaluate, in_days, numeric_of


def truth(node: Condition, scope: Scope) -> bool | None:
    """Return whether a condition holds, None where that is unknown."""
    match node:
        case Every(parts):
            return _every([truth(part, scope) for part in parts])
        case Some(parts):
            return _not(_every([_not(truth(part, scope)) for part in parts]))
        case Unless(part):
            return _not(truth(part, scope))
        case Chain(first, links):
            lefts = [first, *(right for _, right in links)]
            pairs = zip(lefts, links, strict=False)
            return _every([compare(sign, left, right, scope) for left, (sign, right) in pairs])
        case Between(value, low, high, negated):
            within = _every([compare(">=", value, low, scope), compare("<=", value, high, scope)])
            return _not(within) if negated else within
        case OneOf(value, items, negated):
            equals = [_not(compare("==", value, item, scope)) for item in items]
            among = _not(_every(equals))
            return _not(among) if negated else among
        case IsNull(value, negated):
            return (evaluate(value, scope) is None) != negated
        case TextTest(function, column, part):
            text = scope.event.texts.get(column)
            return None if text is None else TEXT_TESTS[function](text, part)
        case Listed(column, name, negated):
            listed = is_listed(scope.ruleset, name, scope.event, column)
            return _not(listed) if negated else listed
        case Holiday():
            return _is_holiday(node, scope)
        case Outcome(rule_id):
            return scope.outcome(rule_id)


def _every(parts: list[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _not(part: bool | None) -> bool | None:
    return None if part is None else not part


def _is_holiday(node: Holiday, scope: Scope) -> bool | None:
    t_us = numeric_of(evaluate(node.time, scope))
    if t_us is None:
        return None
    day = on_clock(round(t_us), node.zone).date()
    return _on_list(scope.ruleset, node.list_name, day.isoformat(), scope.event)


def is_listed(ruleset: Ruleset, name: str, event: Event, column: str) -> bool | None:
    """Tell whether a column's text is on a list at the event's time, None where it is missing."""
    text = event.texts.get(column)
    return None if text is None else _on_list(ruleset, name, text, event)


def _on_list(ruleset: Ruleset, name: str, text: str, event: Event) -> bool:
    return any(
        entry.text == text and in_days(event.t_us, entry.first_day, entry.last_day)
        for entry in dict(ruleset.lists)[name]
    )

"""What a rule costs, estimated from its text: to compare rules and find the dear ones, not to plan.

The model, in units of one comparison over one event:

- each operator, comparison and function of a condition or a `where`: 1, a test inside texts
  (`contains`, `starts_with`, `matches`): 4;
- each feature: 12 for its window, 6 for one without (`last`, `first_seen` ...); 12 more where it must know
  each value (`distinct`, `min`, `max`, `median`); 4 more for a key of several columns; 4 more where it is
  read under another key than it is counted under;
- each key that a rule's features are counted or read under: 8, for finding the entity.

A feature that other rules have too is computed once: its cost stands with each of them, told as shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fraudstream.features.catalogue import Feature
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.tree import Arithmetic, Call, Comparison, IsNull, Negative, Node, parts

_TEXT_TESTS = ("contains", "starts_with", "matches")
_EACH_VALUE = ("distinct", "min", "max", "median")
_KEY = 8
_WINDOW, _WITHOUT_WINDOW, _PER_VALUE, _PER_PART = 12, 6, 12, 4
_IN_TEXT = 4


@dataclass(frozen=True)
class Cost:
    """The cost of one rule in comparisons per event; `shared` is the part that other rules need as well."""

    rule: Rule
    clauses: int
    features: int
    keys: int
    units: int
    shared: int


def costs(rules: Sequence[Rule]) -> list[Cost]:
    """Return the cost of each rule, the dearest first."""
    users = Counter(feature for rule in rules for feature in set(_features(rule)))
    return sorted((_cost(rule, users) for rule in rules), key=lambda cost: (-cost.units, cost.rule.id))


def _cost(rule: Rule, users: Counter[Feature]) -> Cost:
    features = list(dict.fromkeys(_features(rule)))
    conditions = [rule.when, *(where for where in rule.where.values() if where is not None)]
    keys = {feature.by for feature in features} | {feature.read_by for feature in features}
    clauses = [_of_condition(condition) for condition in conditions]
    of_features = {feature: _of_feature(feature) for feature in features}
    units = sum(clauses) + sum(of_features.values()) + _KEY * len(keys)
    shared = sum(cost for feature, cost in of_features.items() if users[feature] > 1)
    return Cost(rule, sum(clauses), len(features), len(keys), units, shared)


def _features(rule: Rule) -> Iterator[Feature]:
    for name, spec in rule.spec.features.items():
        yield spec.feature(rule.where[name])


def _of_condition(condition: Node) -> int:
    units = 0
    for part in parts(condition):
        if isinstance(part, Call):
            units += _IN_TEXT if part.function in _TEXT_TESTS else 1
        elif isinstance(part, Arithmetic | Comparison | IsNull | Negative):
            units += 1
    return units


def _of_feature(feature: Feature) -> int:
    units = _WITHOUT_WINDOW if feature.window_us is None else _WINDOW
    units += _PER_VALUE if str(feature.aggregate) in _EACH_VALUE else 0
    units += _PER_PART if len(feature.by) > 1 else 0
    return units + (_PER_PART if feature.read_by != feature.by else 0)

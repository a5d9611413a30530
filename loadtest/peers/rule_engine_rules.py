"""rule-engine: one typed `Rule` per condition."""

from __future__ import annotations

from collections.abc import Sequence

import rule_engine

from fraudstream.rules.tree import Node
from loadtest.peers.expressions import Dialect, Evaluate, Values, Variables, shortest, translate

DIALECT = Dialect("and", "or", shortest)


def one_by_one(conditions: Sequence[Node], variables: Variables) -> Evaluate:
    """Compile each condition, with the types of all variables known and values read by key."""
    types = dict.fromkeys(variables.texts, rule_engine.DataType.STRING)
    types |= dict.fromkeys(variables.numbers, rule_engine.DataType.FLOAT)
    context = rule_engine.Context(
        resolver=rule_engine.resolve_item, type_resolver=rule_engine.type_resolver_from_dict(types)
    )
    texts = [translate(each, DIALECT, variables.per_major) for each in conditions]
    matches = [rule_engine.Rule(text, context=context).matches for text in texts]

    def evaluate(values: Values) -> Sequence[bool]:
        return [match(values) for match in matches]

    return evaluate

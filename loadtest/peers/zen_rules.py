"""GoRules' zen-engine: compiled expressions, one per condition or all in one list."""

from __future__ import annotations

from collections.abc import Sequence

import zen

from fraudstream.rules.tree import Node
from loadtest.peers.expressions import Dialect, Evaluate, Values, Variables, shortest, translate

DIALECT = Dialect("and", "or", shortest)


def one_by_one(conditions: Sequence[Node], variables: Variables) -> Evaluate:
    """Compile each condition by itself, as separate rules are."""
    texts = [translate(each, DIALECT, variables.per_major) for each in conditions]
    expressions = [zen.compile_expression(text).evaluate for text in texts]

    def evaluate(values: Values) -> Sequence[bool]:
        return [expression(values) for expression in expressions]

    return evaluate


def one_list(conditions: Sequence[Node], variables: Variables) -> Evaluate:
    """Compile all into one list, so that an event crosses over to Rust once, not once per condition."""
    texts = [translate(each, DIALECT, variables.per_major) for each in conditions]
    evaluate: Evaluate = zen.compile_expression(f"[{', '.join(texts)}]").evaluate
    return evaluate

"""cel-expr-python, the wrapper of CEL's C++ runtime: checked programs with declared types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cel_expr_python import cel

from fraudstream.rules.tree import Node
from loadtest.peers.expressions import Dialect, Evaluate, Values, Variables, floating, translate

DIALECT = Dialect("&&", "||", floating)


def one_by_one(conditions: Sequence[Node], variables: Variables) -> Evaluate:
    """Compile each condition; all of them share one activation per event."""
    environment = _environment(variables)
    texts = [translate(each, DIALECT, variables.per_major) for each in conditions]
    programs = [environment.compile(text).eval for text in texts]
    activation = environment.Activation

    def evaluate(values: Values) -> Sequence[bool]:
        given = activation(values)
        return [program(given).value() for program in programs]

    return evaluate


def one_list(conditions: Sequence[Node], variables: Variables) -> Evaluate:
    """Compile all into one list, so that an event crosses over to C++ once."""
    texts = [translate(each, DIALECT, variables.per_major) for each in conditions]
    program = _environment(variables).compile(f"[{', '.join(texts)}]").eval

    def evaluate(values: Values) -> Sequence[bool]:
        return [each.value() for each in program(data=values).value()]

    return evaluate


def _environment(variables: Variables) -> Any:
    types = dict.fromkeys(variables.texts, cel.Type.STRING)
    return cel.NewEnv(variables=types | dict.fromkeys(variables.numbers, cel.Type.DOUBLE))

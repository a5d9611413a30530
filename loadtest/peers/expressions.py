"""Writes rule conditions in the languages of the peers, and gives events the values that these read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fraudstream.rules.tree import Arithmetic, Call, Comparison, Junction, Listing, Literal, Name, Node

Values = dict[str, str | float]
"""What one event gives a peer: a text or a number for every variable of the conditions."""
Evaluate = Callable[[Values], Sequence[bool]]
"""Tells for one event which of the conditions it was compiled from hold."""


@dataclass(frozen=True)
class Variables:
    """The names of all texts and numbers; `per_major` has the minor units of one major unit, for money."""

    texts: frozenset[str]
    numbers: frozenset[str]
    per_major: Mapping[str, int]


@dataclass(frozen=True)
class Dialect:
    """How a peer writes what it does not write as we do; `number` writes a constant."""

    conjunction: str
    disjunction: str
    number: Callable[[Decimal], str]


def shortest(value: Decimal) -> str:
    """Write a number as briefly as can be: 3 or 0.6."""
    return f"{value:f}"


def floating(value: Decimal) -> str:
    """Write a number that a statically typed language takes for a float: 3.0 or 0.6."""
    return repr(float(value))


def variable(leaf: Node) -> str | None:
    """Return the name under which peers know a column, a feature or a score; None for other nodes."""
    match leaf:
        case Name(name):
            return name.replace(".", "_")
        case Call("score", (Literal(str(model)),)):
            return f"score_{model}"
    return None


def variables(node: Node) -> Iterable[Node]:
    """Yield the leaves of a condition that are no constants, again where it repeats them."""
    match node:
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            yield from variables(left)
            yield from variables(right)
        case Junction(_, operands):
            for operand in operands:
                yield from variables(operand)
        case Name() | Call():
            yield node


def translate(node: Node, dialect: Dialect, per_major: Mapping[str, int]) -> str:
    """Write a condition for a peer.

    Money is given to peers in minor units, as the engine computes with it: a plain number beside it is
    multiplied by `per_major` of the variable. ValueError for what the benchmark's rules do not use.
    """
    match node:
        case Junction(word, operands):
            joint = f" {dialect.conjunction if word == 'and' else dialect.disjunction} "
            return joint.join(f"({translate(each, dialect, per_major)})" for each in operands)
        case Comparison(operator, left, right):
            sides = [_scaled(one, other, dialect, per_major) for one, other in ((left, right), (right, left))]
            return f"{sides[0]} {operator} {sides[1]}"
        case Arithmetic("*", left, right):
            return f"{translate(left, dialect, per_major)} * {translate(right, dialect, per_major)}"
        case Listing(items):
            return f"[{', '.join(translate(item, dialect, per_major) for item in items)}]"
        case Literal(str(text)):
            return json.dumps(text)
        case Literal(Decimal() as number):
            return dialect.number(number)
    name = variable(node)
    if name is None:
        raise ValueError(f"no peer is given {node}")
    return name


def _scaled(node: Node, beside: Node, dialect: Dialect, per_major: Mapping[str, int]) -> str:
    """Write one side of a comparison, a constant beside money in minor units."""
    names = [variable(leaf) for leaf in variables(beside)]
    scale = max((per_major.get(name, 1) for name in names if name), default=1)
    if isinstance(node, Literal) and isinstance(node.value, Decimal) and scale > 1:
        return dialect.number(node.value * scale)
    return translate(node, dialect, per_major)

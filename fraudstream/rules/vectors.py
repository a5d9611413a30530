"""Columns of values and three-valued masks: what expressions compute with, a whole batch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Values:
    """Values of a batch, or one constant; `known` is False where there is none, True where all are."""

    data: Array
    known: Array

    def at(self, event: int) -> Any:
        """Return the value at one event, None where there is none."""
        known = self.known if self.known.ndim == 0 else self.known[event]
        if not known:
            return None
        return (self.data if self.data.ndim == 0 else self.data[event]).item()


@dataclass(frozen=True)
class Truth:
    """A condition of a batch: where it is surely true and where surely false; neither = unknown."""

    true: Array
    false: Array

    def at(self, event: int) -> bool | None:
        """Return the truth at one event, None where it is unknown."""
        if (self.true if self.true.ndim == 0 else self.true[event]).item():
            return True
        return False if (self.false if self.false.ndim == 0 else self.false[event]).item() else None


Vector = Values | Truth

ALWAYS = np.array(True)
NEVER = np.array(False)


def judged(verdict: Array, known: Array) -> Truth:
    """Return the verdict where it is known, unknown elsewhere."""
    if known is ALWAYS:
        return Truth(verdict, ~verdict)
    return Truth(verdict & known, ~verdict & known)


def both(left: Array, right: Array) -> Array:
    """Return where both are known, without work where one always is."""
    if left is ALWAYS:
        return right
    return left if right is ALWAYS else left & right


def conjunction(operands: list[Truth]) -> Truth:
    """Kleene's and: false as soon as one is false, true where all are true."""
    true, false = operands[0].true, operands[0].false
    for each in operands[1:]:
        true, false = true & each.true, false | each.false
    return Truth(true, false)


def disjunction(operands: list[Truth]) -> Truth:
    """Kleene's or: true as soon as one is true, false where all are false."""
    true, false = operands[0].true, operands[0].false
    for each in operands[1:]:
        true, false = true | each.true, false & each.false
    return Truth(true, false)


def negation(operand: Truth) -> Truth:
    """Kleene's not: unknown stays unknown."""
    return Truth(operand.false, operand.true)

"""The results of a program by slot and event: what reasons and evidence are written from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fraudstream.rules.program import Bank, Register
from fraudstream.rules.view import take
from fraudstream.rules.vm_code import Inputs, Registers

if TYPE_CHECKING:
    from fraudstream.rules.linked import Linked

Value = int | float | bool | None


class Vectors:
    """One vector per slot over a batch.

    A run leaves only what is asked of it, so values are computed again for the few events that are put into
    words: all that `keep` names at once, others one by one.
    """

    def __init__(self, linked: Linked, inputs: Inputs) -> None:
        self._linked = linked
        self._inputs = inputs
        self._registers: Registers | None = None
        self._columns: dict[int, int] = {}

    def keep(self, events: Iterable[int]) -> None:
        """Name the events whose values will be asked for: the first question computes them all at once."""
        self._columns = {event: column for column, event in enumerate(events)}
        self._registers = None

    def apart(self, events: Iterable[int]) -> Vectors:
        """Return the same results for whoever asks for other events than those that are kept here."""
        vectors = Vectors(self._linked, self._inputs)
        vectors.keep(events)
        return vectors

    def __getitem__(self, slot: int) -> Vector:
        return Vector(self, self._linked.register(slot))

    def value(self, register: Register, event: int) -> Value:
        """Return what a register holds at one event: a value, a truth, or None where it is unknown."""
        if event not in self._columns:
            self.keep([event])
        if self._registers is None:
            events = np.fromiter(self._columns, np.intp, len(self._columns))
            self._registers = self._linked.all_registers(take(self._inputs, events))
        return _read(self._registers, register, self._columns[event])


class Vector(NamedTuple):
    """The results of one slot."""

    vectors: Vectors
    register: Register

    def at(self, event: int) -> Value:
        """Return the value or truth at one event, None where it is unknown."""
        return self.vectors.value(self.register, event)


def _read(registers: Registers, register: Register, column: int) -> Value:
    """Return one value, by `item`: few are asked for, and lists of all of them would take longer to make."""
    index = register.index
    match register.bank:
        case Bank.WHOLE:
            known = registers.wholes_known.item(index, column)
            return registers.wholes.item(index, column) if known else None
        case Bank.REAL:
            known = registers.reals_known.item(index, column)
            return registers.reals.item(index, column) if known else None
        case Bank.TRUTH:
            if registers.truths.item(index, column):
                return True
            return False if registers.truths.item(index ^ 1, column) else None

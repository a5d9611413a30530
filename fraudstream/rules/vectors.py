"""The results of a program by slot and event: what reasons and evidence are written from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
        self._rows: dict[int, list[Value]] = {}

    def keep(self, events: Iterable[int]) -> None:
        """Name the events whose values will be asked for: the first question computes them all at once."""
        self._columns = {event: column for column, event in enumerate(events)}
        self._registers = None
        self._rows = {}

    def apart(self, events: Iterable[int]) -> Vectors:
        """Return the same results for whoever asks for other events than those that are kept here."""
        vectors = Vectors(self._linked, self._inputs)
        vectors.keep(events)
        return vectors

    def __getitem__(self, slot: int) -> Vector:
        return Vector(self, slot)

    def value(self, slot: int, event: int) -> Value:
        """Return what a slot holds at one event: a value, a truth, or None where it is unknown."""
        column = self._columns.get(event)
        if column is None:
            self.keep([event])
            column = 0
        row = self._rows.get(slot)
        if row is None:
            # Whoever asks for one event of a batch is likely to ask for the others.
            row = self._rows[slot] = self._row(slot)
        return row[column]

    def register(self, slot: int) -> Register:
        """Return where the values of a slot are among the registers."""
        return self._linked.register(slot)

    def columns(self, events: Sequence[int]) -> list[int]:
        """Return which columns of the registers some events have, all of which are kept."""
        return [self._columns[event] for event in events]

    @property
    def kept(self) -> NDArray[np.intp]:
        """The events that are kept, in the order of their columns."""
        return np.fromiter(self._columns, np.intp, len(self._columns))

    @property
    def registers(self) -> Registers:
        """All registers of the events that are kept."""
        if self._registers is None:
            self._registers = self._linked.all_registers(take(self._inputs, self.kept))
        return self._registers

    def _row(self, slot: int) -> list[Value]:
        """Return what a slot holds at all events that are kept."""
        values, known = _read(self.registers, self.register(slot))
        return [value if is_known else None for value, is_known in zip(values, known, strict=True)]


class Vector(NamedTuple):
    """The results of one slot."""

    vectors: Vectors
    slot: int

    def at(self, event: int) -> Value:
        """Return the value or truth at one event, None where it is unknown."""
        return self.vectors.value(self.slot, event)


def _read(registers: Registers, register: Register) -> tuple[list[Value], list[bool]]:
    """Return the values of a register at each event, and whether they are known."""
    index = register.index
    match register.bank:
        case Bank.WHOLE:
            return registers.wholes[index].tolist(), registers.wholes_known[index].tolist()
        case Bank.REAL:
            return registers.reals[index].tolist(), registers.reals_known[index].tolist()
        case Bank.TRUTH:
            true = registers.truths[index].astype(bool)
            return true.tolist(), (true | registers.truths[index ^ 1].astype(bool)).tolist()

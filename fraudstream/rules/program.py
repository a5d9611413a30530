"""A program under construction: instructions in which equal computations stand once, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from fraudstream.events.interning import Interner
from fraudstream.rules import vm_code as ops

Build = Callable[[Interner], Sequence[int]]
"""Gives numbers that depend on the codes of texts."""


class Bank(IntEnum):
    """The kinds of registers."""

    WHOLE = 0
    REAL = 1
    TRUTH = 2


@dataclass(frozen=True, order=True)
class Register:
    """Where a result is; the last bit of a condition's index tells whether it is meant negated."""

    bank: Bank
    index: int

    @property
    def negated(self) -> Register:
        """The same condition, negated: unknown stays unknown."""
        return Register(self.bank, self.index ^ 1)

    @property
    def base(self) -> Register:
        """The register itself, negated or not."""
        return Register(self.bank, self.index & ~1) if self.bank is Bank.TRUTH else self


class Instruction(NamedTuple):
    """An operation, where its result goes (a register, or a place of an output), and its operands."""

    op: int
    to: Register | int
    operands: tuple[Register | int, ...]


class TextTest(NamedTuple):
    """A test of texts, and where the codes come from: a feature's row, or a text column's."""

    test: Callable[[str], bool]
    of_feature: bool
    row: int


class Program:
    """Collects instructions; `link` (see `linked.py`) makes it run."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.constants: dict[Register, int | float] = {}
        self.words: list[int] = []
        self.reals: list[float] = []
        self.late: list[tuple[int, Build]] = []
        """Words that wait for the codes of texts: from where, and what gives them."""
        self.late_constants: dict[Register, str] = {}
        self.tests: list[TextTest] = []
        self.models: dict[str, int] = {}
        """The row of each model that is read."""
        self.registers: list[Register] = []
        """By slot."""
        self.sizes = {"masks": 0, "wholes": 0, "reals": 0, "verdicts": 0}
        """How many columns or rows each output has."""
        self.counts = [0, 0, 0]
        self._known: dict[Hashable, Register] = {}
        self._places: dict[Hashable, int] = {}
        self._slots: dict[Register, int] = {}

    def slot(self, register: Register) -> int:
        """Return the number by which a result is read; equal registers share one."""
        if register not in self._slots:
            self._slots[register] = len(self.registers)
            self.registers.append(register)
        return self._slots[register]

    def compute(self, op: int, bank: Bank, *operands: Register | int) -> Register:
        """Return the register of a computation; equal ones share it."""
        key = (op, operands)
        if key not in self._known:
            register = self._known[key] = self._new(bank)
            self.instructions.append(Instruction(op, register, operands))
        return self._known[key]

    def whole(self, value: int) -> Register:
        """Return the register of a whole constant."""
        return self._constant(("whole", value), Bank.WHOLE, value)

    def real(self, value: float) -> Register:
        """Return the register of a float constant."""
        return self._constant(("real", value), Bank.REAL, value)

    def text(self, text: str) -> Register:
        """Return the register of a text's code, which is known once the program is linked."""
        register = self._constant(("text", text), Bank.WHOLE, 0)
        self.late_constants[register] = text
        return register

    def put_words(self, *values: int) -> int:
        """Return the place of some whole numbers."""
        if values not in self._places:
            self._places[values] = len(self.words)
            self.words += values
        return self._places[values]

    def put_late(self, key: Hashable, count: int, build: Build) -> int:
        """Return the place of whole numbers that are known once the program is linked."""
        if key not in self._places:
            self._places[key] = len(self.words)
            self.late.append((len(self.words), build))
            self.words += [0] * count
        return self._places[key]

    def put_reals(self, *values: float) -> int:
        """Return the place of some floats."""
        key = ("reals", *values)
        if key not in self._places:
            self._places[key] = len(self.reals)
            self.reals += values
        return self._places[key]

    def score(self, model: str) -> Register:
        """Return the register of a model's score."""
        return self.compute(ops.SCORE, Bank.REAL, self.models.setdefault(model, len(self.models)))

    def text_test(self, codes: Register, key: Hashable, test: Callable[[str], bool]) -> Register:
        """Return where the texts of a column or feature pass a test; equal keys share it."""
        place = ("test", codes, key)
        if place not in self._known:
            source = next(each for each in self.instructions if each.to == codes)
            row = source.operands[0]
            assert isinstance(row, int), "texts are read from columns and features"
            self.tests.append(TextTest(test, source.op == ops.FEATURE, row))
            self._known[place] = self.compute(ops.TEXT_TEST, Bank.TRUTH, codes, len(self.tests) - 1)
        return self._known[place]

    def emit_mask(self, condition: Register | None, value: Register | None) -> int:
        """Leave where a condition is surely true and a value known; return the row of the masks."""
        whole = value if value is not None and value.bank is Bank.WHOLE else -1
        real = value if value is not None and value.bank is Bank.REAL else -1
        return self._emit(ops.EMIT_MASK, "masks", -1 if condition is None else condition, whole, real)

    def emit_whole(self, register: Register) -> int:
        """Leave whole numbers; return their row."""
        return self._emit(ops.EMIT_WHOLE, "wholes", register)

    def emit_real(self, register: Register) -> int:
        """Leave floats, NaN where unknown; return their column."""
        if register.bank is Bank.WHOLE:
            register = self.compute(ops.TO_FLOAT, Bank.REAL, register)
        return self._emit(ops.EMIT_REAL, "reals", register)

    def judge(self, condition: Register, row: int) -> None:
        """Leave a verdict in a row of the hits and counts."""
        self.sizes["verdicts"] = max(self.sizes["verdicts"], row + 1)
        self.instructions.append(Instruction(ops.JUDGE, row, (condition,)))

    def _emit(self, op: int, output: str, *operands: Register | int) -> int:
        place = self.sizes[output]
        self.sizes[output] += 1
        self.instructions.append(Instruction(op, place, operands))
        return place

    def _constant(self, key: Hashable, bank: Bank, value: int | float) -> Register:
        if key not in self._known:
            self._known[key] = self._new(bank)
            self.constants[self._known[key]] = value
        return self._known[key]

    def _new(self, bank: Bank) -> Register:
        index = self.counts[bank]
        self.counts[bank] += 2 if bank is Bank.TRUTH else 1
        return Register(bank, index)

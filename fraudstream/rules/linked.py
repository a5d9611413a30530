"""From a program to one that runs: registers assigned, texts turned into codes, buffers made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.interning import Interner
from fraudstream.rules import vm_code as ops
from fraudstream.rules.program import Bank, Instruction, Program, Register
from fraudstream.rules.verdicts import Verdicts
from fraudstream.rules.view import View
from fraudstream.rules.vm import run
from fraudstream.rules.vm_code import Code, Inputs, Outputs, Registers

_CACHE_BYTES = 262_144
"""Half of a usual second-level cache: the registers of a block should fit."""
_BLOCK_MIN, _BLOCK_MAX = 32, 512

Places = Mapping[Register, int]


class _Assignment(NamedTuple):
    """The place of every register in its bank, and how many places each bank needs."""

    places: Places
    counts: tuple[int, int, int]


def link(program: Program, interner: Interner) -> Linked:
    """Make a program run on the codes of one interner; its texts become known there."""
    words = np.array(program.words or [0], np.int64)
    for place, build in program.late:
        found = build(interner)
        words[place : place + len(found)] = found
    constants = dict(program.constants)
    constants.update({register: interner.pin(text) for register, text in program.late_constants.items()})
    return Linked(program, interner, words, constants)


class Linked:
    """A program ready to run; its buffers are its own, so it runs one batch at a time."""

    def __init__(
        self,
        program: Program,
        interner: Interner,
        words: NDArray[np.int64],
        constants: Mapping[Register, int | float],
    ) -> None:
        self._program = program
        self._constants = constants
        assigned = _shared(program.instructions, constants)
        reals = np.array(program.reals or [0.0], np.float64)
        self._code = Code(_encoded(program.instructions, assigned.places), words, reals)
        self._block = _block_length(assigned.counts)
        self._registers = _registers(assigned, self._block, constants)
        self._verdicts = Verdicts(program.tests, interner)
        self._wide: tuple[Code, _Assignment] | None = None

    @property
    def models(self) -> Mapping[str, int]:
        """The row of each model whose score is read."""
        return self._program.models

    def run(self, inputs: Inputs) -> Outputs:
        """Run over the events of some inputs."""
        outputs = self._outputs(len(inputs.time_us))
        run(self._code, self._registers, inputs, outputs, self._block)
        return outputs

    def inputs(self, view: View) -> Inputs:
        """Return what the program reads of a batch; every text that is tested has its verdict."""
        return self._verdicts.complete(view.inputs(self._program.models))

    def all_registers(self, inputs: Inputs) -> Registers:
        """Compute every register by itself for the n events of some inputs; results go nowhere."""
        if self._wide is None:
            each = _own(self._program.counts)
            computing = [each for each in self._program.instructions if isinstance(each.to, Register)]
            code = self._code._replace(instructions=_encoded(computing, each.places))
            self._wide = (code, each)
        code, each = self._wide
        events = max(1, len(inputs.time_us))
        registers = _registers(each, events, self._constants)
        run(code, registers, inputs, _NO_OUTPUTS, events)
        return registers

    def register(self, slot: int) -> Register:
        """Return the register of a slot."""
        return self._program.registers[slot]

    def _outputs(self, events: int) -> Outputs:
        sizes = self._program.sizes
        return Outputs(
            np.empty((sizes["masks"], events), np.bool_),
            np.empty((sizes["wholes"], events), np.int64),
            np.empty((events, sizes["reals"]), np.float64),
            np.empty((sizes["verdicts"], events), np.bool_),
            np.zeros((sizes["verdicts"], 3), np.int64),
            np.zeros(events, np.bool_),
        )


_NO_OUTPUTS = Outputs(
    np.empty((0, 0), np.bool_),
    np.empty((0, 0), np.int64),
    np.empty((0, 0), np.float64),
    np.empty((0, 0), np.bool_),
    np.empty((0, 3), np.int64),
    np.empty(0, np.bool_),
)


def _own(counts: Sequence[int]) -> _Assignment:
    """Give each register a place of its own: its index."""
    places = {
        Register(bank, index): index
        for bank in Bank
        for index in range(0, counts[bank], 2 if bank is Bank.TRUTH else 1)
    }
    return _Assignment(places, (counts[0], counts[1], counts[2]))


def _shared(instructions: Sequence[Instruction], constants: Mapping[Register, int | float]) -> _Assignment:
    """Let registers take the places of those that nothing reads any more; constants keep theirs."""
    last_use: dict[Register, int] = {}
    for index, instruction in enumerate(instructions):
        for operand in (instruction.to, *instruction.operands):
            if isinstance(operand, Register):
                last_use[operand.base] = index
    places: dict[Register, int] = {}
    counts = [0, 0, 0]
    free: dict[Bank, list[int]] = {bank: [] for bank in Bank}

    def assign(register: Register) -> None:
        if free[register.bank]:
            places[register] = free[register.bank].pop()
            return
        places[register] = counts[register.bank]
        counts[register.bank] += 2 if register.bank is Bank.TRUTH else 1

    for register in constants:
        if register in last_use:
            assign(register)
    for index, instruction in enumerate(instructions):
        # The result's place is taken before the operands' are given back: no loop reads what it writes.
        if isinstance(instruction.to, Register):
            assign(instruction.to)
        for operand in {
            each.base for each in (instruction.to, *instruction.operands) if isinstance(each, Register)
        }:
            if last_use[operand] == index and operand not in constants:
                free[operand.bank].append(places[operand])
    return _Assignment(places, (counts[0], counts[1], counts[2]))


def _encoded(instructions: Sequence[Instruction], places: Places) -> NDArray[np.int64]:
    """Return instructions as rows of numbers."""
    rows = np.zeros((len(instructions), 2 + ops.OPERANDS), np.int64)
    for row, instruction in zip(rows, instructions, strict=True):
        operands = [_place(each, places) for each in (instruction.to, *instruction.operands)]
        row[: 1 + len(operands)] = [instruction.op, *operands]
    return rows


def _place(operand: Register | int, places: Places) -> int:
    if not isinstance(operand, Register):
        return operand
    return places[operand.base] + (operand.index - operand.base.index)


def _block_length(counts: tuple[int, int, int]) -> int:
    wholes, reals, truths = counts
    bytes_of_event = 9 * (wholes + reals) + truths + 1
    return int(np.clip(_CACHE_BYTES // bytes_of_event // 32 * 32, _BLOCK_MIN, _BLOCK_MAX))


def _registers(assigned: _Assignment, events: int, constants: Mapping[Register, int | float]) -> Registers:
    wholes, reals, truths = assigned.counts
    registers = Registers(
        np.zeros((wholes, events), np.int64),
        np.zeros((wholes, events), np.uint8),
        np.zeros((reals, events), np.float64),
        np.zeros((reals, events), np.uint8),
        np.zeros((truths, events), np.uint8),
    )
    for register, value in constants.items():
        place = assigned.places.get(register)
        if place is None:
            continue
        values, known = (
            (registers.wholes, registers.wholes_known)
            if register.bank is Bank.WHOLE
            else (registers.reals, registers.reals_known)
        )
        values[place] = value
        known[place] = 1
    return registers

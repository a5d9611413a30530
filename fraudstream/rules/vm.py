"""The rule machine: one kernel call runs a whole program over a batch, block by block.

The kernel is the same for every ruleset: a program is data. Events go through in blocks, so that the
registers of a block stay in the processor's cache; an instruction is one loop over the events of a block.
"""

from __future__ import annotations

from typing import Any

from fraudstream.events.jit import Integer, inlined, lean_kernel
from fraudstream.rules import vm_code as ops
from fraudstream.rules.vm_arithmetic import change, compute_real, compute_whole, distance
from fraudstream.rules.vm_code import Code, Inputs, Outputs, Registers
from fraudstream.rules.vm_loads import emit, judge, load_real, load_whole
from fraudstream.rules.vm_tables import exchange, read_digits, round_to, tell_time
from fraudstream.rules.vm_tests import both, compare, compare_real_with, compare_with, effective, look_up

_REAL_LOADS = (ops.REAL, ops.REAL_FEATURE, ops.SCORE)


def run(code: Code, registers: Registers, inputs: Inputs, outputs: Outputs, block: int) -> None:
    """Run a program over all events; outputs of verdicts are added to, so they begin at zero."""
    # A call with single arrays is told its types in a quarter of the time of one with named tuples.
    _run(block, *code, *registers, *inputs, *outputs)


@lean_kernel
def _run(block: Integer, *arrays: Any) -> None:
    code, registers = Code(*arrays[0:3]), Registers(*arrays[3:8])
    inputs, outputs = Inputs(*arrays[8:19]), Outputs(*arrays[19:25])
    for start in range(0, len(inputs.time_us), block):
        n = min(block, len(inputs.time_us) - start)
        for index in range(len(code.instructions)):
            _one(code, index, registers, inputs, outputs, start, n)


@inlined
def _one(
    code: Code,
    index: Integer,
    registers: Registers,
    inputs: Inputs,
    outputs: Outputs,
    start: Integer,
    n: Integer,
) -> None:
    """Run one instruction over one block."""
    line = code.instructions[index]
    op, to, a = line[0], line[1], line[2]
    if op == ops.JUDGE:
        judge(line, registers, outputs, start, n)
    elif op >= ops.EMIT_MASK:
        emit(line, registers, outputs, start, n)
    elif op >= ops.EQUAL:
        _test(line, code, inputs, registers, n)
    elif op >= ops.CURRENCY:
        _compute(line, code, registers, n)
    elif op in _REAL_LOADS:
        load_real(op, to, a, inputs, registers, start, n)
    else:
        load_whole(op, to, a, inputs, registers, start, n)


@inlined
def _test(line: Integer, code: Code, inputs: Inputs, registers: Registers, n: Integer) -> None:
    op, to, a, b, c, d = line[0], line[1], line[2], line[3], line[4], line[5]
    if op == ops.AND:
        both(to, a, b, c, d, registers, n)
    elif op == ops.EFFECTIVE:
        effective(to, a, b, c, code, registers, n)
    elif op >= ops.IN:
        look_up(line, code, inputs, registers, n)
    elif op >= ops.REAL_EQUAL_TO:
        compare_real_with(op, to, a, code.reals[b], registers, n)
    elif op >= ops.EQUAL_TO:
        compare_with(op, to, a, code.words[b], registers, n)
    else:
        compare(op, to, a, b, registers, n)


@inlined
def _compute(line: Integer, code: Code, registers: Registers, n: Integer) -> None:
    op, to, a, b, c, d = line[0], line[1], line[2], line[3], line[4], line[5]
    if op >= ops.FIRST_DIGIT:
        read_digits(op, to, a, b, c, registers, n)
    elif op >= ops.LOCAL:
        tell_time(op, to, a, b, code, registers, n)
    elif op >= ops.REAL_ADD:
        compute_real(op, to, a, b, registers, n)
    elif op >= ops.ADD:
        compute_whole(op, to, a, b, registers, n)
    elif op == ops.DISTANCE:
        distance(to, a, b, c, d, registers, n)
    elif op >= ops.TO_FLOAT or op == ops.ROUND:
        change(op, to, a, registers, n)
    elif op == ops.ROUND_TO:
        round_to(to, a, b, registers, n)
    else:
        exchange(line, code, registers, n)

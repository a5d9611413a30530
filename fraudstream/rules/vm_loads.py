"""Kernels of the rule machine that bring values into registers and results out of them."""

from __future__ import annotations

from fraudstream.events.jit import Integer, inlined
from fraudstream.rules.vm_code import (
    CODE,
    EMIT_MASK,
    EMIT_REAL,
    EMIT_WHOLE,
    FEATURE,
    REAL_FEATURE,
    SCORE,
    TIME,
    Inputs,
    Outputs,
    Registers,
)


@inlined
def load_whole(
    op: Integer, to: Integer, row: Integer, inputs: Inputs, registers: Registers, start: Integer, n: Integer
) -> None:
    """Load n events of a column of whole numbers."""
    out, known = registers.wholes[to], registers.wholes_known[to]
    if op == CODE:
        codes = inputs.codes[row]
        for i in range(n):
            out[i] = codes[start + i]
            known[i] = codes[start + i] >= 0
    elif op == TIME:
        for i in range(n):
            out[i] = inputs.time_us[start + i]
            known[i] = 1
    else:
        matrix = inputs.features if op == FEATURE else inputs.wholes
        masks = inputs.features_known if op == FEATURE else inputs.wholes_known
        values, present = matrix[row], masks[row]
        for i in range(n):
            out[i] = values[start + i]
            known[i] = present[start + i]


@inlined
def load_real(
    op: Integer, to: Integer, row: Integer, inputs: Inputs, registers: Registers, start: Integer, n: Integer
) -> None:
    """Load n events of a column of floats."""
    out, known = registers.reals[to], registers.reals_known[to]
    if op == SCORE:
        scores = inputs.scores[row]
        for i in range(n):
            out[i] = scores[start + i]
            known[i] = scores[start + i] == scores[start + i]
    else:
        matrix = inputs.real_features if op == REAL_FEATURE else inputs.reals
        masks = inputs.features_known if op == REAL_FEATURE else inputs.reals_known
        values, present = matrix[row], masks[row]
        for i in range(n):
            out[i] = values[start + i]
            known[i] = present[start + i]


@inlined
def emit(line: Integer, registers: Registers, outputs: Outputs, start: Integer, n: Integer) -> None:
    """Leave n results in a column of an output."""
    op, to, a, b, c = line[0], line[1], line[2], line[3], line[4]
    if op == EMIT_WHOLE:
        for i in range(n):
            outputs.wholes[to, start + i] = registers.wholes[a, i]
    elif op == EMIT_REAL:
        for i in range(n):
            known = registers.reals_known[a, i] != 0
            outputs.reals[start + i, to] = registers.reals[a, i] if known else float("nan")
    elif op == EMIT_MASK:
        for i in range(n):
            wanted = a < 0 or registers.truths[a, i] != 0
            wanted &= b < 0 or registers.wholes_known[b, i] != 0
            wanted &= c < 0 or registers.reals_known[c, i] != 0
            outputs.masks[to, start + i] = wanted


@inlined
def judge(line: Integer, registers: Registers, outputs: Outputs, start: Integer, n: Integer) -> None:
    """Leave where a verdict came true, and count its outcomes."""
    to, a = line[1], line[2]
    true, false = registers.truths[a], registers.truths[a ^ 1]
    hits = outputs.hits[to]
    hit_count = 0
    miss_count = 0
    for i in range(n):
        hits[start + i] = true[i] != 0
        hit_count += true[i]
        miss_count += false[i]
    outputs.counts[to, 0] += hit_count
    outputs.counts[to, 1] += miss_count
    outputs.counts[to, 2] += n - hit_count - miss_count
    # Hits are rare: most verdicts end here.
    if hit_count > 0:
        for i in range(n):
            outputs.hit[start + i] |= true[i] != 0

"""Kernels of the rule machine that compare, look up and join conditions."""

from __future__ import annotations

from fraudstream.events.jit import Integer, inlined
from fraudstream.rules.vm_code import (
    BELOW,
    EQUAL,
    EQUAL_TO,
    FAILS,
    IN,
    KNOWN,
    LESS,
    LISTED,
    PASSES,
    REAL_BELOW,
    REAL_EQUAL,
    REAL_EQUAL_TO,
    REAL_KNOWN,
    TEXT_TEST,
    Code,
    Inputs,
    Registers,
)

LISTED_WORDS = 3
"""An entry of a list is its code, the time from which it holds, and the time before which it does."""


@inlined
def compare(op: Integer, to: Integer, a: Integer, b: Integer, registers: Registers, n: Integer) -> None:
    """Compare n pairs; unknown where either is."""
    true, false = registers.truths[to], registers.truths[to ^ 1]
    if op in (EQUAL, LESS):
        x, y = registers.wholes[a], registers.wholes[b]
        x_known, y_known = registers.wholes_known[a], registers.wholes_known[b]
        if op == EQUAL:
            for i in range(n):
                known = x_known[i] & y_known[i]
                true[i] = known & (x[i] == y[i])
                false[i] = known & (x[i] != y[i])
        else:
            for i in range(n):
                known = x_known[i] & y_known[i]
                true[i] = known & (x[i] < y[i])
                false[i] = known & (x[i] >= y[i])
        return
    u, v = registers.reals[a], registers.reals[b]
    u_known, v_known = registers.reals_known[a], registers.reals_known[b]
    if op == REAL_EQUAL:
        for i in range(n):
            known = u_known[i] & v_known[i]
            true[i] = known & (u[i] == v[i])
            false[i] = known & (u[i] != v[i])
    else:
        for i in range(n):
            known = u_known[i] & v_known[i]
            true[i] = known & (u[i] < v[i])
            false[i] = known & (u[i] >= v[i])


@inlined
def compare_with(
    op: Integer, to: Integer, a: Integer, limit: Integer, registers: Registers, n: Integer
) -> None:
    """Compare n whole numbers with a constant."""
    true, false = registers.truths[to], registers.truths[to ^ 1]
    x, known = registers.wholes[a], registers.wholes_known[a]
    if op == EQUAL_TO:
        for i in range(n):
            true[i] = known[i] & (x[i] == limit)
            false[i] = known[i] & (x[i] != limit)
    elif op == BELOW:
        for i in range(n):
            true[i] = known[i] & (x[i] < limit)
            false[i] = known[i] & (x[i] >= limit)
    else:
        for i in range(n):
            true[i] = known[i] & (x[i] > limit)
            false[i] = known[i] & (x[i] <= limit)


@inlined
def compare_real_with(
    op: Integer, to: Integer, a: Integer, limit: float, registers: Registers, n: Integer
) -> None:
    """Compare n floats with a constant."""
    true, false = registers.truths[to], registers.truths[to ^ 1]
    x, known = registers.reals[a], registers.reals_known[a]
    if op == REAL_EQUAL_TO:
        for i in range(n):
            true[i] = known[i] & (x[i] == limit)
            false[i] = known[i] & (x[i] != limit)
    elif op == REAL_BELOW:
        for i in range(n):
            true[i] = known[i] & (x[i] < limit)
            false[i] = known[i] & (x[i] >= limit)
    else:
        for i in range(n):
            true[i] = known[i] & (x[i] > limit)
            false[i] = known[i] & (x[i] <= limit)


@inlined
def _place(words: Integer, low: Integer, count: Integer, stride: Integer, value: Integer) -> Integer:
    """Return the offset of the first of `count` sorted entries that is not less than `value`."""
    high = count
    first = 0
    while first < high:
        middle = (first + high) >> 1
        if words[low + middle * stride] < value:
            first = middle + 1
        else:
            high = middle
    return first


@inlined
def look_up(line: Integer, code: Code, inputs: Inputs, registers: Registers, n: Integer) -> None:
    """Look n values up in a table; unknown where there is no value."""
    op, to, a, b, c, d = line[0], line[1], line[2], line[3], line[4], line[5]
    true, false = registers.truths[to], registers.truths[to ^ 1]
    words = code.words
    if op == REAL_KNOWN:
        for i in range(n):
            true[i] = registers.reals_known[a, i]
            false[i] = 1 - registers.reals_known[a, i]
        return
    x, known = registers.wholes[a], registers.wholes_known[a]
    if op == KNOWN:
        for i in range(n):
            true[i] = known[i]
            false[i] = 1 - known[i]
    elif op == IN:
        for i in range(n):
            place = _place(words, b, c, 1, x[i])
            found = place < c and words[b + place] == x[i]
            true[i] = known[i] & found
            false[i] = known[i] & (not found)
    elif op == TEXT_TEST:
        for i in range(n):
            verdict = inputs.verdicts[b, x[i]] if known[i] else 0
            true[i] = verdict == PASSES
            false[i] = verdict == FAILS
    elif op == LISTED:
        time_us = registers.wholes[b]
        for i in range(n):
            place = _place(words, c, d, LISTED_WORDS, x[i])
            found = False
            while place < d and words[c + place * LISTED_WORDS] == x[i]:
                at = c + place * LISTED_WORDS
                found |= words[at + 1] <= time_us[i] < words[at + 2]
                place += 1
            true[i] = known[i] & found
            false[i] = known[i] & (not found)


@inlined
def both(
    to: Integer, a: Integer, b: Integer, c: Integer, d: Integer, registers: Registers, n: Integer
) -> None:
    """Kleene's and of four conditions: true where all are, false where one is."""
    truths = registers.truths
    true, false = truths[to], truths[to ^ 1]
    a_true, b_true, c_true, d_true = truths[a], truths[b], truths[c], truths[d]
    a_false, b_false, c_false, d_false = truths[a ^ 1], truths[b ^ 1], truths[c ^ 1], truths[d ^ 1]
    for i in range(n):
        true[i] = a_true[i] & b_true[i] & c_true[i] & d_true[i]
    for i in range(n):
        false[i] = a_false[i] | b_false[i] | c_false[i] | d_false[i]


@inlined
def effective(
    to: Integer, a: Integer, time: Integer, word: Integer, code: Code, registers: Registers, n: Integer
) -> None:
    """Take a condition within its days, and false outside them."""
    start_us, end_us = code.words[word], code.words[word + 1]
    time_us = registers.wholes[time]
    for i in range(n):
        inside = (time_us[i] >= start_us) & (time_us[i] < end_us)
        registers.truths[to, i] = registers.truths[a, i] & inside
        registers.truths[to ^ 1, i] = registers.truths[a ^ 1, i] | (not inside)

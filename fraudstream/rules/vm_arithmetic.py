"""Kernels of the rule machine that compute with numbers; what has no result is unknown."""

from __future__ import annotations

import math

import numpy as np

from fraudstream.events.jit import Integer, inlined
from fraudstream.rules.vm_code import (
    ADD,
    FLOOR_DIVIDE,
    LEAST,
    LOG1P,
    MODULO,
    MULTIPLY,
    REAL_ADD,
    REAL_DIVIDE,
    REAL_LEAST,
    REAL_MODULO,
    REAL_MULTIPLY,
    REAL_SUBTRACT,
    ROUND,
    SUBTRACT,
    TO_FLOAT,
    Registers,
)

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""
_HALF_RANGE = 2.0**62
_RANGE = 2.0**63


@inlined
def compute_whole(op: Integer, to: Integer, a: Integer, b: Integer, registers: Registers, n: Integer) -> None:
    """Compute n whole numbers of two; a result beyond int64 is unknown."""
    x, y, out = registers.wholes[a], registers.wholes[b], registers.wholes[to]
    x_known, y_known, known = registers.wholes_known[a], registers.wholes_known[b], registers.wholes_known[to]
    if op == ADD:
        for i in range(n):
            result = x[i] + y[i]
            out[i] = result
            # The sum has left int64 where its sign differs from that of both terms.
            known[i] = x_known[i] & y_known[i] & ((((x[i] ^ result) & (y[i] ^ result)) >> 63) + 1)
    elif op == SUBTRACT:
        for i in range(n):
            result = x[i] - y[i]
            out[i] = result
            known[i] = x_known[i] & y_known[i] & ((((x[i] ^ y[i]) & (x[i] ^ result)) >> 63) + 1)
    elif op == MULTIPLY:
        for i in range(n):
            result = x[i] * y[i]
            out[i] = result
            # A product that wraps is off by at least 2**64, rounding by less than 2**12.
            exact = abs(float(x[i]) * float(y[i]) - float(result)) < _HALF_RANGE
            known[i] = x_known[i] & y_known[i] & exact
    elif op in (FLOOR_DIVIDE, MODULO):
        for i in range(n):
            # The quotient of the least int64 and -1 would trap.
            safe = y[i] if y[i] != 0 and y[i] != -1 else 1
            known[i] = x_known[i] & y_known[i] & (y[i] != 0)
            out[i] = x[i] // safe if op == FLOOR_DIVIDE else x[i] % safe
    elif op == LEAST:
        for i in range(n):
            out[i] = min(x[i], y[i])
            known[i] = x_known[i] & y_known[i]
    else:
        for i in range(n):
            out[i] = max(x[i], y[i])
            known[i] = x_known[i] & y_known[i]


@inlined
def compute_real(op: Integer, to: Integer, a: Integer, b: Integer, registers: Registers, n: Integer) -> None:
    """Compute n floats of two; what is no finite number is unknown."""
    x, y, out = registers.reals[a], registers.reals[b], registers.reals[to]
    x_known, y_known, known = registers.reals_known[a], registers.reals_known[b], registers.reals_known[to]
    if op in (REAL_ADD, REAL_SUBTRACT):
        sign = 1.0 if op == REAL_ADD else -1.0
        for i in range(n):
            out[i] = x[i] + sign * y[i]
    elif op == REAL_MULTIPLY:
        for i in range(n):
            out[i] = x[i] * y[i]
    elif op == REAL_DIVIDE:
        for i in range(n):
            out[i] = x[i] / y[i]
    elif op == REAL_MODULO:
        for i in range(n):
            out[i] = x[i] % y[i] if y[i] != 0 else np.nan
    else:
        for i in range(n):
            out[i] = x[i] if (x[i] < y[i]) == (op == REAL_LEAST) else y[i]
    for i in range(n):
        known[i] = x_known[i] & y_known[i] & (abs(out[i]) < np.inf)


@inlined
def change(op: Integer, to: Integer, a: Integer, registers: Registers, n: Integer) -> None:
    """Compute n numbers of one: to float, to the nearest whole number (half to even), logarithm."""
    if op == TO_FLOAT:
        for i in range(n):
            registers.reals[to, i] = float(registers.wholes[a, i])
            registers.reals_known[to, i] = registers.wholes_known[a, i]
    elif op == ROUND:
        for i in range(n):
            nearest = np.rint(registers.reals[a, i])
            fits = abs(nearest) < _RANGE
            registers.wholes[to, i] = int(nearest) if fits else 0
            registers.wholes_known[to, i] = registers.reals_known[a, i] & fits
    elif op == LOG1P:
        for i in range(n):
            x = registers.reals[a, i]
            result = math.log1p(x) if x > -1.0 else np.nan
            registers.reals[to, i] = result
            registers.reals_known[to, i] = registers.reals_known[a, i] & (abs(result) < np.inf)


@inlined
def distance(
    to: Integer, a: Integer, b: Integer, c: Integer, d: Integer, registers: Registers, n: Integer
) -> None:
    """Compute great-circle distances in km by the haversine formula; arguments in degrees."""
    for i in range(n):
        lat_a, lon_a = math.radians(registers.reals[a, i]), math.radians(registers.reals[b, i])
        lat_b, lon_b = math.radians(registers.reals[c, i]), math.radians(registers.reals[d, i])
        half_chord = (
            math.sin((lat_b - lat_a) / 2) ** 2
            + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
        )
        half_chord = min(max(half_chord, 0.0), 1.0)
        registers.reals[to, i] = 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half_chord))
        registers.reals_known[to, i] = (
            registers.reals_known[a, i]
            & registers.reals_known[b, i]
            & registers.reals_known[c, i]
            & registers.reals_known[d, i]
        )

"""HyperLogLog over a sliding window: registers whose values can go down again.

Flajolet et al. 2007 with 1,024 registers: standard error 1.04 / sqrt(1024) = 3.25 %. The estimate is that of
Ertl 2017, algorithm 6, which has no bias in any range. A block of words holds the registers, eight to a
word, and behind them how many registers have each rank.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined
from fraudstream.features.hashmap import mixed

REGISTERS = 1_024
_REGISTER_BITS = 10
_RANKS = 64 - _REGISTER_BITS
"""The ranks of registers are 0 (nothing seen) to this plus one."""
RANK_BITS = 6
_REGISTER_WORDS = REGISTERS // 8
BLOCK_WORDS = _REGISTER_WORDS + _RANKS + 2


@inlined
def pair_of(value: Integer) -> Integer:
    """Return register and rank of a value as one number, register * 64 + rank; it depends on nothing else."""
    hashed = mixed(np.uint64(value) + np.uint64(0x9E3779B97F4A7C15))
    register = np.int64(hashed & np.uint64(REGISTERS - 1))
    rest = hashed >> np.uint64(_REGISTER_BITS)
    rank = 1
    while rank <= _RANKS and not (rest & np.uint64(1)):
        rest >>= np.uint64(1)
        rank += 1
    return (register << RANK_BITS) | rank


@inlined
def clear(words: NDArray[np.int64], block: Integer) -> None:
    """Empty all registers."""
    words[block : block + BLOCK_WORDS] = 0
    words[block + _REGISTER_WORDS] = REGISTERS


@inlined
def rank_of(words: NDArray[np.int64], block: Integer, register: Integer) -> Integer:
    """Return the rank of a register, 0 where nothing was seen."""
    return (words[block + (register >> 3)] >> ((register & 7) << 3)) & 63


@inlined
def set_rank(words: NDArray[np.int64], block: Integer, register: Integer, rank: Integer) -> None:
    """Set a register."""
    before = rank_of(words, block, register)
    words[block + _REGISTER_WORDS + before] -= 1
    words[block + _REGISTER_WORDS + rank] += 1
    words[block + (register >> 3)] ^= (before ^ rank) << ((register & 7) << 3)


@inlined
def estimate(words: NDArray[np.int64], ranks: Integer) -> Integer:
    """Return the estimated number of distinct values; the numbers of registers by rank stand at `ranks`."""
    size = float(REGISTERS)
    total = size * _tau(1.0 - float(words[ranks + _RANKS + 1]) / size)
    for rank in range(_RANKS, 0, -1):
        total = 0.5 * (total + float(words[ranks + rank]))
    total += size * _sigma(float(words[ranks]) / size)
    return np.int64(np.rint(size * size / (2.0 * math.log(2.0)) / total))


@inlined
def estimated(words: NDArray[np.int64], block: Integer) -> Integer:
    """Return the estimate of a block."""
    return estimate(words, block + _REGISTER_WORDS)


@inlined
def _sigma(x: float) -> float:
    if x == 1.0:
        return np.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


@inlined
def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1.0 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1.0 - x) ** 2 * y
    return z / 3.0

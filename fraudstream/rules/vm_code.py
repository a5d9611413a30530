"""The instructions of the rule machine, and the arrays that its kernels work on.

A program is a list of instructions over registers; a register holds one value for each event of a block.
There are three banks: whole numbers, floats (each with a mask of where the value is known) and conditions. A
condition is two masks in neighbouring rows, surely true and surely false; the row number with its last bit
flipped is the negation, so that `not`, `!=`, `or`, `<=` and `>=` need no instruction of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OPERANDS = 5
"""Every instruction is the operation, where the result goes, and so many operands."""

# Operands in brackets: i, f, t are registers of a bank, others are rows, offsets or plain numbers.
(
    CODE,  # i <- [row of the text columns]
    WHOLE,  # i <- [row of the whole columns]
    REAL,  # f <- [row of the real columns]
    TIME,  # i <-
    FEATURE,  # i <- [feature]
    REAL_FEATURE,  # f <- [feature]
    SCORE,  # f <- [row of the scores]
) = range(7)
(
    CURRENCY,  # i <- [i code, word of the table]
    CONVERT,  # i <- [i amount, i currency, i time, word of the days, real of the ratios]
    BY_CURRENCY,  # i <- [i currency, word of what stands for an unknown one, then for each]
    ROUND,  # i <- [f]
    ROUND_TO,  # i <- [i, i unit]
    TO_FLOAT,  # f <- [i]
    LOG1P,  # f <- [f]
    DISTANCE,  # f <- [f, f, f, f]
) = range(10, 18)
(
    ADD,  # i <- [i, i]
    SUBTRACT,
    MULTIPLY,
    FLOOR_DIVIDE,
    MODULO,
    LEAST,
    GREATEST,
) = range(20, 27)
(
    REAL_ADD,  # f <- [f, f]
    REAL_SUBTRACT,
    REAL_MULTIPLY,
    REAL_DIVIDE,
    REAL_MODULO,
    REAL_LEAST,
    REAL_GREATEST,
) = range(30, 37)
(
    LOCAL,  # i <- [i time, word of the zone]
    DAY_OF_MONTH,  # i <- [i day since 1970]
    FIRST_DIGIT,  # i <- [i]
    LAST_DIGITS,  # i <- [i, i unit, i power of ten]
    TRAILING_ZEROS,  # i <- [i, i unit]
    DIGITS,  # i <- [i, i unit]
) = range(40, 46)
(
    EQUAL,  # t <- [i, i]
    LESS,
    REAL_EQUAL,  # t <- [f, f]
    REAL_LESS,
    EQUAL_TO,  # t <- [i, word]
    BELOW,
    ABOVE,
    REAL_EQUAL_TO,  # t <- [f, real]
    REAL_BELOW,
    REAL_ABOVE,
    IN,  # t <- [i, word of sorted numbers, how many]
    LISTED,  # t <- [i code, i time, word of entries sorted by code, how many]
    TEXT_TEST,  # t <- [i code, row of the verdicts]
    KNOWN,  # t <- [i]
    REAL_KNOWN,  # t <- [f]
) = range(50, 65)
(
    AND,  # t <- [t, t, t, t]
    EFFECTIVE,  # t <- [t, i time, word of from and to]
) = range(66, 68)
(
    EMIT_MASK,  # row <- [t or -1, i that must be known or -1, f that must be known or -1]
    EMIT_WHOLE,  # row <- [i]
    EMIT_REAL,  # column <- [f]
    JUDGE,  # row <- [t]
) = range(70, 74)

UNSEEN, FAILS, PASSES = 0, 1, 2
"""The verdicts of a text test by code."""


class Code(NamedTuple):
    """A linked program: its instructions [m, 2 + OPERANDS], its whole and real constants and tables."""

    instructions: NDArray[np.int64]
    words: NDArray[np.int64]
    reals: NDArray[np.float64]


class Registers(NamedTuple):
    """The registers of a program, each a row of one block; masks are 0 or 1."""

    wholes: NDArray[np.int64]
    wholes_known: NDArray[np.uint8]
    reals: NDArray[np.float64]
    reals_known: NDArray[np.uint8]
    truths: NDArray[np.uint8]


class Inputs(NamedTuple):
    """What a program reads of n events; scores are NaN where a model gave none."""

    time_us: NDArray[np.int64]
    codes: NDArray[np.int32]
    wholes: NDArray[np.int64]
    wholes_known: NDArray[np.bool_]
    reals: NDArray[np.float64]
    reals_known: NDArray[np.bool_]
    features: NDArray[np.int64]
    real_features: NDArray[np.float64]
    features_known: NDArray[np.bool_]
    scores: NDArray[np.float64]
    verdicts: NDArray[np.uint8]  # [text tests, codes]


class Outputs(NamedTuple):
    """What a program leaves for n events, each part as wide as the program asks for.

    masks bool [masks, n]; wholes int64 [wholes, n]; reals float64 [n, reals], NaN where unknown; hits bool
    [verdicts, n] of all that came true; counts int64 [verdicts, 3] of true, false and unknown; hit bool [n],
    where any verdict came true.
    """

    masks: NDArray[np.bool_]
    wholes: NDArray[np.int64]
    reals: NDArray[np.float64]
    hits: NDArray[np.bool_]
    counts: NDArray[np.int64]
    hit: NDArray[np.bool_]

"""Three machine operations that Python's integers do not offer, for use inside kernels."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)
_DOUBLE_WORD = ir.IntType(128)


def _load_word(typing: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), _WORD.as_pointer())
        return builder.load(pointer, align=1)

    return types.uint64(array, types.int64), generate


def _trailing_zeros(typing: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


def _folded_multiply(typing: Any, left: Any, right: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = builder.mul(*(builder.zext(each, _DOUBLE_WORD) for each in arguments))
        high = builder.trunc(builder.lshr(wide, ir.Constant(_DOUBLE_WORD, 64)), _WORD)
        return builder.xor(high, builder.trunc(wide, _WORD))

    return types.uint64(types.uint64, types.uint64), generate


load_word: Any = intrinsic(_load_word)
"""`load_word(bytes, index)`: the 8 bytes of a uint8 array from `index` on as one little-endian uint64.

Nothing checks that the array has them.
"""
trailing_zeros: Any = intrinsic(_trailing_zeros)
"""`trailing_zeros(word)`: the position of the lowest set bit of a uint64 that is not 0."""
folded_multiply: Any = intrinsic(_folded_multiply)
"""`folded_multiply(a, b)`: the two halves of the 128-bit product of two uint64, xored."""

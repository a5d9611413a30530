"""The one place that configures numba, so that every kernel is compiled the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import register_jitable

F = TypeVar("F", bound=Callable[..., object])

Integer = Any
"""A whole number inside a kernel: numba sees int64 where Python's types see arrays, ints or scalars."""


_USUAL = {"nogil": True, "no_cfunc_wrapper": True}
"""No kernel is handed to C code; leaving out what that would need saves a tenth of the compiler's time."""
_LEAN = {**_USUAL, "error_model": "numpy", "_nrt": False}


def kernel(function: F) -> F:
    """Compile `function` with numba: cached on disk, without the GIL, IEEE arithmetic left exact."""
    return cast(F, numba.njit(cache=True, **_USUAL)(function))


def lean_kernel(function: F) -> F:
    """Compile a function that allocates no array, without counting references.

    Kernels over a tuple of many arrays would otherwise count every array of the tuple at every call, which
    takes ten times as long as the work itself. Numba refuses to compile an allocation without counting.
    A division by zero gives what numpy gives: raising would keep loops from being vectorised.
    """
    return cast(F, numba.njit(cache=True, **_LEAN)(function))


def inlined(function: F) -> F:
    """Make a function a part of kernels: inlined into them, lean as they are.

    To Python it stays a plain function. That Python could call it compiled would take a third of the
    compiler's time, and nothing but a test of the part alone would want that.
    """
    return cast(F, register_jitable(**_LEAN, forceinline=True)(function))


def called(function: F) -> F:
    """Make a function a part of kernels, but in code of its own.

    For what seldom runs: a call passes every array of a tuple, some 50 ns for many, but the code around it is
    compiled much faster than with one more copy inlined.
    """
    return cast(F, register_jitable(**_LEAN)(function))

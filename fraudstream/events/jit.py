"""The one place that configures numba, so that every kernel is compiled the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])

Integer = Any
"""A whole number inside a kernel: numba sees int64 where Python's types see arrays, ints or scalars."""


_LEAN = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}


def kernel(function: F) -> F:
    """Compile `function` with numba: cached on disk, without the GIL, IEEE arithmetic left exact."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def lean_kernel(function: F) -> F:
    """Compile a function that allocates no array, inlined into its callers and without counting references.

    Kernels over a tuple of many arrays would otherwise count every array of the tuple at every call, which
    takes ten times as long as the work itself. Numba refuses to compile an allocation without counting.
    A division by zero gives what numpy gives: raising would keep loops from being vectorised.
    """
    return cast(F, numba.njit(**_LEAN, forceinline=True)(function))


def rare_kernel(function: F) -> F:
    """Compile a function like `lean_kernel`, but into code of its own.

    For what seldom runs: a call passes every array of a tuple, some 50 ns for many, but the code around it is
    compiled much faster than with one more copy inlined.
    """
    return cast(F, numba.njit(**_LEAN)(function))

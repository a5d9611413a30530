"""The one place that configures numba, so that every kernel is compiled the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile `function` with numba: cached on disk, without the GIL, IEEE arithmetic left exact."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))

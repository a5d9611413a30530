"""Reads back the pickle of a River pipeline, and finds nothing but what such a pipeline is made of.

A pickle names what is called while it is read, so that one that was tampered with could run anything. Here
only River's own classes and compiled functions are found, and the containers that they keep their state in.
"""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

from fraudstream.scorers.protocol import ScorerError

_COMPILED = "river._river_rust"
_CONTAINERS = frozenset(
    {
        ("builtins", "float"),
        ("builtins", "tuple"),
        ("collections", "Counter"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("collections", "deque"),
        ("functools", "partial"),
        ("random", "Random"),
    }
)


def read_pickle(content: bytes) -> Any:
    """Return what a pickle holds; ScorerError where it names what no pipeline of River has."""
    try:
        return _Reader(BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError) as error:
        raise ScorerError(f"the state is not one that River has saved ({error}): begin anew") from None


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Return what the pickle names, where that may be."""
        if (module_name, global_name) in _CONTAINERS:
            return super().find_class(module_name, global_name)
        if module_name.startswith("river.") and "." not in global_name:
            found = super().find_class(module_name, global_name)
            if isinstance(found, type) or module_name.startswith(_COMPILED):
                return found
        raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")

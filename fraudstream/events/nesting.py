"""Dotted names as nested objects: `debtor.id` is the `id` of `debtor`, as the wire carries it."""

from __future__ import annotations

from typing import Any


def put(nested: dict[str, Any], name: str, value: Any) -> None:
    """Set a value by its dotted name, making the objects on the way."""
    parent, _, last = name.rpartition(".")
    for part in parent.split(".") if parent else ():
        nested = nested.setdefault(part, {})
    nested[last] = value

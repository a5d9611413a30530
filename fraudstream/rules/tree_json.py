"""Expression trees as plain JSON values and back, for what must be written down and compared later."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from fraudstream.rules import tree
from fraudstream.rules.tree import Node

_CLASSES = {
    each.__name__: each
    for each in (
        tree.Duration,
        tree.Money,
        tree.Quantity,
        tree.Literal,
        tree.Name,
        tree.Listing,
        tree.Negative,
        tree.Arithmetic,
        tree.Comparison,
        tree.IsNull,
        tree.Not,
        tree.Junction,
        tree.Call,
    )
}


def to_json(value: Any) -> Any:
    """Return a tree, or a part of one, as lists, texts and numbers, without its positions and labels."""
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, tuple):
        return {"items": [to_json(each) for each in value]}
    if type(value).__name__ in _CLASSES:
        return [
            type(value).__name__,
            *(to_json(getattr(value, each.name)) for each in fields(value) if each.compare),
        ]
    return value


def from_json(plain: Any) -> Any:
    """Undo `to_json`; KeyError where a class is unknown."""
    if isinstance(plain, dict):
        return Decimal(plain["decimal"]) if "decimal" in plain else tuple(map(from_json, plain["items"]))
    if isinstance(plain, list):
        name, *values = plain
        return _CLASSES[name](*map(from_json, values))
    return plain


def node_from_json(plain: Any) -> Node | None:
    """Return the tree of a condition, None where there is none."""
    node: Node | None = from_json(plain)
    return node

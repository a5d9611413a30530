"""Which features of two rulesets are the same: those that say the same, however it is written."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from tests.oracle.language import (
    Between,
    Chain,
    Every,
    IsNull,
    Listed,
    Money,
    Number,
    OneOf,
    Span,
    Text,
    Unless,
)
from tests.oracle.rulesets import Feature


def same(feature: Feature) -> Feature:
    """Return a feature in the one form that stands for all that say the same."""
    return replace(feature, where=_plain(feature.where), include_current=feature.includes_current)


def _plain(node: Any) -> Any:
    """Return a part of a condition without names of parameters, and without short forms of longer ones."""
    match node:
        case Number() | Money() | Text() | Span():
            return replace(node, name=None)
        case OneOf(negated=True) | IsNull(negated=True) | Listed(negated=True) | Between(negated=True):
            return Unless(_plain(replace(node, negated=False)))
        case Between(value, low, high):
            return _plain(Every((Chain(value, ((">=", low),)), Chain(value, (("<=", high),)))))
        case Chain(first, links) if len(links) > 1:
            lefts = [first, *(right for _, right in links)]
            pairs = zip(lefts, links, strict=False)
            return Every(tuple(_plain(Chain(left, (link,))) for left, link in pairs))
    if isinstance(node, tuple):
        return tuple(map(_plain, node))
    if is_dataclass(node) and not isinstance(node, type):
        return replace(node, **{each.name: _plain(getattr(node, each.name)) for each in fields(node)})
    return node

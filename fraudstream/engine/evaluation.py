"""The evaluation of a condition at one event, as a tree: each part as it is written, with what it gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fraudstream.engine.margins import Margin, margin
from fraudstream.engine.wording import Moment, in_json, in_words
from fraudstream.rules.compile import Compiled
from fraudstream.rules.durations import format_duration
from fraudstream.rules.schema import FeatureSpec
from fraudstream.rules.tree import Call, Junction, Listing, Literal, Name, Node, children, write_constant
from fraudstream.rules.types import Kind


@dataclass(frozen=True)
class Evaluation:
    """One part of a condition: `text` as written, `value` as in an alert, None where it has none.

    A condition has True, False or None (unknown). `shown` is the value in a sentence; `note` says what a
    feature counts, or what else a reader of the bare text would miss. `joined_by` is `and` or `or` where
    the operands are clauses.
    """

    text: str
    joined_by: str | None
    is_condition: bool
    value: Any
    shown: str
    note: str | None
    operands: tuple[Evaluation, ...]
    margin: Margin | None = None
    """Of a comparison of numbers."""

    def missing(self) -> Iterator[str]:
        """Yield the innermost parts below that have no value."""
        below = [name for operand in self.operands for name in operand.missing()]
        if below:
            yield from below
        elif self.value is None and not self.is_condition:
            yield self.text

    def as_json(self) -> dict[str, Any]:
        """Return the tree as plain data."""
        told: dict[str, Any] = {"expression": self.text}
        told["outcome" if self.is_condition else "value"] = self.value
        if self.note is not None:
            told["note"] = self.note
        if self.margin is not None:
            told["margin"] = asdict(self.margin)
        if self.operands:
            told["operands"] = [each.as_json() for each in self.operands]
        return told


def evaluation(part: Compiled, moment: Moment, features: Mapping[str, FeatureSpec]) -> Evaluation:
    """Return what a compiled expression and everything in it gave at one event."""
    value = moment.value(part.slot)
    is_condition = part.type.kind is Kind.TRUTH
    if is_condition:
        text = {True: "true", False: "false", None: "unknown"}[value]
    elif value is None:
        text = "no value"
    else:
        value, text = in_json(part.type)(value, moment), in_words(part.type)(value, moment)
    return Evaluation(
        part.text,
        part.node.operator if isinstance(part.node, Junction) else None,
        is_condition,
        value,
        text,
        _note(part.node, features),
        tuple(evaluation(each, moment, features) for each in part.operands if not _is_plain(each.node)),
        margin(part, moment),
    )


def _is_plain(node: Node) -> bool:
    """Tell whether a part is a constant that says its own value."""
    return isinstance(node, Literal) and node.label is None


def _note(node: Node, features: Mapping[str, FeatureSpec]) -> str | None:
    match node:
        case Name(name) if name in features:
            return describe_feature(features[name])
        case Literal(_, str()):
            return "parameter"
        case Listing() | Call():
            return None
    labels = [
        f"{item.label} {write_constant(item.value)}"
        for listing in children(node)
        if isinstance(listing, Listing)
        for item in listing.items
        if isinstance(item, Literal) and item.label is not None
    ]
    return ", ".join(labels) or None


def describe_feature(spec: FeatureSpec) -> str:
    """Say in one line what a feature counts, for whom and in which window."""
    words = [f"{spec.aggregate}: {spec.value or 'events'}"]
    if spec.where is not None:
        words.append(f"where {spec.where}")
    words.append(f"by {', '.join(spec.by)}")
    if spec.for_ is not None:
        words.append(f"for {', '.join(spec.for_)}")
    if spec.window is not None:
        words.append(f"in {format_duration(spec.window)}")
    if spec.offset is not None:
        words.append(f"up to {format_duration(spec.offset)} before")
    return " ".join(words)

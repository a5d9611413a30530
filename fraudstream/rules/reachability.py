"""Clauses that decide nothing: never or always true, beside others and by what columns can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from fraudstream.events.schema import Schema
from fraudstream.features.catalogue import Aggregate
from fraudstream.rules.bounds import Clause, Range, as_clause, remaining
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.schema import FeatureSpec
from fraudstream.rules.tree import Call, Junction, Name, Node, Not, parts, write

_COUNTS = (Aggregate.COUNT, Aggregate.DISTINCT)
_OF_CALLS = {
    "score": (0, 1),
    "hour": (0, 23),
    "minute_of_day": (0, 1_439),
    "weekday": (1, 7),
    "day_of_month": (1, 31),
    "first_digit": (1, 9),
}
"""The least and the greatest value of some functions; all but the score are whole numbers."""
_NOT_NEGATIVE = (*_COUNTS, Aggregate.STDDEV, Aggregate.TIME_SINCE_LAST, Aggregate.TIME_SINCE_FIRST)


@dataclass(frozen=True)
class Nature:
    """What a subject can be at all."""

    range: Range = field(default_factory=Range)
    whole: bool = False


Natures = Callable[[Node], Nature]


def natures(schema: Schema, features: dict[str, FeatureSpec]) -> Natures:
    """Return what tells the nature of a subject: a column with bounds, a count, a score, or anything."""

    def nature(subject: Node) -> Nature:
        match subject:
            case Name(name) if name in features:
                aggregate = features[name].aggregate
                low = Range(low=Decimal(0)) if aggregate in _NOT_NEGATIVE else Range()
                return Nature(low, whole=aggregate in _COUNTS)
            case Name(name) if (column := schema.column(name)) is not None:
                bounds = Range()
                if column.minimum is not None:
                    bounds = bounds.narrowed(_bound(subject, ">=", column.minimum))
                if column.maximum is not None:
                    bounds = bounds.narrowed(_bound(subject, "<=", column.maximum))
                return Nature(bounds)
            case Call(function) if function in _OF_CALLS:
                least, greatest = _OF_CALLS[function]
                return Nature(Range(low=Decimal(least), high=Decimal(greatest)), whole=function != "score")
        return Nature()

    return nature


def _bound(subject: Node, operator: str, value: float) -> Clause:
    return Clause(subject, operator, frozenset({Decimal(str(value))}))


def faults(condition: Node, nature: Natures) -> Iterator[ExpressionError]:
    """Yield each clause of a condition that is always or never true, with the clause that makes it so."""
    yield from _Group(nature, ()).faults(condition)


@dataclass(frozen=True)
class _Stated:
    """A clause and the condition that states it."""

    node: Node
    clause: Clause


class _Group:
    """The clauses that hold together wherever the condition is looked at."""

    def __init__(self, nature: Natures, around: tuple[_Stated, ...]) -> None:
        self._nature = nature
        self._around = around

    def faults(self, condition: Node) -> Iterator[ExpressionError]:
        """Yield the faults of a condition inside the group."""
        operands = list(_joined(condition, "and"))
        stated = [_Stated(node, clause) for node in operands if (clause := as_clause(node)) is not None]
        for index, each in enumerate(stated):
            before = self._about(each, (*self._around, *stated[:index]))
            if self._excluded(each, before):
                message = f"{write(each.node)} is never true{_beside(before)}: correct one of the limits"
                yield ExpressionError(message, position(each.node))
            elif self._implied(each, others := self._about(each, (*self._around, *_others(stated, index)))):
                message = f"{write(each.node)} is always true{_beside(others)}: remove it"
                yield ExpressionError(message, position(each.node))
        inside = _Group(self._nature, (*self._around, *stated))
        for node in operands:
            if isinstance(node, Junction):
                yield from inside._branches(node)
            elif isinstance(node, Not) and as_clause(node) is None:
                yield from _Group(self._nature, ()).faults(node.operand)

    def _branches(self, junction: Junction) -> Iterator[ExpressionError]:
        """Yield the faults of the branches of an `or`, and of all of them together."""
        operands = list(_joined(junction, "or"))
        for node in operands:
            yield from self.faults(node)
        denied = [
            _Stated(node, clause.negated()) for node in operands if (clause := as_clause(node)) is not None
        ]
        for index, each in enumerate(denied):
            same = self._about(each, denied[:index])
            if self._excluded(each, same):
                message = f"{write(junction)} is always true where it is known: correct the limits"
                yield ExpressionError(message, position(junction))
            elif (others := self._about(each, _others(denied, index))) and self._implied(each, others):
                message = f"{write(each.node)} decides nothing{_beside(others)}: remove it"
                yield ExpressionError(message, position(each.node))

    def _about(self, each: _Stated, others: Sequence[_Stated]) -> list[_Stated]:
        """Return what is stated about the same subject."""
        return [other for other in others if other.clause.subject == each.clause.subject]

    def _excluded(self, each: _Stated, others: Sequence[_Stated]) -> bool:
        """Tell whether a clause leaves nothing of what others leave, and it is this one that does not."""
        left = self._left(each.clause.subject, [other.clause for other in others])
        return not left.is_empty and self._left(each.clause.subject, [each.clause], left).is_empty

    def _implied(self, each: _Stated, others: Sequence[_Stated]) -> bool:
        """Tell whether others leave only what a clause allows anyway."""
        return self._excluded(replace(each, clause=each.clause.negated()), others)

    def _left(self, subject: Node, clauses: Sequence[Clause], start: Range | None = None) -> Range:
        nature = self._nature(subject)
        return remaining(clauses, nature.range if start is None else start, whole=nature.whole)


def _others(stated: Sequence[_Stated], index: int) -> list[_Stated]:
    """Return all but one; of equal clauses only the later is one too many."""
    one = stated[index].clause
    return [*stated[:index], *(other for other in stated[index + 1 :] if other.clause != one)]


def _beside(others: Sequence[_Stated]) -> str:
    return f" beside {write(others[-1].node)}" if others else ""


def _joined(node: Node, operator: str) -> Iterator[Node]:
    """Yield the operands of nested junctions of one operator, or the node itself."""
    if isinstance(node, Junction) and node.operator == operator:
        for operand in node.operands:
            yield from _joined(operand, operator)
    else:
        yield node


def position(node: Node) -> int:
    """Return where an expression begins; what a file joins by `all` has no place of its own."""
    places = (part.position for part in parts(node) if isinstance(part, Name | Call))
    return min(places, default=node.position)

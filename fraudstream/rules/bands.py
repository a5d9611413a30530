"""Bands: consecutive ranges of one number, `from` inclusive and `to` exclusive, without gap or overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fraudstream.rules.errors import Problem, did_you_mean
from fraudstream.rules.schema import Bound, RuleSpec
from fraudstream.rules.tree import (
    Comparison,
    Duration,
    Junction,
    Literal,
    Negative,
    Node,
    Quantity,
    write_constant,
)
from fraudstream.rules.yaml_file import YamlFile, YamlPath

Limit = Decimal | Duration
"""Where a band begins or ends, as a constant of the language."""


@dataclass(frozen=True)
class Band:
    """One band in the order of its file; None is an open end, which only the outermost two may have."""

    name: str
    from_: Limit | None
    to: Limit | None


def faults(bands: Sequence[Band]) -> Iterator[tuple[int, str, str]]:
    """Yield what is wrong with some bands as (index, `from` or `to`, message)."""
    for index, band in enumerate(bands):
        if band.from_ is not None and band.to is not None and not _less(band.from_, band.to):
            message = f"band {band.name} ends at {_shown(band.to)}, not after its begin: raise it"
            yield index, "to", message
            return
    for index in range(1, len(bands)):
        yield from _seam(index, bands[index - 1], bands[index])


def _seam(index: int, lower: Band, upper: Band) -> Iterator[tuple[int, str, str]]:
    """Yield what is wrong between two bands."""
    if lower.to is None:
        message = f"band {lower.name} has no end, which only the last may lack: give it a `to`"
        yield index - 1, "from", message
    elif upper.from_ is None:
        remedy = f"begin it at {_shown(lower.to)}, where {lower.name} ends"
        yield index, "to", f"band {upper.name} has no begin, which only the first may lack: {remedy}"
    elif lower.to != upper.from_:
        fault = "leave a gap" if _less(lower.to, upper.from_) else "overlap"
        span = f"between {_shown(lower.to)} and {_shown(upper.from_)}"
        remedy = f"let {upper.name} begin at {_shown(lower.to)}"
        yield index, "from", f"bands {lower.name} and {upper.name} {fault} {span}: {remedy}"


def limit(node: Node | None) -> Limit | None:
    """Return the value of a constant expression, None where it is no number, amount or duration."""
    match node:
        case Literal(Decimal() | Duration() as value):
            return value
        case Literal(Quantity() as quantity):
            return quantity.number
        case Negative(Literal(Decimal() as value)):
            return -value
    return None


def inside(of: Node, from_: Node | None, to: Node | None) -> Node:
    """Return the condition that a number lies in a band."""
    ends = []
    if from_ is not None:
        ends.append(Comparison(">=", of, from_, from_.position))
    if to is not None:
        ends.append(Comparison("<", of, to, to.position))
    return ends[0] if len(ends) == 1 else Junction("and", tuple(ends), ends[0].position)


def _less(left: Limit, right: Limit) -> bool:
    match left, right:
        case Duration(us), Duration(other_us):
            return us < other_us
        case Decimal(), Decimal():
            return left < right
    return False


def _shown(value: Limit) -> str:
    return write_constant(value)


Parse = Callable[[str, YamlPath], Node | None]
"""Reads the expression at a place of a file; None where it is noted as wrong."""
_OUTCOMES: YamlPath = ("bands", "outcomes")


def band_conditions(
    file: YamlFile, spec: RuleSpec, parse: Parse, problems: list[Problem]
) -> tuple[Node, ...]:
    """Return for each band of a rule the condition that its number lies there; note what is wrong."""
    problems += _unknown_bands(file, spec)
    if spec.bands is None:
        return ()
    of = parse(spec.bands.of, ("bands", "of"))
    outcomes = spec.bands.outcomes
    found = len(problems)
    ends = [
        tuple(
            _end(file, value, (*_OUTCOMES, index, key), parse, problems)
            for key, value in (("from", each.from_), ("to", each.to))
        )
        for index, each in enumerate(outcomes)
    ]
    if of is None or len(problems) > found:
        return ()
    ranges = [
        Band(each.name, limit(from_), limit(to)) for each, (from_, to) in zip(outcomes, ends, strict=True)
    ]
    wrong = [*faults(ranges), *_wrong_names([each.name for each in outcomes])]
    if ends == [(None, None)]:
        message = f"band {outcomes[0].name} has neither from nor to: give it one, or take bands out"
        wrong.append((0, "name", message))
    problems += [file.problem((*_OUTCOMES, index, key), message) for index, key, message in wrong]
    return () if wrong else tuple(inside(of, from_, to) for from_, to in ends)


def _end(
    file: YamlFile, value: Bound | None, path: YamlPath, parse: Parse, problems: list[Problem]
) -> Node | None:
    """Return an end of a band as a constant; note where it is none."""
    if value is None:
        return None
    node = parse(value if isinstance(value, str) else f"{Decimal(str(value)):f}", path)
    if node is not None and limit(node) is None:
        message = f"{value} is no number, amount or duration: write one, or a parameter that is one"
        problems.append(file.problem(path, message))
    return node


def _wrong_names(names: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield index, "name", f"two bands are named {name}: give each its own name"


def _unknown_bands(file: YamlFile, spec: RuleSpec) -> Iterator[Problem]:
    """Yield the cases that expect a band which the rule does not have."""
    known = [outcome.band for outcome in spec.outcomes if outcome.band is not None]
    for index, case in enumerate(spec.tests.cases):
        if case.band is not None and case.band not in known:
            remedy = did_you_mean(case.band, known) or "add it to bands"
            yield file.problem(("tests", "cases", index, "band"), f"there is no band {case.band}: {remedy}")

"""A condition and what it gave at an event, as parts to be shown and as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import NamedTuple

from fraudstream.engine.evaluation import Evaluation
from fraudstream.workbench.casefile.schema import ConditionPart, MarginPart
from fraudstream.workbench.casefile.speaker import Speaker


def condition_part(tree: Evaluation) -> ConditionPart:
    """Return a condition, and the conditions in it."""
    margin = tree.margin
    return ConditionPart(
        expression=tree.text,
        joined_by=tree.joined_by,
        holds=tree.value,
        margin=None if margin is None else MarginPart(**asdict(margin)),
        values=dict(_values(tree)),
        parts=[condition_part(each) for each in tree.operands if each.is_condition],
    )


def _values(tree: Evaluation) -> Iterator[tuple[str, str | None]]:
    """Yield the names of a clause and their values, those of clauses within it left out."""
    for each in tree.operands:
        if not each.is_condition:
            yield each.text, None if each.value is None else each.shown
            yield from _values(each)


class Row(NamedTuple):
    """A line of a condition as a table shows it; `depth` counts the clauses that it stands in."""

    depth: int
    holds: bool | None
    text: str
    actual: str
    threshold: str
    margin: str


def rows(part: ConditionPart, speaker: Speaker, depth: int = 0) -> Iterator[Row]:
    """Yield a condition line by line; clauses that must all hold need no line of their own at the top."""
    if part.joined_by is None:
        yield Row(depth, part.holds, part.expression, *_figures(part))
    elif depth or part.joined_by == "or":
        text = speaker.say("any_of" if part.joined_by == "or" else "all_of")
        yield Row(depth, part.holds, text, "", "", "")
        depth += 1
    for each in part.parts:
        yield from rows(each, speaker, depth)


def _figures(part: ConditionPart) -> tuple[str, str, str]:
    margin = part.margin
    if margin is None:
        known = [f"{name} = {shown}" for name, shown in part.values.items() if shown is not None]
        only = next(iter(part.values.values()), None) if len(part.values) == 1 else None
        return only or ", ".join(known), "", ""
    name = "" if margin.threshold_name is None else f" ({margin.threshold_name})"
    times = "" if margin.ratio is None else f" ({margin.ratio:.3g}x)"
    return margin.actual, f"{margin.operator} {margin.threshold}{name}", f"{margin.difference}{times}"


def sentence(tree: Evaluation, speaker: Speaker) -> str:
    """Say which clauses of a condition are true."""
    return speaker.say("clause.join").join(dict.fromkeys(_told(tree, speaker)))


def _told(tree: Evaluation, speaker: Speaker) -> Iterator[str]:
    if tree.value is not True:
        return
    if tree.joined_by is None:
        yield _clause(tree, speaker)
        return
    for each in tree.operands:
        yield from _told(each, speaker)


def _clause(tree: Evaluation, speaker: Speaker) -> str:
    margin = tree.margin
    if margin is not None:
        name = "" if margin.threshold_name is None else f"{margin.threshold_name} "
        words = {**asdict(margin), "threshold": f"{name}{margin.threshold}"}
        return speaker.say(f"clause.{margin.operator}", **words)
    if len(tree.operands) == 1 and isinstance(tree.operands[0].value, str) and not tree.operands[0].operands:
        return speaker.say("clause.is", name=tree.operands[0].text, value=tree.operands[0].shown)
    values = ", ".join(f"{name} {shown}" for name, shown in _values(tree) if shown is not None)
    if not values:
        return speaker.say("clause.other", expression=tree.text)
    return speaker.say("clause.with", expression=tree.text, values=values)

"""Draws the explanation of a rule at an event on the terminal."""

from __future__ import annotations

from rich.text import Text
from rich.tree import Tree

from fraudstream.engine.evaluation import Evaluation
from fraudstream.engine.margins import Margin
from fraudstream.workbench.explain import Explanation

_STYLES = {True: "green", False: "red", None: "yellow"}
_OUTCOMES = {"hit": "green", "miss": "red", "not_evaluated": "yellow"}
_CLAUSES = {"and": "all of these", "or": "at least one of these"}


def explanation_tree(found: Explanation) -> Tree:
    """Return the tree: the rule and its outcome on top, below it every part of the condition."""
    spec = found.rule.spec
    band = f" in band {found.band}" if found.band is not None and found.outcome == "hit" else ""
    head = Text(f"{spec.id} v{spec.version} at event {found.event_id}, {found.occurred_at}: ", style="bold")
    head.append(f"{found.outcome}{band}", style=_OUTCOMES[found.outcome])
    tree = Tree(head)
    if found.note is not None:
        tree.add(Text(f"note: {found.note}", style="yellow"))
    if found.missing:
        tree.add(Text(f"no value: {', '.join(found.missing)}", style="yellow"))
    _add(tree, found.tree)
    if found.counted:
        tree.add(Text(f"counted events: {', '.join(found.counted)}", style="dim"))
    return tree


def margin_text(margin: Margin) -> str:
    """Return how far a number lies from its threshold, e.g. `+100.00 USD (1.1x)`."""
    return margin.difference if margin.ratio is None else f"{margin.difference} ({margin.ratio:.3g}x)"


def _add(tree: Tree, part: Evaluation) -> None:
    line = Text()
    if part.is_condition:
        line.append(part.shown, style=f"bold {_STYLES[part.value]}").append(
            f"  {_CLAUSES.get(part.joined_by or '', part.text)}"
        )
        if part.margin is not None:
            line.append(f"  {margin_text(part.margin)}", style="cyan")
    else:
        line.append(f"{part.text} = ").append(
            part.shown, style="bold" if part.value is not None else "yellow"
        )
    if part.note is not None:
        line.append(f"  ({part.note})", style="dim")
    branch = tree.add(line)
    for operand in part.operands:
        _add(branch, operand)

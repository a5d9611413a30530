"""What one part of `make quality` has measured, and how its tables are laid out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from loadtest.quality.comparison import Contest, Line, chosen, lines, test_ceiling
from loadtest.quality.handbook import Quality

COMMAND = "python -m loadtest.quality --json"
"""Stands under every table: what printed it."""
Figures = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """Tables to print, figures for the last line, plots that were drawn, contests to draw together."""

    tables: list[Table]
    figures: Figures = field(default_factory=dict)
    plots: list[Path] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)


def table(title: str, *columns: str) -> Table:
    """Return an empty table that names the command."""
    return Table(*columns, title=title, caption=COMMAND)


def section(into: Table, title: str) -> None:
    """Begin a section."""
    into.add_section()
    into.add_row(f"[bold]{title}")


def qualities(into: Table, models: Iterable[tuple[str, Quality]], prefix: str = "") -> None:
    """Add a row of AUC, AP and card precision for each model."""
    for name, quality in models:
        into.add_row(f"{prefix}{name}", *rounded(quality.auc, quality.ap, quality.cp100))


def rounded(*figures: float) -> list[str]:
    """Write figures with three places."""
    return [f"{figure:.3f}" for figure in figures]


def compared(contest: Contest, name: str, source: str) -> tuple[Table, Figures]:
    """Lay out a contest; `name` is the middle of its figures' names."""
    measured = lines(contest)
    taken = chosen(measured)
    budget = f"{contest.budget} alerts a {contest.unit}, card precision at most {test_ceiling(contest):.3f}"
    columns = ("alerts", "recall", "precision", "card precision", "value recall", "recall earlier")
    fixed = ("limit set earlier: alerts", "recall", "precision")
    out = table(f"{contest.title}: {budget}; {source}", "who spends it", *columns, *fixed)
    out.columns[0].no_wrap = True
    out.caption = f"{COMMAND}; * chosen by the recall earlier, as is the limit"
    for line in measured:
        out.add_row(f"{'* ' if line is taken[2] else ''}{line.name}", *_cells(line))
    figures: Figures = {}
    for who, line in zip(("rules", "model", "both"), taken, strict=True):
        figures |= _figures(f"{who}_{name}", line)
    return out, figures


def _cells(line: Line) -> list[str]:
    test, fixed = line.test, line.fixed
    shares = (test.recall, test.precision, test.card_precision, test.value, line.earlier_recall)
    return [
        f"{test.alerts:.1f}",
        *rounded(*shares),
        f"{fixed.alerts:.1f}",
        *rounded(fixed.recall, fixed.precision),
    ]


def _figures(name: str, line: Line) -> Figures:
    test = line.test
    return {
        f"{name}_recall": round(test.recall, 3),
        f"{name}_precision": round(test.precision, 3),
        f"{name}_card_precision": round(test.card_precision, 3),
        f"{name}_value_recall": round(test.value, 3),
    }

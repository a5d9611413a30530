"""The figures of a back-test as the cells of tables, on the terminal and on the page alike."""

from __future__ import annotations

from fraudstream.events.money import format_minor
from fraudstream.workbench.backtest_report import Line, Report

Heads = tuple[tuple[str, bool], ...]
"""Headings, and whether their columns hold numbers."""

FIGURES: Heads = (
    ("Rule", False),
    ("Status", False),
    ("Hits", True),
    ("Alerts", True),
    ("A day", True),
    ("Peak", True),
    ("Entities", True),
    ("By", False),
    ("Value at risk", True),
)
LABEL_FIGURES: Heads = (
    ("Rule", False),
    ("Frauds", True),
    ("Precision", True),
    ("Recall", True),
    ("False positives", True),
    ("Value recall", True),
    ("Alert precision", True),
)
BUDGET_FIGURES: Heads = (("In budget", True), ("Precision there", True))


def name_of(line: Line) -> str:
    """Return what a line is about."""
    if line.spec is None:
        return "all live rules"
    return f"{line.spec.id} (shadow)" if line.is_shadow else line.spec.id


def percent(share: float | None) -> str:
    """Write a share as a percentage, a dash for none."""
    return "-" if share is None else f"{share:.1%}"


def money(minor: int, currency: str) -> str:
    """Write an amount, without its currency, which a heading names."""
    return format_minor(minor, currency).removesuffix(f" {currency}")


def figure_cells(line: Line, currency: str) -> tuple[str, ...]:
    """Return the cells of `FIGURES`."""
    return (
        "all live rules" if line.spec is None else line.spec.id,
        "" if line.spec is None else line.spec.standing,
        f"{line.hits:,}",
        f"{line.alerts:,}",
        "-" if line.alerts_per_day is None else f"{line.alerts_per_day:,.1f}",
        f"{line.alerts_day_max:,}",
        f"{line.entities:,}",
        ", ".join(line.entity),
        money(line.value_at_risk, currency),
    )


def label_cells(line: Line) -> tuple[str, ...]:
    """Return the cells of `LABEL_FIGURES`."""
    caught, told = line.caught, line.told
    assert caught is not None, "there are labels"
    assert told is not None, "there are labels"
    ratio = caught.false_positive_ratio
    return (
        name_of(line),
        f"{caught.frauds:,}",
        percent(caught.precision),
        percent(caught.recall),
        "-" if ratio is None else f"{ratio:,.1f} : 1",
        percent(caught.value_recall),
        percent(told.precision),
    )


def budget_cells(line: Line) -> tuple[str, ...]:
    """Return the cells of `BUDGET_FIGURES`."""
    if line.budgeted is None:
        return ("-", "-")
    return (f"{line.budgeted.alerts:,}", percent(line.budgeted.precision))


def label_table(report: Report) -> tuple[Heads, list[tuple[str, ...]]]:
    """Return headings and rows of the figures by labels; those of the budget only where there is one."""
    lines = (*report.rules, report.overall)
    if report.backtest.budget is None:
        return LABEL_FIGURES, [label_cells(line) for line in lines]
    return LABEL_FIGURES + BUDGET_FIGURES, [(*label_cells(line), *budget_cells(line)) for line in lines]


def figure_table(report: Report) -> tuple[Heads, list[tuple[str, ...]]]:
    """Return headings and rows of the figures that need no labels."""
    return FIGURES, [figure_cells(line, report.currency) for line in (*report.rules, report.overall)]

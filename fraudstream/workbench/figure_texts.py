"""The figures of a back-test as the cells of tables, on the terminal and on the page alike."""

from __future__ import annotations

from fraudstream.events.money import format_minor
from fraudstream.workbench.backtest_report import Line

FIGURES = (
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
"""Headings, and whether the column holds numbers."""
LABEL_FIGURES = (
    ("Rule", False),
    ("Frauds", True),
    ("Precision", True),
    ("Recall", True),
    ("False positives", True),
    ("Value recall", True),
    ("Alert precision", True),
    ("In budget", True),
    ("Precision there", True),
)


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
        "" if line.spec is None else str(line.spec.status),
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
    caught, told, budgeted = line.caught, line.told, line.budgeted
    assert caught is not None, "there are labels"
    assert told is not None, "there are labels"
    ratio = caught.false_positive_ratio
    return (
        name_of(line),
        f"{caught.frauds:,}",
        percent(caught.precision),
        percent(caught.recall),
        "-" if ratio is None else f"{ratio:,.1f} to 1",
        percent(caught.value_recall),
        percent(told.precision),
        "-" if budgeted is None else f"{budgeted.alerts:,}",
        "-" if budgeted is None else percent(budgeted.precision),
    )

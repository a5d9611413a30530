"""What `make quality` draws: PNG files in a folder that Git ignores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from loadtest.quality import published
from loadtest.quality.calibration import Bin
from loadtest.quality.handbook import Quality
from loadtest.quality.handbook_models import Measured

FOLDER = Path(__file__).parents[2] / ".quality"
RED, BLUE, GREEN, GREY = "#b5432a", "#1f5a99", "#2f7d4f", "#777777"
COLOURS = (BLUE, GREEN, RED, "#8a5fa8", "#c08a1e")


@dataclass(frozen=True)
class Panel:
    """Recalls by name at shares alerted, in percent, and where the budget is."""

    percent: Sequence[float]
    recalls: Mapping[str, Sequence[float]]
    budget: float


Numbers = Sequence[float] | NDArray[np.float64]
Curve = tuple[Numbers, Numbers]


@contextmanager
def _figure(path: Path, panels: int = 1, columns: int = 2) -> Iterator[list[Any]]:
    """Yield the axes of so many panels, and write them when they are drawn."""
    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend is chosen

    columns = min(panels, columns)
    rows = -(-panels // columns)
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(5.6 * columns + 1, 4.2 * rows), dpi=110, layout="constrained", squeeze=False
    )
    drawn = axes.ravel().tolist()
    for each in drawn:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(alpha=0.25)
    for spare in drawn[panels:]:
        spare.set_visible(False)
    yield drawn
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    pyplot.close(figure)


def precision_recall(curves: Mapping[str, tuple[Curve, Measured]], path: Path) -> Path:
    """Draw precision against recall, and beside it AP against card precision with what was published.

    The first curve is of who learned labels, whose published figures are of the test week; those of the
    others are of 2018-07-25..31.
    """
    with _figure(path, 2) as (left, right):
        for number, (name, ((recall, precision), model)) in enumerate(curves.items()):
            colour = COLOURS[number]
            week = model.test if number == 0 else model.last_validation
            left.plot(recall, precision, color=colour, label=f"{name}: AP {model.test.ap:.3f}")
            right.scatter(week.ap, week.cp100, color=colour, s=60, zorder=3, label=name)
        _published(right, published.TEST_WEEK, "x")
        _published(right, published.VALIDATION_WEEK, "+")
        _named(left, "Precision and recall, test week 2018-08-08..14", "recall", "precision")
        _legend(left, 1.0)
        title = "Beside batch models as published (x, + of 2018-07-25..31)"
        _named(right, title, "average precision", "card precision at 100 a day")
        right.set(xlim=(0.1, 0.85), ylim=(0, 0.34))
        right.legend(frameon=False, fontsize=9, loc="lower right")
    return path


def _published(axes: Any, models: Mapping[str, Quality], marker: str) -> None:
    aside = {"XGBoost, tuned": (6, 6, "left"), "feed-forward network": (-6, 6, "right")}
    aside |= {"random forest": (7, -3, "left"), "XGBoost": (7, -6, "left")}
    for name, quality in models.items():
        axes.scatter(quality.ap, quality.cp100, color=GREY, marker=marker, s=45)
        right, up, side = aside.get(name, (-7, -3, "right"))
        if quality.ap < 0.3:
            right, side = 7, "left"
        axes.annotate(
            name,
            (quality.ap, quality.cp100),
            xytext=(right, up),
            textcoords="offset points",
            fontsize=8,
            color=GREY,
            ha=side,
        )


def contests(panels: Mapping[str, Panel], path: Path) -> Path:
    """Draw the recall of rules, model and both against the share alerted."""
    styles = ((RED, "-"), (BLUE, "-"), (GREEN, (0, (4, 2))))
    with _figure(path, len(panels)) as drawn:
        for axes, (title, panel) in zip(drawn, panels.items(), strict=False):
            for (colour, line), (name, recall) in zip(styles, panel.recalls.items(), strict=True):
                axes.plot(panel.percent, recall, color=colour, linestyle=line, label=name)
            axes.axvline(panel.budget, color=GREY, linestyle=":", linewidth=1)
            place = {"xytext": (4, 0), "textcoords": "offset points", "color": GREY, "fontsize": 9}
            axes.annotate("budget", (panel.budget, 0.01), **place)
            _named(axes, title, "share alerted, in %", "recall")
            axes.set_xscale("log")
            axes.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5])
            axes.xaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
            _legend(axes, 1.0)
    return path


def over_time(
    by_day: Mapping[str, Sequence[float]], by_week: Mapping[str, Curve], days: Sequence[str], path: Path
) -> Path:
    """Draw the card precision of each tested day, and the average precision of each week of the pass."""
    with _figure(path, 2) as (left, right):
        for colour, (name, shares) in zip((GREY, *COLOURS), by_day.items(), strict=False):
            left.plot(days, shares, color=colour, marker="o", markersize=4, label=name)
        _named(left, "Card precision at 100 a day, test week", "", "share of compromised cards")
        _legend(left, 0.5)
        for colour, (name, (weeks, precisions)) in zip(COLOURS, by_week.items(), strict=False):
            right.plot(weeks, precisions, color=colour, marker="o", markersize=4, label=name)
        _named(right, "Average precision of each week of the one pass", "weeks since 2018-04-01", "AP")
        _legend(right, 1.0)
    return path


def calibration(bins: Sequence[Bin], title: str, path: Path) -> Path:
    """Draw the share of frauds against the predicted probability, in two scales, with bounds of 95 %."""
    lowest = 1e-4
    predicted, observed = [each.predicted for each in bins], [each.observed for each in bins]
    below = [each.observed - each.lowest for each in bins]
    above = [each.highest - each.observed for each in bins]
    with _figure(path, 2) as drawn:
        for axes in drawn:
            axes.plot([lowest, 1], [lowest, 1], color=GREY, linestyle="--", linewidth=1, label="perfect")
            axes.errorbar(
                predicted, observed, yerr=[below, above], color=BLUE, marker="o", capsize=3, label="observed"
            )
            _named(axes, "", "predicted probability of fraud", "share of frauds")
        drawn[0].set(xscale="log", yscale="log", xlim=(lowest, 1.3), ylim=(lowest, 1.3))
        drawn[0].set_title(title, loc="left", fontsize=11)
        drawn[0].legend(frameon=False, loc="upper left")
        drawn[1].set(xlim=(0, 1.02), ylim=(0, 1.02))
    return path


def _legend(axes: Any, highest: float) -> None:
    """Put the legend above the highest value, where no line runs through it."""
    axes.set_ylim(0, 1.35 * highest)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= highest * 1.001])


def _named(axes: Any, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.set(xlabel=x, ylabel=y)

"""Draws what rules and entities cost into `loadtest/report/`."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from loadtest.bench_scale import Curve

REPORT = Path(__file__).parent / "report"
RULES_RATIO_MAX, ENTITIES_RATIO_MAX = 3.0, 1.3
_LINE, _TARGET = "#1f5a99", "#b5432a"


def draw_all(rules: Curve, entities: Curve, folder: Path = REPORT) -> None:
    """Write rules.png and entities.png."""
    draw(rules, "rules", RULES_RATIO_MAX, "25x the rules over the same 36 features", folder / "rules.png")
    draw(
        entities,
        "active entities",
        ENTITIES_RATIO_MAX,
        "10x the entities at the same rate each",
        folder / "entities.png",
    )


def draw(curve: Curve, unit: str, ratio_max: float, what: str, path: Path) -> None:
    """Draw one curve from its first point on, with the line that its last point must not pass."""
    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend is chosen

    figure, axes = pyplot.subplots(figsize=(7.2, 4.2), dpi=110, layout="constrained")
    sizes, costs = [*curve.us_per_event], [*curve.us_per_event.values()]
    limit = ratio_max * costs[0]
    axes.axhline(limit, color=_TARGET, linestyle="--", linewidth=1.2)
    axes.annotate(
        f"target: at most {ratio_max:g}x",
        (0.01, limit),
        xycoords=("axes fraction", "data"),
        xytext=(4, 4),
        textcoords="offset points",
        color=_TARGET,
    )
    axes.plot(sizes, costs, color=_LINE, marker="o", linewidth=2)
    for size, cost in zip(sizes, costs, strict=True):
        axes.annotate(
            f"{curve.ratios[size]:.2f}x",
            (size, cost),
            xytext=(0, -16),
            textcoords="offset points",
            ha="center",
            color=_LINE,
            fontsize=9,
        )
    axes.set_title(f"{what}: {curve.ratios[sizes[-1]]:.2f}x the time", loc="left", fontsize=12)
    axes.set_xlabel(unit)
    axes.set_ylabel("time of a step per event, in µs")
    axes.set_ylim(0, 1.15 * max(limit, *costs))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Software": None})
    pyplot.close(figure)

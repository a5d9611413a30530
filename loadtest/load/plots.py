"""Draws a run over time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

PANELS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("messages/s", (("sent_per_s", "sent"), ("events_per_s", "judged"))),
    ("latency, ms", (("latency_ms_p50", "p50"), ("latency_ms_p99", "p99"))),
    ("lag, s", (("lag_s", "oldest that waits"),)),
    ("memory, MB", (("rss_mb", "process"), ("state_mb", "state"))),
)
_ROOM = 1.25
"""Of each panel, so that its legend covers nothing."""
_COLOURS = ("#1f5a99", "#b5432a")


def draw(report: Mapping[str, Any], path: Path) -> None:
    """Write a picture of a report's samples as PNG."""
    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend is chosen

    lines = series(report["samples"])
    grown, all_axes = pyplot.subplots(
        len(PANELS), 1, figsize=(9, 9), dpi=100, sharex=True, layout="constrained"
    )
    for axes, (title, parts) in zip(all_axes, PANELS, strict=True):
        for (name, label), colour in zip(parts, _COLOURS, strict=False):
            axes.plot(lines["seconds"], lines[name], color=colour, linewidth=1.6, label=label)
        axes.set_ylabel(title)
        axes.set_ylim(0, _ROOM * axes.get_ylim()[1])
        axes.grid(axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper right", frameon=False, ncols=2)
    all_axes[0].set_title(f"{report['scenario']}: {report['does']}", loc="left", fontsize=11)
    all_axes[-1].set_xlabel("seconds")
    grown.savefig(path, metadata={"Software": None})
    pyplot.close(grown)


def series(samples: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Return the samples by name, with what was sent per second; NaN where a latency is not known."""
    lines = {
        name: [float("nan") if each[name] is None else float(each[name]) for each in samples]
        for name in (samples[0] if samples else {})
        if name != "dead_letters"
    }
    before = [0.0, *lines["sent"]], [0.0, *lines["seconds"]]
    lines["sent_per_s"] = [
        (sent - sent_before) / (at - at_before)
        for sent, sent_before, at, at_before in zip(
            lines["sent"], before[0], lines["seconds"], before[1], strict=False
        )
    ]
    return lines

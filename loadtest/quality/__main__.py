"""`make quality`: measures what the online models find, beside the published figures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fraudstream.stores.rule_directory import load_ruleset
from loadtest.bench_engine import hst_speedup
from loadtest.quality import part_anomaly, part_demo, part_fraudtwin, part_handbook, plots
from loadtest.quality.comparison import Contest, curves
from loadtest.quality.cost import EVENTS, RULES, model_us_per_event
from loadtest.quality.data import DATA, DataMissingError
from loadtest.quality.part import Figures, Part, table

_WIDTH = 160
"""Of tables that go into a file; a terminal has its own."""
_SHARES = (0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.3, 1.6, 2, 3, 5)
"""Parts of the budget at which the recall is drawn."""

Say = Callable[[Table | str], None]


def main() -> int:
    """Measure whatever there is data for, print it beside what was published, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    parser.add_argument(
        "--plots", type=Path, default=plots.FOLDER, help="where the plots go (default: .quality/)"
    )
    asked = parser.parse_args()
    console = Console(stderr=asked.json)
    if not console.is_terminal:
        console.width = _WIDTH
    figures = measured(DATA, asked.plots, console.print)
    costs, speeds = _costs()
    console.print(costs)
    if asked.json:
        print(json.dumps(figures | speeds))
    return 0


def measured(folder: Path, drawn: Path, say: Say, demo: Callable[[], Part] = part_demo.measured) -> Figures:
    """Say what the data in a folder show, or that they are missing, and return the figures."""
    figures: Figures = {}
    contests: list[Contest] = []
    for part in _parts(folder, drawn, say, demo):
        for each in part.tables:
            say(each)
        for path in part.plots:
            say(f"drawn: {path}")
        figures |= part.figures
        contests += part.contests
    say(f"drawn: {_drawn(contests, drawn)}")
    return figures


def _parts(folder: Path, drawn: Path, say: Say, demo: Callable[[], Part]) -> Iterator[Part]:
    for part in (part_handbook, part_anomaly, part_fraudtwin):
        try:
            yield part.measured(folder, drawn)
        except DataMissingError as missing:
            say(f"quality: {missing}")
    yield demo()


def _drawn(contests: list[Contest], folder: Path) -> Path:
    panels = {}
    for contest in contests:
        budgets = sorted({max(1, round(contest.budget * share)) for share in _SHARES})
        percent = 100 / contest.events_per_period
        shares = [each * percent for each in budgets]
        panels[contest.title] = plots.Panel(shares, curves(contest, budgets), contest.budget * percent)
    return plots.contests(panels, folder / "rules_model_both.png")


def _costs() -> tuple[Table, Figures]:
    """Measure what models cost, on the demo's own traffic."""
    version = load_ruleset(RULES).version
    out = table(f"cost: traffic of seed 7, {EVENTS:,} events, ruleset {version}", "what", "figure")
    figures = {
        "hst_speedup": round(hst_speedup(), 1),
        "model_us_per_event": round(model_us_per_event(), 2),
    }
    out.add_row("HalfSpaceTrees, times River's speed, equal scores", f"{figures['hst_speedup']:g}")
    out.add_row("us that the model adds to an event, batches of 500", f"{figures['model_us_per_event']:g}")
    return out, figures


if __name__ == "__main__":
    sys.exit(main())

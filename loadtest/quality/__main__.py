"""`make quality`: measures what the online models find, beside the published figures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtest.bench_engine import hst_speedup
from loadtest.quality import anomaly_models, fraudtwin, handbook_models, published
from loadtest.quality.cost import model_us_per_event
from loadtest.quality.data import DATA, TRACEABLE, DataMissingError, content_hash, load_handbook, located
from loadtest.quality.handbook import Quality

Figures = dict[str, Any]


def main() -> int:
    """Measure whatever there is data for, print it beside what was published, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    asked = parser.parse_args()
    console = Console(stderr=asked.json)
    figures = measured(DATA, console.print)
    figures["hst_speedup"] = round(hst_speedup(), 1)
    console.print(f"HalfSpaceTrees, times River's speed, equal scores: {figures['hst_speedup']:g}")
    figures["model_us_per_event"] = round(model_us_per_event(), 2)
    console.print(f"The model adds {figures['model_us_per_event']:g} us to an event, in batches of 500")
    if asked.json:
        print(json.dumps(figures))
    return 0


def measured(folder: Path, say: Callable[[Table | str], None]) -> Figures:
    """Say what the data in a folder show, or that they are missing, and return the figures."""
    figures: Figures = {}
    for part in (_handbook, _anomaly_sets, _fraudtwin):
        try:
            table, found = part(folder)
        except DataMissingError as missing:
            say(f"quality: {missing}")
        else:
            say(table)
            figures |= found
    return figures


def _handbook(folder: Path) -> tuple[Table, Figures]:
    path = located(published.HANDBOOK_TABLE, folder)
    payments = load_handbook(path)
    stage = handbook_models.staged(payments)
    ceilings = stage.ceilings(payments.fraud)
    traceable = stage.ceilings(load_handbook(path, TRACEABLE).fraud)
    learned, unusual = handbook_models.of_the_product(stage)
    learners = [learned, *handbook_models.with_labels(stage), *handbook_models.of_training_week(stage)]
    detectors = [unusual, *handbook_models.without_labels(stage)]
    shuffled = handbook_models.shuffled(payments)

    seed = f"seed {handbook_models.SEED}"
    table = Table(
        "model", "AUC", "AP", "CP@100", title=f"{published.HANDBOOK_TABLE} {content_hash(path)}, {seed}"
    )
    _section(table, f"with labels, test week 2018-08-08..14, ceiling {ceilings[0]:.3f}")
    _rows(table, ((model.name, model.test) for model in [*learners, shuffled]))
    _rows(table, published.TEST_WEEK.items(), "[dim]published: ")
    _section(table, f"without labels, 2018-07-25..31, ceiling without scenario 2 {traceable[1]:.3f}")
    _rows(table, ((model.name, model.last_validation) for model in detectors))
    _rows(table, published.VALIDATION_WEEK.items(), "[dim]published: ")
    _section(table, f"without labels, test week, ceiling without scenario 2 {traceable[0]:.3f}")
    _rows(table, ((model.name, model.test) for model in detectors))
    _section(table, "mean of three earlier test weeks, on which choices were made")
    _rows(table, ((model.name, model.validation) for model in [*learners, *detectors]))
    best, week = learners[0].test, detectors[0].last_validation
    return table, {
        "handbook_auc": round(best.auc, 3),
        "handbook_ap": round(best.ap, 3),
        "handbook_cp100": round(best.cp100, 3),
        "unsupervised_ap": round(week.ap, 3),
        "unsupervised_cp100": round(week.cp100, 3),
    }


def _anomaly_sets(folder: Path) -> tuple[Table, Figures]:
    first, *_, last = anomaly_models.SEEDS
    table = Table("detector", "AUC", "lowest", "highest", title=f"file order, seeds {first} to {last}")
    figures: Figures = {}
    for name, file in published.ANOMALY_TABLES.items():
        path = located(file, folder)
        spreads = [*anomaly_models.measured(path)]
        _section(table, f"{file} {content_hash(path)}")
        for spread in spreads:
            table.add_row(spread.detector, *_rounded(spread.mean, spread.lowest, spread.highest))
        table.add_row(
            "[dim]published: isolation forest, batch", *_rounded(published.ISOLATION_FOREST_AUC[name])
        )
        table.add_row("[dim]published: River HalfSpaceTrees", *_rounded(published.HALF_SPACE_TREES_AUC[name]))
        figures[f"{name}_auc"] = round(spreads[0].mean, 3)
    return table, figures


def _fraudtwin(folder: Path) -> tuple[Table, Figures]:
    payments, records = (located(name, folder) for name in published.FRAUDTWIN_TABLES)
    recalls = [*fraudtwin.measured(fraudtwin.load_worlds(payments, records))]
    table = Table("detector", "recall", *recalls[0].by_scenario, "hard negatives")
    table.title = (
        f"fraudtwin {content_hash(payments)}, {fraudtwin.ALERTED:.0%} alerted, seed {fraudtwin.SEED}"
    )
    for found in recalls:
        figures = (found.recall, *found.by_scenario.values(), found.hard_negatives)
        table.add_row(found.detector, *_rounded(*figures))
    return table, {"fraudtwin_recall_at_1pct": round(recalls[0].recall, 3)}


def _section(table: Table, title: str) -> None:
    table.add_section()
    table.add_row(f"[bold]{title}")


def _rows(table: Table, models: Iterable[tuple[str, Quality]], prefix: str = "") -> None:
    for name, quality in models:
        table.add_row(f"{prefix}{name}", *_rounded(quality.auc, quality.ap, quality.cp100))


def _rounded(*figures: float) -> list[str]:
    return [f"{figure:.3f}" for figure in figures]


if __name__ == "__main__":
    sys.exit(main())

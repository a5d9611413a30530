"""`make quality`: measures what the online models find, beside the published figures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtest.bench_engine import hst_speedup
from loadtest.quality import anomaly_models, handbook_models, published
from loadtest.quality.data import DATA, TRACEABLE, DataMissingError, content_hash, load_handbook, located
from loadtest.quality.handbook import Quality

Figures = dict[str, Any]


def main() -> int:
    """Measure whatever there are tables for, print one table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    asked = parser.parse_args()
    console = Console(stderr=asked.json)
    table = Table(
        "model", "AUC", "AP", "CP@100", title="What online models find, beside published batch models"
    )
    figures = measured(table, DATA, lambda line: console.print(line, markup=False, highlight=False))
    figures["hst_speedup"] = round(hst_speedup(), 1)
    console.print(table)
    console.print(f"HalfSpaceTrees, times River's speed, equal scores: {figures['hst_speedup']:g}")
    if asked.json:
        print(json.dumps(figures))
    return 0


def measured(table: Table, folder: Path, say: Callable[[str], None]) -> Figures:
    """Add to the table what the data in a folder allow, say what is missing, and return the figures."""
    figures: Figures = {}
    for part in (_handbook, _anomaly_sets):
        try:
            figures |= part(table, folder)
        except DataMissingError as missing:
            say(f"quality: {missing}")
    return figures


def _handbook(table: Table, folder: Path) -> Figures:
    path = located(published.HANDBOOK_TABLE, folder)
    payments = load_handbook(path)
    stage = handbook_models.staged(payments)
    ceilings = stage.ceilings(payments.fraud)
    traceable = stage.ceilings(load_handbook(path, TRACEABLE).fraud)
    supervised = [*handbook_models.with_labels(stage), *handbook_models.of_training_week(stage)]
    detectors = [*handbook_models.without_labels(stage)]
    shuffled = handbook_models.shuffled(payments)
    of_file = f"{published.HANDBOOK_TABLE} {content_hash(path)}, seed {handbook_models.SEED}"

    _section(table, f"with labels, test week 2018-08-08..14, ceiling {ceilings[0]:.3f}; {of_file}")
    _rows(table, ((model.name, model.test) for model in [*supervised, shuffled]), _ours)
    _rows(table, published.TEST_WEEK.items(), _theirs)
    _section(table, f"without labels, week 2018-07-25..31, ceiling without scenario 2 {traceable[1]:.3f}")
    _rows(table, ((model.name, model.last_validation) for model in detectors), _ours)
    _rows(table, published.VALIDATION_WEEK.items(), _theirs)
    _section(table, f"without labels, test week, ceiling without scenario 2 {traceable[0]:.3f}")
    _rows(table, ((model.name, model.test) for model in detectors), _ours)
    _section(table, "mean of three earlier test weeks, on which choices were made")
    _rows(table, ((model.name, model.validation) for model in [*supervised, *detectors]), _ours)
    best, week = supervised[0].test, detectors[0].last_validation
    return {
        "handbook_auc": round(best.auc, 3),
        "handbook_ap": round(best.ap, 3),
        "handbook_cp100": round(best.cp100, 3),
        "unsupervised_ap": round(week.ap, 3),
        "unsupervised_cp100": round(week.cp100, 3),
    }


def _anomaly_sets(table: Table, folder: Path) -> Figures:
    figures: Figures = {}
    for name, file in published.ANOMALY_TABLES.items():
        path = located(file, folder)
        spreads = [*anomaly_models.measured(path)]
        seeds = f"mean of seeds {anomaly_models.SEEDS[0]}..{anomaly_models.SEEDS[-1]}"
        _section(table, f"{file} {content_hash(path)}, file order, {seeds}")
        for spread in spreads:
            table.add_row(
                f"{spread.detector} ({spread.lowest:.3f} to {spread.highest:.3f})", f"{spread.mean:.3f}"
            )
        table.add_row(_theirs("isolation forest, batch"), f"{published.ISOLATION_FOREST_AUC[name]:.3f}")
        table.add_row(_theirs("River HalfSpaceTrees"), f"{published.HALF_SPACE_TREES_AUC[name]:.3f}")
        figures[f"{name}_auc"] = round(spreads[0].mean, 3)
    return figures


def _section(table: Table, title: str) -> None:
    table.add_section()
    table.add_row(f"[bold]{title}")


def _rows(table: Table, models: Any, named: Callable[[str], str]) -> None:
    for name, quality in models:
        table.add_row(named(name), *_figures(quality))


def _ours(name: str) -> str:
    return name


def _theirs(name: str) -> str:
    return f"[dim]published: {name}"


def _figures(quality: Quality) -> tuple[str, str, str]:
    return f"{quality.auc:.3f}", f"{quality.ap:.3f}", f"{quality.cp100:.3f}"


if __name__ == "__main__":
    sys.exit(main())

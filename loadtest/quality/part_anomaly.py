"""The part of `make quality` on the anomaly sets: the detectors beside the published AUCs."""

from __future__ import annotations

from pathlib import Path

from loadtest.quality import anomaly_models, published
from loadtest.quality.data import content_hash, located
from loadtest.quality.part import Figures, Part, rounded, section, table


def measured(folder: Path, _drawn: Path) -> Part:
    """Measure every detector on every set, in file order."""
    first, *_, last = anomaly_models.SEEDS
    out = table(f"file order, seeds {first} to {last}", "detector", "AUC", "lowest", "highest")
    figures: Figures = {}
    for name, file in published.ANOMALY_TABLES.items():
        path = located(file, folder)
        spreads = [*anomaly_models.measured(path)]
        section(out, f"{file} {content_hash(path)}")
        for spread in spreads:
            out.add_row(spread.detector, *rounded(spread.mean, spread.lowest, spread.highest))
        out.add_row("[dim]published: isolation forest, batch", *rounded(published.ISOLATION_FOREST_AUC[name]))
        out.add_row("[dim]published: River HalfSpaceTrees", *rounded(published.HALF_SPACE_TREES_AUC[name]))
        figures[f"{name}_auc"] = round(spreads[0].mean, 3)
    return Part([out], figures)

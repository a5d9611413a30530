"""The detectors on the ADBench sets, one pass in file order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loadtest.quality.data import load_anomaly_set
from loadtest.quality.detectors import half_space_trees, isolation_forest, loda
from loadtest.quality.metrics import auc_roc
from loadtest.quality.prequential import Matrix

SEEDS = (1, 2, 3, 4, 5)
DETECTORS: dict[str, Callable[[Matrix, int], NDArray[np.float64]]] = {
    "LODA": loda,
    "isolation forest, online": isolation_forest,
    "HalfSpaceTrees 25x8": half_space_trees,
}


@dataclass(frozen=True)
class Spread:
    """The AUC of one detector over the seeds."""

    detector: str
    mean: float
    lowest: float
    highest: float


def measured(path: Path) -> Iterator[Spread]:
    """Measure every detector on one set, with every seed."""
    table = load_anomaly_set(path)
    for name, detector in DETECTORS.items():
        aucs = [auc_roc(table.anomaly, detector(table.x, seed)) for seed in SEEDS]
        yield Spread(name, float(np.mean(aucs)), min(aucs), max(aucs))

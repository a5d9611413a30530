"""Detectors find what is unlike the rest, by what came before, and the same each time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from loadtest.quality.anomaly_models import DETECTORS
from loadtest.quality.metrics import auc_roc
from loadtest.quality.prequential import Matrix

Detector = Callable[[Matrix, int], NDArray[np.float64]]
every_detector = pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS)


def drawn(rows: int = 3_000) -> tuple[Matrix, NDArray[np.bool_]]:
    """Return a cloud with a few rows far outside of it, after the first third."""
    random = np.random.default_rng(5)
    x = random.normal(size=(rows, 4))
    outlier = np.zeros(rows, np.bool_)
    outlier[random.choice(np.arange(rows // 3, rows), 20, replace=False)] = True
    x[outlier] += random.choice([-5, 5], size=(20, 4))
    return x, outlier


@every_detector
def test_rows_outside_the_cloud_score_highest(detector: Detector) -> None:
    """Outliers are found in one pass."""
    x, outlier = drawn()
    late = slice(1_000, None)
    assert auc_roc(outlier[late], detector(x, 1)[late]) > 0.95


@every_detector
def test_a_score_depends_on_the_rows_before_it_alone(detector: Detector) -> None:
    """The first rows score the same whatever follows, and the same seed gives the same bits."""
    x, _ = drawn()
    assert np.array_equal(detector(x[:1_500], 1), detector(x, 1)[:1_500])


@every_detector
def test_constant_columns_give_no_nan(detector: Detector) -> None:
    """A feature that never varies says nothing, and breaks nothing."""
    assert np.isfinite(detector(np.ones((600, 3)), 1)).all()

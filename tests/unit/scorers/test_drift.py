"""What changes for good is noticed, and what only varies is not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fraudstream.scorers.drift import BLOCK, BLOCKS_MAX, BLOCKS_MIN, CONFIDENCE, ROUNDING, Drift, last_change


def blocks(count: int, columns: int = 1, shift: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    """Return so many blocks of normal values."""
    return np.random.default_rng(seed).normal(shift, 1, (count * BLOCK, columns))


def test_a_steady_stream_has_no_drift() -> None:
    """Twenty columns over 100 blocks each, heavy tails and ties included."""
    x = blocks(100, columns=20)
    x[:, :5] = np.exp(2 * x[:, :5])
    x[:, 5:10] = np.round(x[:, 5:10])
    assert Drift(20).observe(x).sum() == 0


@pytest.mark.parametrize(("shift", "blocks_max"), [(0.2, 60), (1.0, 40)])
def test_a_change_is_noticed_once(shift: float, blocks_max: int) -> None:
    """A fifth of a deviation takes longer than a whole one; what was before is forgotten then."""
    drift = Drift(1)
    assert drift.observe(blocks(60))[0] == 0
    found = [drift.observe(blocks(1, shift=shift, seed=each + 1))[0] for each in range(100)]
    assert 1 <= sum(found) <= 3
    assert found.index(1) < blocks_max
    assert sum(found[blocks_max:]) == 0


def test_columns_are_watched_each_by_itself() -> None:
    """Only that which changes is named; missing values say nothing, and a column of none never drifts."""
    before, after = blocks(50, columns=3), blocks(50, columns=3, seed=1)
    after[:, 1] += 1
    x = np.vstack([before, after])
    x[::3, 0] = np.nan
    x[:, 2] = np.nan
    found = Drift(3).observe(x)
    assert found[0] == 0
    assert found[1] >= 1
    assert found[2] == 0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 60 * BLOCK), max_size=6))
def test_cuts_and_snapshots_do_not_show(cuts: Sequence[int]) -> None:
    """However the rows come, and from a snapshot in between, the same columns drift at the same rows."""
    x = np.vstack([blocks(30, columns=2), blocks(30, columns=2, shift=0.5, seed=2)])
    whole = Drift(2)
    expected = whole.observe(x)
    pieces, found = Drift(2), np.zeros(2, np.int64)
    for part in np.split(x, sorted(cuts)):
        found += pieces.observe(part)
        again = Drift(2)
        again.restore(pieces.snapshot())
        pieces = again
    assert np.array_equal(found, expected)
    for name, array in whole.snapshot().items():
        assert np.array_equal(array, pieces.snapshot()[name], equal_nan=True)


def test_the_window_is_bounded() -> None:
    """The oldest means leave it, and what is there is what came last."""
    drift = Drift(1)
    drift.observe(blocks(BLOCKS_MAX + 7))
    snapshot = drift.snapshot()
    assert snapshot["drift.counts"].tolist() == [BLOCKS_MAX]
    later = Drift(1)
    later.restore(snapshot)
    assert np.array_equal(later.snapshot()["drift.means"], snapshot["drift.means"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_every_cut_is_tried(means: list[float]) -> None:
    """The last one that a plain loop over the bound finds."""
    window = np.array(means)
    found = None
    for cut in range(BLOCKS_MIN, len(means) - BLOCKS_MIN + 1):
        old, new = window[:cut], window[cut:]
        harmonic = 1 / (1 / len(old) + 1 / len(new))
        log = math.log(2 * math.log(len(means)) / CONFIDENCE)
        bound = math.sqrt(2 / harmonic * float(np.var(window)) * log)
        bound += 2 / (3 * harmonic) * (max(means) - min(means)) * log
        if abs(old.mean() - new.mean()) > bound + ROUNDING:
            found = cut
    assert last_change(window) == found

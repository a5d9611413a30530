"""The streaming rank: its resolution, its memory, and which scores may be used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fraudstream.scorers.calibration import BINS, Calibrator, bin_of
from fraudstream.scorers.protocol import ScorerError

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def _anomaly_scores(count: int) -> NDArray[np.float64]:
    """Scores that crowd just below 1, as those of half-space trees do."""
    return 1.0 - np.random.default_rng(3).lognormal(-4.0, 0.8, count)


def _true_share(raw: NDArray[np.float64], row: int) -> float:
    return float(np.mean(raw[:row] < raw[row]))


@settings(deadline=None)
@given(left=FINITE, right=FINITE)
def test_bins_keep_the_order(left: float, right: float) -> None:
    """A lower score never falls into a higher bin, and every bin exists."""
    low, high = sorted((left, right))
    assert 0 <= bin_of(low) <= bin_of(high) < BINS


@settings(deadline=None)
@given(distance=st.floats(2.0**-19, 0.49), nearest=st.sampled_from([0.0, 1.0]), outside=st.booleans())
def test_bins_tell_one_percent_apart(distance: float, nearest: float, outside: bool) -> None:
    """Two scores whose distances to the nearer of 0 and 1 differ by one percent lie in different bins."""
    sign = (1 if nearest else -1) * (1 if outside else -1)
    assert bin_of(nearest + sign * distance) != bin_of(nearest + sign * distance * 1.01)


@pytest.mark.parametrize("mirrored", [False, True], ids=["near 1", "near 0"])
def test_rank_is_the_share_of_lower_scores(mirrored: bool) -> None:
    """A rank is within half a percent of the exact share, and never above it."""
    raw = 1.0 - _anomaly_scores(20_000) if mirrored else _anomaly_scores(20_000)
    calibrated, _ = Calibrator(0, 1, memory=10**12).rank(raw)
    gaps = [_true_share(raw, row) - calibrated[row] for row in range(1_000, len(raw), 97)]
    assert min(gaps) > -1e-9
    assert max(gaps) < 0.005


def test_rank_resolves_the_top_ten_thousandth() -> None:
    """Among the highest tenth of a percent, ranks are exact to one in twenty thousand."""
    raw = _anomaly_scores(200_000)
    calibrated, _ = Calibrator(0, 1, memory=10**12).rank(raw)
    top = [row for row in np.argsort(raw)[-200:] if row > 20_000]
    assert len(top) > 100
    assert max(abs(_true_share(raw, row) - calibrated[row]) for row in top) < 5e-5


def test_a_record_ranks_first_and_no_higher() -> None:
    """Where each score is the highest so far, all earlier ones are lower, and no rounding passes 1."""
    calibrated, _ = Calibrator(0, 1).rank(np.geomspace(1e-5, 0.4, 900))
    assert calibrated[1:].max() == 1.0
    assert calibrated[1:].min() > 1 - 1e-12


def test_equal_scores_rank_lowest() -> None:
    """Where all scores are equal none is lower, so every rank is 0."""
    calibrated, ready = Calibrator(0, 10).rank(np.full(100, 0.7))
    assert ready[10:].all()
    assert not calibrated.any()


def test_old_scores_fade() -> None:
    """After a lasting fall of all scores, the new ones spread over the ranks again."""
    calibrator = Calibrator(0, 1, memory=500)
    calibrator.rank(_anomaly_scores(5_000))
    calibrator.rank(_anomaly_scores(5_000) - 0.5)
    later, _ = calibrator.rank(_anomaly_scores(2_000) - 0.5)
    assert 0.45 < np.median(later) < 0.55


def test_an_event_fades_by_its_age_alone() -> None:
    """Ranks equal a plain weighted share, through several rescalings of the weights."""
    raw = _anomaly_scores(4_000)
    calibrated, ready = Calibrator(0, 1, memory=3).rank(raw)
    bins = np.array([bin_of(score) for score in raw])
    fading = (3 / 4) ** np.arange(200)
    for row in range(200, len(raw), 7):
        lower = bins[row - 200 : row][::-1] < bins[row]
        assert calibrated[row] == pytest.approx(fading[lower].sum() / fading.sum(), abs=1e-9)
    assert ready[1:].all()


def test_silent_scores_do_not_count() -> None:
    """The scores of the first window are compared with nothing and nothing is compared with them."""
    calibrator = Calibrator(50, 51)
    calibrated, ready = calibrator.rank(np.r_[np.zeros(50), 0.9, 0.5])
    assert list(np.flatnonzero(ready)) == [51]
    assert calibrated[51] == 0.0


def test_scores_that_are_no_numbers_get_no_rank() -> None:
    """NaN and infinite scores are not ready and leave no mark."""
    raw = _anomaly_scores(300)
    expected, _ = Calibrator(0, 1).rank(raw)
    mixed = np.insert(raw, [100, 200, 250], [np.nan, np.inf, -np.inf])
    calibrated, ready = Calibrator(0, 1).rank(mixed)
    assert not ready[[100, 201, 252]].any()
    assert np.array_equal(calibrated[np.isfinite(mixed)], expected)


def test_warm_up_must_outlast_the_silence() -> None:
    """A warm-up within the silent scores is refused, with the least number that serves."""
    with pytest.raises(ScorerError, match="make it more than 250"):
        Calibrator(250, 250)

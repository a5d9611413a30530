"""Figures are read right from pages of metrics."""

from __future__ import annotations

from collections import Counter
from math import inf

import pytest

from loadtest.load.observed import (
    accounted,
    buckets,
    quantile_ms,
    share_within,
    since,
    slope,
    summed,
)
from loadtest.load.soak import rate_of
from loadtest.metrics_page import Metrics, total
from tests.unit.loadtest.load.made_runs import sample

COUNTS = {0.01: 50.0, 0.1: 90.0, 1.0: 99.0, inf: 100.0}


@pytest.mark.parametrize(("share", "ms"), [(0.25, 5), (0.5, 10), (0.7, 55), (0.99, 1_000), (1.0, 1_000)])
def test_quantiles_are_straight_within_a_bucket(share: float, ms: float) -> None:
    """And end at the last bound that is finite."""
    assert quantile_ms(COUNTS, share) == pytest.approx(ms)


def test_an_empty_histogram_has_no_quantile() -> None:
    """Nor has one without buckets; of nothing, all was soon enough."""
    assert quantile_ms({}, 0.5) is None
    assert quantile_ms(since(COUNTS, COUNTS), 0.5) is None
    assert share_within({}, 1.0) == 1.0
    assert share_within(COUNTS, 1.0) == 0.99


def test_pages_add_up() -> None:
    """Counters of two workers are one, and what came of the input is counted by its kind."""
    page: Metrics = {
        "fraudstream_decisions_total": {("allow",): 3.0, ("review",): 2.0},
        "fraudstream_duplicates_total": {(): 1.0},
        "fraudstream_dead_letters_total": {("not_json",): 4.0},
        "fraudstream_latency_seconds_bucket": {("0.1",): 1.0, ("+Inf",): 2.0},
    }
    both = summed([page, page])
    assert accounted(both) == Counter(decision=10, duplicate=2, not_json=8)
    assert total(both, "fraudstream_dead_letters_total", "not_json") == 8
    assert buckets(both) == {0.1: 2.0, inf: 4.0}


def test_the_slope_is_that_of_the_line() -> None:
    """By least squares; a single point has none."""
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(0, 0), (1, 1), (2, 0), (3, 1)]) == pytest.approx(0.2)
    assert slope([(1, 1)]) == 0


def test_the_capacity_leaves_the_first_seconds_out() -> None:
    """Unless there is nothing else."""
    assert rate_of([sample(1.0), sample(11.0), sample(21.0)]) == pytest.approx(10)
    assert rate_of([sample(1.0), sample(2.0)]) == pytest.approx(10)

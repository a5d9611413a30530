"""A worker's metrics page as figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Metrics = Mapping[str, Mapping[tuple[str, ...], float]]
"""Samples by name and label values, in the order of their labels' names."""


def metrics_of(page: str) -> Metrics:
    """Return every sample of a page."""
    metrics: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            values = tuple(value for _, value in sorted(sample.labels.items()))
            metrics[sample.name][values] = sample.value
    return metrics


def total(metrics: Metrics, name: str, *labels: str) -> float:
    """Return the sum of a metric's series, or the one series with these label values."""
    series = metrics.get(name, {})
    return series.get(labels, 0.0) if labels else sum(series.values())

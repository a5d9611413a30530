"""A histogram that takes whole arrays: one search and one addition per batch, not one call per event."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from fraudstream.telemetry.bounded import OTHER


class BatchHistogram(Collector):
    """A Prometheus histogram with at most one label, fed with arrays.

    The first `series_max` values of the label have series of their own, the rest is counted as `other`.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        buckets: Sequence[float],
        registry: CollectorRegistry,
        label: str | None = None,
        series_max: int = 100,
    ) -> None:
        self.name = name
        self.documentation = documentation
        self._bounds = np.array(buckets, dtype=np.float64)
        self._bounds_listed = self._bounds.tolist()
        self.labels = () if label is None else (label,)
        self.series_max = series_max
        self._counts: dict[str, NDArray[np.int64]] = {}
        self._sums: dict[str, float] = {}
        if label is None:
            self.observe(np.empty(0))
        registry.register(self)

    def observe(self, values: NDArray[Any], label: str = "") -> None:
        """Count n values; a value on a bucket's bound falls into that bucket, as Prometheus has it."""
        label = self._shown(label)
        places = np.searchsorted(self._bounds, values, side="left")
        self._counts[label] += np.bincount(places, minlength=len(self._bounds) + 1)
        self._sums[label] += float(np.sum(values))

    def observe_one(self, value: float, label: str = "") -> None:
        """Count one value, for a small part of what an array of one would cost."""
        label = self._shown(label)
        self._counts[label][bisect_left(self._bounds_listed, value)] += 1
        self._sums[label] += value

    def _shown(self, label: str) -> str:
        """Return under which label a value is counted."""
        if label not in self._counts and len(self._counts) >= self.series_max:
            label = OTHER
        if label not in self._counts:
            self._counts[label] = np.zeros(len(self._bounds) + 1, np.int64)
            self._sums[label] = 0.0
        return label

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """Return the family without samples, so that registering needs no data."""
        return [HistogramMetricFamily(self.name, self.documentation)]

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Return the family with its cumulative buckets."""
        family = HistogramMetricFamily(self.name, self.documentation, labels=self.labels)
        bounds = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        for label, counts in list(self._counts.items()):
            cumulative = np.cumsum(counts).tolist()
            buckets = list(zip(bounds, cumulative, strict=True))
            family.add_metric([label] if self.labels else [], buckets, sum_value=self._sums[label])
        return [family]

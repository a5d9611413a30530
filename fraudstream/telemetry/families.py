"""Makes the metrics of one registry, each under the prefix that all of them bear."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from fraudstream.telemetry.histogram import BatchHistogram

PREFIX = "fraudstream_"


class Families:
    """Counters, gauges and histograms of one registry, in the order in which they are asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        # When a counter was made says nothing to an operator, and doubles the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Return a counter, whose name ends in `_total` on the page."""
        return Counter(PREFIX + name, text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """Return a gauge."""
        return Gauge(PREFIX + name, text, labels, registry=self.registry)

    def histogram(
        self, name: str, text: str, buckets: tuple[float, ...], label: str | None = None
    ) -> BatchHistogram:
        """Return a histogram with these upper bounds, and at most one label."""
        return BatchHistogram(PREFIX + name, text, buckets, self.registry, label)

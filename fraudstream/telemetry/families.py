"""Makes the metrics of one registry, each under the prefix that all of them bear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from fraudstream.telemetry.bounded import BoundedCounter, Labels, Table
from fraudstream.telemetry.histogram import BatchHistogram
from fraudstream.telemetry.outcomes import RuleOutcomes

PREFIX = "fraudstream_"


class Families:
    """Counters, gauges and histograms of one registry, in the order in which they are asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        # When a counter was made says nothing to an operator, and doubles the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]

    def counter(self, name: str, text: str, *labels: str, known: Iterable[Labels] = ()) -> Counter:
        """Return a counter, whose name ends in `_total` on the page; its labels have few values.

        It stands at zero for the known ones from the start.
        """
        counter = Counter(PREFIX + name, text, labels, registry=self.registry)
        for values in known:
            counter.labels(*values)
        return counter

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """Return a gauge; its labels have few values."""
        return Gauge(PREFIX + name, text, labels, registry=self.registry)

    def bounded(
        self, name: str, text: str, *labels: str, series_max: int, known: Iterable[Labels] = ()
    ) -> BoundedCounter:
        """Return a counter of which no more series are made, but for one of the others.

        It stands at zero for the known values of its labels from the start.
        """
        counter = BoundedCounter(PREFIX + name, text, labels, self.registry, series_max)
        counter.begin(known)
        return counter

    def table(
        self,
        name: str,
        text: str,
        *labels: str,
        series_max: int,
        together: Callable[[Iterable[float]], float] = sum,
    ) -> Table:
        """Return a gauge that is shown as a whole, of which no more series are made but for the others'."""
        return Table(PREFIX + name, text, labels, self.registry, series_max, together)

    def outcomes(self, name: str, text: str, outcomes: Sequence[str], rules_max: int) -> RuleOutcomes:
        """Return the counter of what rules say."""
        return RuleOutcomes(PREFIX + name, text, outcomes, self.registry, rules_max)

    def histogram(
        self,
        name: str,
        text: str,
        buckets: tuple[float, ...],
        label: str | None = None,
        series_max: int = 1,
    ) -> BatchHistogram:
        """Return a histogram with these upper bounds and at most one label, of so many values."""
        return BatchHistogram(PREFIX + name, text, buckets, self.registry, label, series_max)

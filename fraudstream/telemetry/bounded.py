"""Metrics whose number of series has a bound: what is beyond it is put together as `other`.

What labels hold comes from rules, models and topics, of which a deployment may have thousands; a monitoring
system pays for every series. Sums over a label stay true in spite of the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

OTHER = "other"

Labels = tuple[str, ...]
Values = Mapping[Labels, float]


class BoundedCounter(Collector):
    """A counter that gives the first `series_max` values of its labels series of their own."""

    def __init__(
        self, name: str, documentation: str, labels: Labels, registry: CollectorRegistry, series_max: int
    ) -> None:
        self.name, self.documentation, self.labels = name, documentation, labels
        self.series_max = series_max
        self._counts: dict[Labels, float] = {}
        self._other = (OTHER,) * len(labels)
        registry.register(self)

    def begin(self, known: Iterable[Labels]) -> None:
        """Stand at zero for these values of the labels, where there is room for all of them.

        Else series are kept for those that count first.
        """
        new = [values for values in dict.fromkeys(known) if values not in self._counts]
        if len(self._counts) + len(new) <= self.series_max:
            # Replaced as a whole: a scrape may be reading the other.
            self._counts = self._counts | dict.fromkeys(new, 0.0)

    def inc(self, number: float, *values: str) -> None:
        """Count so many more under some values of the labels."""
        if values not in self._counts and len(self._counts) >= self.series_max:
            values = self._other
        self._counts[values] = self._counts.get(values, 0.0) + number

    def describe(self) -> Iterable[CounterMetricFamily]:
        """Return the family without samples."""
        return [CounterMetricFamily(self.name, self.documentation, labels=self.labels)]

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Return the family with its samples."""
        family = CounterMetricFamily(self.name, self.documentation, labels=self.labels)
        for values, count in list(self._counts.items()):
            family.add_metric(values, count)
        return [family]


class Table(Collector):
    """A gauge that is shown as a whole: the `series_max` largest values, and the others together.

    What is not in the last showing leaves the page, and no scrape sees half of one. `together` makes one
    figure of the others.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Labels,
        registry: CollectorRegistry,
        series_max: int,
        together: Callable[[Iterable[float]], float] = sum,
    ) -> None:
        self.name, self.documentation, self.labels = name, documentation, labels
        self.series_max = series_max
        self._together = together
        self._rows: Values = {}
        self._find: Callable[[], Values] | None = None
        registry.register(self)

    def show(self, rows: Values) -> None:
        """Show these from now on."""
        self._find, self._rows = None, self._bounded(rows)

    def show_later(self, find: Callable[[], Values]) -> None:
        """Show what a function returns; the next scrape calls it, once, in its own thread."""
        self._find = find

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the family with its samples."""
        if (find := self._find) is not None:
            self.show(find())
        family = self._family()
        for values, value in self._rows.items():
            family.add_metric(values, value)
        return [family]

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return the family without samples."""
        return [self._family()]

    def _family(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(self.name, self.documentation, labels=self.labels)

    def _bounded(self, rows: Values) -> Values:
        if len(rows) <= self.series_max:
            return dict(rows)
        ranked = sorted(rows, key=lambda values: (-rows[values], values))
        others = [rows[values] for values in ranked[self.series_max :]]
        shown = {values: rows[values] for values in ranked[: self.series_max]}
        return shown | {(OTHER,) * len(self.labels): self._together(others)}

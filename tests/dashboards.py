"""The dashboards as the tests see them: panels, and their queries taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from deploy.grafana.build import files

CHOICES = re.compile(r"\$(?:job|instance|model)\b")


class Selector(NamedTuple):
    """A metric in a query, and the labels that it is asked for."""

    metric: str
    labels: tuple[str, ...]


class Asked(NamedTuple):
    """One query of a panel."""

    dashboard: str
    panel: str
    query: str
    legend: str

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.dashboard} / {self.panel}"

    @property
    def selectors(self) -> list[Selector]:
        """The metrics that it reads."""
        found = re.findall(r"(\w+)\{([^}]*)\}", self.query)
        return [Selector(metric, tuple(re.findall(r"(\w+)=", matchers))) for metric, matchers in found]

    @property
    def kept(self) -> set[str]:
        """The labels that it sums by."""
        return {label for group in re.findall(r"by \(([^)]*)\)", self.query) for label in group.split(", ")}

    def over(self, window: str) -> str:
        """Return the query for everything, with rates over a time."""
        return CHOICES.sub(".*", self.query).replace("$__rate_interval", window)


def dashboards() -> list[dict[str, Any]]:
    """Return all dashboards as JSON."""
    return [json.loads(text) for text in files().values()]


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard, without its headings."""
    return [each for each in dashboard["panels"] if each["type"] != "row"]


def queries() -> Iterator[Asked]:
    """Yield every query of every panel."""
    for dashboard in dashboards():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield Asked(dashboard["uid"], panel["title"], target["expr"], target.get("legendFormat", ""))

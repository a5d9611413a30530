"""Writes out the queries of panels: `<events_total>` is the metric of the workers that are chosen above."""

from __future__ import annotations

import re
from typing import NamedTuple

from fraudstream.telemetry.families import PREFIX

CHOSEN = 'job=~"$job",instance=~"$instance"'
"""What every metric is asked for: the jobs and workers that the reader has chosen."""
OF_OTHERS = ("up", "process_")
"""How the names of metrics begin that are not of fraudstream."""

_METRIC = re.compile(r"<(\w+)(?:, ([^<>]+))?>")


class Query(NamedTuple):
    """What a panel asks, in short, and how each answer is named: `{{label}}` is a label's value."""

    text: str
    legend: str = ""

    @property
    def promql(self) -> str:
        """The query in full.

        `<name>` and `<name, label="x">` stand for a metric without its prefix, and `[rate]` for the time over
        which Grafana wants a rate.
        """
        return _METRIC.sub(_selector, self.text).replace("[rate]", "[$__rate_interval]")


def _selector(found: re.Match[str]) -> str:
    name, matchers = found.groups()
    prefix = "" if name.startswith(OF_OTHERS) else PREFIX
    return f"{prefix}{name}{{{','.join(filter(None, (CHOSEN, matchers)))}}}"


def share(part: str, whole: str) -> str:
    """Return one counter as a share of another, in short."""
    return f"sum(rate(<{part}>[rate])) / sum(rate(<{whole}>[rate]))"


def quantile(of: float, histogram: str, by: str = "") -> str:
    """Return a quantile of a histogram, in short; `by` is a label to keep."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({of}, sum by ({labels}) (rate(<{histogram}_bucket>[rate])))"

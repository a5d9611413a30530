"""Compares a report with an earlier one of the same scenario, by ratios."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loadtest.load.report import SCHEMA

WORSE_SHARE = 0.25
MORE_IS_BETTER: Mapping[str, float] = {"events_per_s": 1.0}
LESS_IS_BETTER: Mapping[str, float] = {
    "latency_ms_p50": 5.0,
    "latency_ms_p99": 10.0,
    "lag_s_max": 0.5,
    "drained_s": 2.0,
    "rss_mb_max": 20.0,
}
"""Figures by the difference below which nothing is said: clock and page are not that exact."""


class BaselineError(ValueError):
    """A baseline is none for this run; the message says why."""


def read(path: Path) -> dict[str, Any]:
    """Read a report; BaselineError where the file holds none."""
    try:
        report = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path}: no report: {error}") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise BaselineError(f"{path}: no report: its schema is not {SCHEMA}")
    return report


def check(baseline: Mapping[str, Any], scenario: str, rate_per_s: float, asked_s: float) -> None:
    """Raise BaselineError where a baseline is of a run of another kind."""
    for name, value in {"scenario": scenario, "rate_per_s": rate_per_s, "asked_s": asked_s}.items():
        if baseline.get(name) != value:
            raise BaselineError(
                f"the baseline's {name} is {baseline.get(name)}, this run's is {value}: "
                "only the same scenario at the same rate for as long is compared"
            )


def worse_than(
    baseline: Mapping[str, Any], report: Mapping[str, Any], share: float = WORSE_SHARE
) -> list[str]:
    """Say which figures are worse than those of the same kind of run by more than a share."""
    return [*_worse(baseline["figures"], report["figures"], share)]


def _worse(before: Mapping[str, float], now: Mapping[str, float], share: float) -> Iterator[str]:
    for name, least in {**MORE_IS_BETTER, **LESS_IS_BETTER}.items():
        old, new = before[name], now[name]
        loss, limit = (old - new, old * share) if name in MORE_IS_BETTER else (new - old, old * share)
        if loss > max(limit, least):
            ratio = f"{new / old:.2f}x" if old else "from none"
            yield f"{name}: {old:g} was, {new:g} is ({ratio})."

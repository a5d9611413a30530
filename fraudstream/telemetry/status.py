"""What one worker says of itself, in the figures that an operator looks at first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fraudstream.telemetry.scraping import ANYBODY, Page, Reader, ScrapeError, scrape


@dataclass(frozen=True)
class CheckpointStatus:
    """When the last checkpoint of a shard was written, how long ago, and the size of its state."""

    shard: str
    age_s: float
    state_bytes: float


@dataclass(frozen=True)
class WorkerStatus:
    """One worker; all figures but the address and the trouble are empty where it cannot be reached.

    Attributes
    ----------
    trouble
        Why it cannot be reached, None where it can.
    not_ready
        Why it is not ready, by what is amiss.
    latency
        How many events took at most so many seconds, for all bounds of the histogram.
    read_at
        When the page was read, in seconds since 1970 UTC.
    """

    url: str
    read_at: float
    trouble: str | None = None
    not_ready: Mapping[str, str] = field(default_factory=dict)
    is_standby: bool = False
    version: str = ""
    ruleset: str = ""
    rules: int = 0
    bundle: int | None = None
    """The sequence of the bundle that the ruleset came in, None where it came in none."""
    partitions: int = 0
    uptime_s: float = 0.0
    memory_bytes: float = 0.0
    events: float = 0.0
    alerts: float = 0.0
    in_flight_batches: float = 0.0
    recovery_pending: float = 0.0
    checkpoints: tuple[CheckpointStatus, ...] = ()
    latency: Mapping[float, float] = field(default_factory=dict)
    hits: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """By rule and status."""
    dead_letters: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether it answers, and is ready."""
        return self.trouble is None and not self.not_ready

    @property
    def state(self) -> str:
        """Return its state in a word or two."""
        if self.trouble is not None:
            return "unreachable"
        if self.not_ready:
            return "not ready: " + ", ".join(self.not_ready)
        return "standby" if self.is_standby else "ready"


def worker_status(url: str, now: float, reader: Reader = ANYBODY) -> WorkerStatus:
    """Return what the worker at a base address says to a reader at a time; never raises."""
    try:
        page, ready = scrape(url, reader)
    except ScrapeError as error:
        return WorkerStatus(url, now, trouble=str(error))
    ruleset = _info(page, "ruleset_info")
    pending = page.by("recovery_pending_messages", "shard")
    return WorkerStatus(
        url,
        now,
        not_ready={each["check"]: each["why"] for each in ready["reasons"]},
        is_standby=bool(ready["is_standby"]),
        version=_info(page, "build_info").get("version", ""),
        ruleset=ruleset.get("version", ""),
        rules=int(ruleset.get("rules", 0)),
        bundle=int(ruleset.get("bundle") or 0) or None,
        partitions=int(ready["partitions"]),
        uptime_s=max(0.0, now - (page.value("process_start_time_seconds") or now)),
        memory_bytes=page.value("process_resident_memory_bytes") or 0.0,
        events=page.value("events_total") or 0.0,
        alerts=page.value("alerts_total") or 0.0,
        in_flight_batches=page.value("in_flight_batches") or 0.0,
        recovery_pending=sum(pending.values()),
        checkpoints=_checkpoints(page, now),
        latency={float(bound): n for bound, n in page.by("latency_seconds_bucket", "le").items()},
        hits=_hits(page),
        dead_letters=_counted(page.by("dead_letters_total", "reason")),
        errors=_counted(page.by("errors_total", "stage")),
    )


def _counted(totals: Mapping[str, float]) -> dict[str, float]:
    """Return what has been counted at all."""
    return {name: total for name, total in totals.items() if total}


def _info(page: Page, name: str) -> Mapping[str, str]:
    found = page.samples(name)
    return found[0].labels if found else {}


def _checkpoints(page: Page, now: float) -> tuple[CheckpointStatus, ...]:
    sizes = page.by("checkpoint_state_bytes", "shard")
    written = page.by("checkpoint_timestamp_seconds", "shard")
    return tuple(
        CheckpointStatus(shard, max(0.0, now - at), sizes.get(shard, 0.0)) for shard, at in written.items()
    )


def _hits(page: Page) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["rule"], sample.labels["status"]): sample.value
        for sample in page.samples("rule_outcomes_total")
        if sample.labels["outcome"] == "hit"
    }


def quantile(counts: Mapping[float, float], share: float) -> float | None:
    """Return the bound below which a share of what a histogram has counted lies.

    Within a bucket the values are taken to be spread evenly, as Prometheus does. None where it is empty; the
    last bound where it lies beyond.
    """
    bounds = sorted(counts)
    total = counts[bounds[-1]] if bounds else 0.0
    if not total:
        return None
    below, low = 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= share * total and counts[bound] > below:
            if math.isinf(bound):
                return low
            return low + (bound - low) * (share * total - below) / (counts[bound] - below)
        below, low = counts[bound], bound
    return low


def as_json(worker: WorkerStatus) -> dict[str, Any]:
    """Return a worker as plain data."""
    return {
        "url": worker.url,
        "state": worker.state,
        "trouble": worker.trouble,
        "not_ready": dict(worker.not_ready),
        "version": worker.version,
        "ruleset": worker.ruleset,
        "rules": worker.rules,
        "bundle": worker.bundle,
        "partitions": worker.partitions,
        "uptime_s": round(worker.uptime_s, 1),
        "memory_bytes": int(worker.memory_bytes),
        "events": int(worker.events),
        "alerts": int(worker.alerts),
        "in_flight_batches": int(worker.in_flight_batches),
        "recovery_pending_messages": int(worker.recovery_pending),
        "latency_s_p99": quantile(worker.latency, 0.99),
        "checkpoints": [
            {"shard": each.shard, "age_s": round(each.age_s, 1), "state_bytes": int(each.state_bytes)}
            for each in worker.checkpoints
        ],
    }

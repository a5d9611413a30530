"""The whole service at a moment: every worker by its pages, and the group by its cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fraudstream.telemetry.scraping import Reader
from fraudstream.telemetry.status import WorkerStatus, as_json, quantile, worker_status

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.stream.behind import Backlog

SCHEMA = "fraudstream.status/v1"
AT_ONCE = 16
"""So many workers are asked at a time."""


@dataclass(frozen=True)
class Overview:
    """What `status` and `top` show; without a `backlog` the cluster is silent, and `trouble` says why."""

    topology: str
    kafka: str
    group: str
    workers: tuple[WorkerStatus, ...]
    backlog: Backlog | None
    trouble: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether the cluster answers, and every worker does and is ready under the same rules."""
        return self.backlog is not None and all(each.is_well for each in self.workers) and self.is_of_one_mind

    @property
    def is_of_one_mind(self) -> bool:
        """Whether all workers that answer run the same ruleset."""
        return len(self.rulesets) <= 1

    @property
    def rulesets(self) -> Counter[str]:
        """How many workers run each ruleset."""
        return Counter(each.ruleset for each in self.workers if each.ruleset)

    def hits(self) -> list[tuple[tuple[str, str], float]]:
        """Return rules with their status and hits on all workers, the most first, without those of none."""
        hits = summed([each.hits for each in self.workers])
        return sorted(((rule, n) for rule, n in hits.items() if n), key=lambda each: (-each[1], each[0]))

    def dead_letters(self) -> dict[str, float]:
        """Return the dead letters of all workers by reason."""
        return summed([each.dead_letters for each in self.workers])

    def errors(self) -> dict[str, float]:
        """Return the failures of all workers by stage."""
        return summed([each.errors for each in self.workers])


@dataclass(frozen=True)
class Pace:
    """What a worker did between two looks; None where it cannot be told."""

    events_per_s: float | None
    latency_s_p99: float | None


def overview(topology: Topology, urls: Sequence[str], now: float, reader: Reader) -> Overview:
    """Look at the cluster and, as a reader, at the workers at these addresses; never raises."""
    from fraudstream.stream.behind import backlog  # noqa: PLC0415 - as above
    from fraudstream.stream.errors import BrokerError  # noqa: PLC0415 - Faust is slow to import

    found, trouble = None, None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        workers = pool.map(lambda url: worker_status(url, now, reader), urls)
        try:
            found = backlog(topology)
        except BrokerError as error:
            trouble = str(error)
        kafka = topology.kafka
        return Overview(topology.name, kafka.bootstrap, kafka.group, tuple(workers), found, trouble)


def pace(now: WorkerStatus, before: WorkerStatus | None) -> Pace:
    """Return what a worker did since it was looked at before, or since its start."""
    restarted = before is not None and before.events > now.events
    if before is None or before.trouble is not None or restarted:
        seconds, events, latency = now.uptime_s, now.events, dict(now.latency)
    else:
        seconds, events = now.read_at - before.read_at, now.events - before.events
        latency = {bound: n - before.latency.get(bound, 0.0) for bound, n in now.latency.items()}
    if now.trouble is not None or seconds <= 0:
        return Pace(None, None)
    return Pace(events / seconds, quantile(latency, 0.99))


def summed(several: Sequence[Mapping[Any, float]]) -> dict[Any, float]:
    """Return the sums of several tables."""
    total: Counter[Any] = Counter()
    for each in several:
        total.update(each)
    return dict(total)


def overview_json(found: Overview) -> dict[str, Any]:
    """Return an overview as one JSON object."""
    backlog = found.backlog
    return {
        "schema": SCHEMA,
        "topology": found.topology,
        "is_well": found.is_well,
        "kafka": {
            "bootstrap": found.kafka,
            "trouble": found.trouble,
            "group": found.group,
            "group_state": backlog and backlog.state,
            "group_members": backlog and backlog.members,
        },
        "lag": [] if backlog is None else [each._asdict() for each in backlog.partitions],
        "workers": [as_json(each) for each in found.workers],
        "rulesets": dict(found.rulesets),
        "rules": [
            {"rule": rule, "status": status, "hits": int(hits)} for (rule, status), hits in found.hits()
        ],
        "dead_letters": {reason: int(n) for reason, n in found.dead_letters().items()},
        "errors": {stage: int(n) for stage, n in found.errors().items()},
    }

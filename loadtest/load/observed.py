"""What a run looked like from outside: the workers' metrics, second by second, and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from loadtest.chaos_audit import Figures
from loadtest.metrics_page import Metrics, total

Buckets = dict[float, float]
"""Of a histogram: how many were at most so many seconds, by the bound."""
MIB = 2**20


@dataclass(frozen=True)
class Sample:
    """The workers together at one moment of a run.

    Counters count from the start of the run; names without a unit are numbers. Latencies are those of the
    events since the sample before, None where there were none.
    """

    seconds: float
    sent: int
    events: float
    events_per_s: float
    lag_events: float
    lag_s: float
    latency_ms_p50: float | None
    latency_ms_p99: float | None
    rss_mb: float
    state_mb: float
    entities: float
    batch_events: float
    checkpoints: float
    checkpoint_errors: float
    alerts: float
    duplicates: float
    late: float
    evicted_entities: float
    dead_letters: dict[str, float]


@dataclass
class Run:
    """A run that is over.

    Attributes
    ----------
    seconds, asked_s
        How long messages were sent, and how long that was to take.
    sent, fates
        How many messages there were, and how many of them that are no plain event: "late", "duplicate", or
        "dead letter".
    latency
        Of all events from the beginning to the end.
    accounted
        What the workers say has become of their input; empty where one of them was killed.
    figures
        What the audit says (loadtest/chaos_audit.py).
    drained_s
        From the last message sent until all were judged and committed.
    good_lost, good_added
        Alerts of an engine that sees the plain events alone that never came or differ, and how many others
        there are; None where the run does not ask.
    watermark_s, newest_s
        Where the workers' watermark stands, and the newest plain event, in seconds since 1970 UTC.
    blow
        Why the workers did not get over what was done to them; empty where they did.
    """

    seconds: float
    asked_s: float
    events_per_s: float
    sent: int
    fates: Counter[str]
    samples: list[Sample]
    latency: Buckets
    accounted: Counter[str]
    figures: Figures
    drained_s: float
    good_lost: int | None = None
    good_added: int | None = None
    watermark_s: float = 0.0
    newest_s: float = 0.0
    blow: str = ""
    notes: list[str] = field(default_factory=list)


def accounted(metrics: Metrics) -> Counter[str]:
    """Return what has become of the input by metrics: decision, duplicate, or reason of a dead letter."""
    letters = metrics.get("fraudstream_dead_letters_total", {})
    found = Counter({reason: int(number) for (reason,), number in letters.items()})
    found["decision"] = int(sum(metrics.get("fraudstream_decisions_total", {}).values()))
    found["duplicate"] = int(total(metrics, "fraudstream_duplicates_total"))
    return found


def summed(pages: Iterable[Metrics]) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the metrics of several workers as one: each series is the sum of theirs."""
    together: dict[str, dict[tuple[str, ...], float]] = {}
    for page in pages:
        for name, series in page.items():
            into = together.setdefault(name, {})
            for labels, value in series.items():
                into[labels] = into.get(labels, 0.0) + value
    return together


def buckets(metrics: Metrics) -> Buckets:
    """Return the histogram of latencies."""
    series = metrics.get("fraudstream_latency_seconds_bucket", {})
    return {float(bound.replace("+Inf", "inf")): count for (bound,), count in series.items()}


def since(after: Buckets, before: Buckets) -> Buckets:
    """Return what came into a histogram in between."""
    return {bound: count - before.get(bound, 0.0) for bound, count in sorted(after.items())}


def quantile_ms(counts: Buckets, share: float) -> float | None:
    """Return a quantile in milliseconds, straight within its bucket; None where the histogram is empty.

    Beyond the last finite bound it is that bound.
    """
    if not counts or not counts.get(inf):
        return None
    wanted, finite = share * counts[inf], {0.0: 0.0, **{k: v for k, v in counts.items() if k < inf}}
    for (low, below), (high, upto) in pairwise(sorted(finite.items())):
        if upto >= wanted and upto > below:
            return 1_000 * (low + (high - low) * (wanted - below) / (upto - below))
    return 1_000 * max(finite)


def share_within(counts: Buckets, seconds: float) -> float:
    """Return the share of a histogram that is at most a bound; 1 where it is empty."""
    return counts.get(seconds, 0.0) / counts[inf] if counts.get(inf) else 1.0


def slope(points: Iterable[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line through points (x, y); 0 for fewer than two."""
    found = list(points)
    if len({x for x, _ in found}) < 2:
        return 0.0
    mean_x, mean_y = (sum(axis) / len(found) for axis in zip(*found, strict=True))
    covariance: float = sum((x - mean_x) * (y - mean_y) for x, y in found)
    spread: float = sum((x - mean_x) ** 2 for x, _ in found)
    return covariance / spread


def total_letters(letters: Mapping[str, float]) -> float:
    """Return how many dead letters have a reason."""
    return sum(number for reason, number in letters.items() if reason not in ("", "other"))

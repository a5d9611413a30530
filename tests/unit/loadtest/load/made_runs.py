"""A run in which everything holds, to be changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import inf

from loadtest.chaos_audit import Figures
from loadtest.load.observed import Run, Sample

SECONDS = 1_200
"""Long enough to tell of memory."""
FIGURES: Figures = {
    "alerts_expected": 40,
    "alerts_lost": 0,
    "alerts_duplicated": 0,
    "decisions_different": 0,
    "events_unread": 0,
    "dead_letters_expected": 6,
    "dead_letters_lost": 0,
    "dead_letters_duplicated": 0,
    "dead_letters_different": 0,
}


def sample(seconds: float) -> Sample:
    """Return how a run looks after so many seconds in which everything holds."""
    return Sample(
        seconds=seconds,
        sent=int(10 * seconds),
        events=10 * seconds,
        events_per_s=10.0,
        lag_events=1.0,
        lag_s=0.1,
        latency_ms_p50=5.0,
        latency_ms_p99=20.0,
        rss_mb=400.0,
        state_mb=20.0,
        entities=1_000.0,
        batch_events=3.0,
        checkpoints=seconds // 10,
        checkpoint_errors=2.0 if seconds > 600 else 0.0,
        alerts=40.0,
        duplicates=5.0,
        late=4.0,
        evicted_entities=7.0,
        dead_letters={"not_json": 2.0, "ahead_of_time": 4.0},
    )


def run() -> Run:
    """Return a run in which everything holds."""
    return Run(
        seconds=SECONDS,
        asked_s=SECONDS,
        events_per_s=10.0,
        sent=12_000,
        fates=Counter({"late": 4, "duplicate": 5, "dead letter": 6}),
        samples=[sample(float(second)) for second in range(1, SECONDS + 2, 10)],
        latency={0.01: 6_000.0, 1.0: 11_990.0, inf: 12_000.0},
        accounted=Counter({"decision": 11_989, "duplicate": 5, "not_json": 6}),
        figures=dict(FIGURES),
        drained_s=0.5,
        good_lost=0,
        good_added=0,
        watermark_s=1_790_000_000.5,
        newest_s=1_790_000_000.5,
    )


def with_last(found: Run, **changes: object) -> Run:
    """Return a run whose last sample differs."""
    last = replace(found.samples[-1], **changes)  # type: ignore[arg-type]
    return replace(found, samples=[*found.samples[:-1], last])


def with_samples(found: Run, since: float, **changes: object) -> Run:
    """Return a run whose samples from a share of it on differ."""
    return replace(
        found,
        samples=[
            replace(each, **changes) if each.seconds >= since * found.seconds else each  # type: ignore[arg-type]
            for each in found.samples
        ],
    )

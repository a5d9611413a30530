"""Looks at the metrics of all workers of a rig each second while a run lasts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from loadtest.crash_rig import CrashRig
from loadtest.demo_worker import Worker
from loadtest.load.observed import (
    MIB,
    Buckets,
    Sample,
    accounted,
    buckets,
    quantile_ms,
    since,
    summed,
)
from loadtest.metrics_page import Metrics, total

EVERY_SECONDS = 1.0
_FATES = ("decision", "duplicate")


class Sampler:
    """Collects samples while the block lasts; what a worker counted before it counts for nothing."""

    def __init__(self, rig: CrashRig, sent: Callable[[], int]) -> None:
        self._rig, self._sent = rig, sent
        self._last: dict[Worker, Metrics] = {}
        """Of each worker the last page that it answered: the counters of one that was killed count on."""
        self._answering: list[Metrics] = []
        self.samples: list[Sample] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Sampler:
        self._look()
        self._begin, self._base = time.monotonic(), self.counted()
        self._before = buckets(self._base)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def counted(self) -> Metrics:
        """Return the counters of all workers together, as they were last seen."""
        return summed(self._last.values())

    def latency(self) -> Buckets:
        """Return the histogram of latencies since the beginning."""
        return since(buckets(self.counted()), buckets(self._base))

    def finish(self) -> Metrics:
        """Take a last sample, and return the counters of all workers together."""
        self._over.set()
        self._thread.join()
        return self._add()

    def _add(self) -> Metrics:
        self._look()
        self.samples.append(self._sample(time.monotonic() - self._begin))
        return self.counted()

    def _run(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self._add()

    def _look(self) -> None:
        pages = {worker: worker.metrics() for worker in tuple(self._rig.workers)}
        self._last |= {worker: page for worker, page in pages.items() if page}
        self._answering = [page for page in pages.values() if page]

    def _sample(self, seconds: float) -> Sample:
        counted, now = self.counted(), summed(self._answering)
        latency = buckets(counted)
        fresh, self._before = since(latency, self._before), latency
        events = self._grown(counted, "fraudstream_events_total")
        last = self.samples[-1] if self.samples else None
        batches = self._grown(counted, "fraudstream_batch_events_count")
        return Sample(
            seconds=seconds,
            sent=self._sent(),
            events=events,
            events_per_s=(events - last.events) / (seconds - last.seconds) if last else events / seconds,
            lag_events=total(now, "fraudstream_lag_events"),
            lag_s=_largest(self._answering, "fraudstream_lag_seconds"),
            latency_ms_p50=quantile_ms(fresh, 0.5),
            latency_ms_p99=quantile_ms(fresh, 0.99),
            rss_mb=total(now, "process_resident_memory_bytes") / MIB,
            state_mb=total(now, "fraudstream_state_bytes") / MIB,
            entities=_largest(self._answering, "fraudstream_feature_entities"),
            batch_events=events / batches if batches else 0.0,
            checkpoints=self._grown(counted, "fraudstream_checkpoints_total"),
            checkpoint_errors=self._grown(counted, "fraudstream_errors_total", "checkpoint"),
            alerts=self._grown(counted, "fraudstream_alerts_total"),
            duplicates=self._grown(counted, "fraudstream_duplicates_total"),
            late=self._grown(counted, "fraudstream_late_events_total"),
            evicted_entities=self._grown(counted, "fraudstream_evictions_total", "entities"),
            dead_letters=self._letters(counted),
        )

    def _grown(self, counted: Metrics, name: str, *labels: str) -> float:
        return total(counted, name, *labels) - total(self._base, name, *labels)

    def _letters(self, counted: Metrics) -> dict[str, float]:
        grown = accounted(counted)
        grown.subtract(accounted(self._base))
        return {reason: float(number) for reason, number in grown.items() if number and reason not in _FATES}


def _largest(pages: list[Metrics], name: str) -> float:
    return max((value for page in pages for value in page.get(name, {}).values()), default=0.0)

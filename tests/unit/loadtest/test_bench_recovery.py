"""The benchmark of recovery reads the pages that a worker shows."""

from __future__ import annotations

import time
from typing import cast

from prometheus_client import generate_latest

from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.worker import WorkerTelemetry
from loadtest import metrics_page
from loadtest.bench_recovery import BEGUN_SECONDS_MAX, Watch
from loadtest.demo_worker import Worker
from tests.unit.rule_files import rule_file, ruleset_of


class Shown:
    """A worker, of which there are only its metrics."""

    def __init__(self) -> None:
        self._metrics = Metrics()
        self.telemetry = WorkerTelemetry(self._metrics, ruleset_of(rule_file()))

    def metrics(self) -> metrics_page.Metrics:
        """Return what its page says."""
        return metrics_page.metrics_of(generate_latest(self._metrics.registry).decode())


def test_a_checkpoint_is_seen_when_and_as_it_was_written() -> None:
    """Its time comes with the number of its shard, and is found all the same; each is noted once."""
    shown = Shown()
    watch = Watch(cast(Worker, shown))
    watch.look()
    assert watch.spans_ms == []
    shown.telemetry.on_checkpoint_begun(0.025)
    shown.telemetry.on_checkpoint(0, seconds=2.0, added_bytes=7, state_bytes=9)
    written_ms = time.time() * 1000
    watch.look()
    watch.look()
    assert watch.covers([int(written_ms - 2_000), int(written_ms + 5_000)]).tolist() == [True, False]
    ((begin_ms, end_ms),) = watch.spans_ms
    assert round(end_ms - begin_ms) == round((2.0 + BEGUN_SECONDS_MAX) * 1000)
    assert (watch.pauses_ms, watch.size_bytes) == ([25.0], 7.0)

"""Turns what a worker reports into metrics, and serves them over HTTP."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import start_http_server

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.result import OUTCOMES, AlertKind, StepResult
from fraudstream.telemetry.metrics import Metrics


class WorkerTelemetry:
    """The observer of one worker: once per batch, every figure of the batch."""

    def __init__(self, metrics: Metrics, rule_ids: Sequence[str], ruleset_version: str) -> None:
        self._metrics = metrics
        metrics.ruleset.labels(ruleset_version, str(len(rule_ids))).set(1)
        self._outcomes = [
            [metrics.rule_outcomes.labels(rule, each) for each in OUTCOMES] for rule in rule_ids
        ]
        self._actions = [metrics.decisions.labels(action) for action in ACTIONS]

    def serve(self, host: str, port: int) -> int:
        """Answer `/metrics` in a thread; return the port, chosen by the system where 0 is asked for.

        OSError where the address is taken.
        """
        server, _ = start_http_server(port, host, self._metrics.registry)
        return int(server.server_port)

    def on_batch(
        self,
        result: StepResult,
        *,
        events: int,
        step_seconds: float,
        append_ms: NDArray[Any],
        done_ms: float,
    ) -> None:
        """Record one batch whose alerts and dead letters the broker has acknowledged."""
        metrics = self._metrics
        metrics.events.inc(events)
        metrics.duplicates.inc(result.duplicates)
        metrics.late.inc(result.late)
        kinds = Tally(alert.kind for alert in result.alerts)
        metrics.alerts.inc(kinds[AlertKind.EVENT])
        metrics.overflows.inc(kinds[AlertKind.OVERFLOW])
        for rule, number in result.held_back.items():
            metrics.held_back.labels(rule).inc(number)
        for name, number in result.allowed.items():
            metrics.allowed.labels(name).inc(number)
        for (rule, band), number in result.bands.items():
            metrics.band_hits.labels(rule, band).inc(number)
        metrics.suppressed.inc(result.suppressed)
        metrics.batch_events.observe(np.array([events]))
        metrics.step_seconds.observe(np.array([step_seconds]))
        metrics.latency_seconds.observe(np.maximum(done_ms - append_ms, 0) / 1000)
        for reason, number in Tally(letter.reason for letter in result.dead_letters).items():
            metrics.dead_letters.labels(reason).inc(number)
        for action, number in enumerate(np.bincount(result.decisions.action, minlength=len(ACTIONS))):
            self._actions[action].inc(int(number))
        for index, outcome in zip(*np.nonzero(result.rule_outcomes), strict=True):
            self._outcomes[index][outcome].inc(int(result.rule_outcomes[index, outcome]))
        for model, scores in result.model_scores.items():
            metrics.model_score.observe(scores, model)

    def on_lag(self, partition: int, events: int) -> None:
        """Record how many messages of a partition are not yet read."""
        self._metrics.lag_events.labels(str(partition)).set(events)

    def on_error(self, stage: str) -> None:
        """Record a failure of the worker."""
        self._metrics.errors.labels(stage).inc()

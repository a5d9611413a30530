"""From what came of a batch to figures: a handful of additions, however many events it has."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.result import AlertKind

if TYPE_CHECKING:
    from fraudstream.engine.result import Shadow, StepResult
    from fraudstream.telemetry.metrics import Metrics

MICROSECONDS = 1_000_000


class BatchRecorder:
    """Records the results of steps."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._actions = [metrics.traffic.decisions.labels(action) for action in ACTIONS]

    def record(self, result: StepResult) -> None:
        """Record what came of a batch."""
        self._count_events(result)
        self._count_rules(result)
        self._count_shadow(result.shadow)
        self._count_models(result)

    def _count_events(self, result: StepResult) -> None:
        traffic = self._metrics.traffic
        traffic.duplicates.inc(result.duplicates)
        traffic.late.inc(result.late)
        traffic.warming_decisions.inc(result.warming)
        traffic.suppressed.inc(result.suppressed)
        kinds = Tally(alert.kind for alert in result.alerts)
        traffic.alerts.inc(kinds[AlertKind.EVENT])
        traffic.overflows.inc(kinds[AlertKind.OVERFLOW])
        for name, number in result.allowed.items():
            traffic.allowed.inc(number, name)
        for reason, number in Tally(letter.reason for letter in result.dead_letters).items():
            traffic.dead_letters.inc(number, reason)
        decided = np.bincount(result.decisions.action, minlength=len(ACTIONS))
        for counter, number in zip(self._actions, decided.tolist(), strict=True):
            counter.inc(number)

    def _count_rules(self, result: StepResult) -> None:
        rules = self._metrics.rules
        for rule, number in result.held_back.items():
            rules.held_back.inc(number, rule)
        for (rule, band), number in result.bands.items():
            rules.band_hits.inc(number, rule, band)
        if result.rule_ids:
            rules.outcomes.add(result.rule_ids, result.rule_outcomes)

    def _count_shadow(self, would_be: Shadow) -> None:
        shadow = self._metrics.shadow
        for rule, number in Tally(rule for _, rule in would_be.told).items():
            shadow.alerts.inc(number, rule)
        for rule, number in would_be.changes.items():
            shadow.changes.inc(number, rule)
        for actions, number in would_be.decisions.items():
            shadow.decisions.labels(*actions).inc(number)

    def _count_models(self, result: StepResult) -> None:
        models = self._metrics.models
        for (model, what), number in result.drifted.items():
            models.drifts.inc(number, model, what)
        for outcome, number in result.labels.items():
            models.labels.labels(outcome).inc(number)
        if len(result.label_delay_us):
            models.label_delay.observe(result.label_delay_us / MICROSECONDS)
        for model, scores in result.model_scores.items():
            models.score.observe(scores, model)

    def record_times(self, events: int, step_seconds: float, latency_ms: NDArray[Any]) -> None:
        """Record how many messages a batch had, how long its step took, and how long each event [n]."""
        latency = self._metrics.latency
        latency.batch_events.observe_one(events)
        latency.step_seconds.observe_one(step_seconds)
        latency.latency_seconds.observe(np.maximum(latency_ms, 0) / 1000)

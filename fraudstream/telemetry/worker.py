"""Turns what a worker reports into metrics, and serves them over HTTP."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, start_http_server

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.result import OUTCOMES, AlertKind, StepResult
from fraudstream.engine.stats import EngineStats
from fraudstream.telemetry.metrics import Metrics


class WorkerTelemetry:
    """The observer of one worker: once per batch, every figure of the batch."""

    def __init__(self, metrics: Metrics, rule_ids: Sequence[str], ruleset_version: str) -> None:
        self._metrics = metrics
        self._show_ruleset(ruleset_version, len(rule_ids))
        self._outcomes: dict[tuple[str, ...], list[list[Counter]]] = {}
        self._outcomes_of(tuple(rule_ids))
        self._actions = [metrics.traffic.decisions.labels(action) for action in ACTIONS]
        self._changes = {each: metrics.rules.changes.labels(each) for each in ("loaded", "refused")}

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
        metrics.traffic.events.inc(events)
        metrics.traffic.duplicates.inc(result.duplicates)
        metrics.traffic.late.inc(result.late)
        metrics.traffic.warming_decisions.inc(result.warming)
        kinds = Tally(alert.kind for alert in result.alerts)
        metrics.traffic.alerts.inc(kinds[AlertKind.EVENT])
        metrics.traffic.overflows.inc(kinds[AlertKind.OVERFLOW])
        for rule, number in result.held_back.items():
            metrics.rules.held_back.labels(rule).inc(number)
        for name, number in result.allowed.items():
            metrics.traffic.allowed.labels(name).inc(number)
        for (rule, band), number in result.bands.items():
            metrics.rules.band_hits.labels(rule, band).inc(number)
        metrics.rules.suppressed.inc(result.suppressed)
        for (model, what), number in result.drifted.items():
            metrics.models.drifts.labels(model, what).inc(number)
        for outcome, number in result.labels.items():
            metrics.models.labels.labels(outcome).inc(number)
        metrics.latency.batch_events.observe(np.array([events]))
        metrics.latency.step_seconds.observe(np.array([step_seconds]))
        metrics.latency.latency_seconds.observe(np.maximum(done_ms - append_ms, 0) / 1000)
        for reason, number in Tally(letter.reason for letter in result.dead_letters).items():
            metrics.traffic.dead_letters.labels(reason).inc(number)
        for action, number in enumerate(np.bincount(result.decisions.action, minlength=len(ACTIONS))):
            self._actions[action].inc(int(number))
        outcomes = self._outcomes_of(result.rule_ids)
        for rule, outcome in zip(*np.nonzero(result.rule_outcomes), strict=True):
            outcomes[rule][outcome].inc(int(result.rule_outcomes[rule, outcome]))
        for model, scores in result.model_scores.items():
            metrics.models.score.observe(scores, model)

    def _outcomes_of(self, rule_ids: tuple[str, ...]) -> list[list[Counter]]:
        """Return the counters of the outcomes of some rules, those of the ruleset in force at hand."""
        if rule_ids not in self._outcomes:
            counter = self._metrics.rules.outcomes
            self._outcomes = {
                rule_ids: [[counter.labels(rule, each) for each in OUTCOMES] for rule in rule_ids]
            }
        return self._outcomes[rule_ids]

    def on_ruleset(self, version: str, rules: int) -> None:
        """Record the ruleset that is in force from now on."""
        self._changes["loaded"].inc()
        self._show_ruleset(version, rules)

    def on_ruleset_refused(self, reason: str) -> None:
        """Record a changed ruleset that is refused."""
        self._changes["refused"].inc()
        self._metrics.rules.refusals.labels(reason).inc()

    def _show_ruleset(self, version: str, rules: int) -> None:
        self._metrics.rules.ruleset.clear()
        self._metrics.rules.ruleset.labels(version, str(rules)).set(1)

    def on_memory(self, stats: EngineStats) -> None:
        """Record what the engine holds."""
        metrics = self._metrics
        parts = {
            "features": stats.feature_bytes,
            "log": stats.log_bytes,
            "texts": stats.text_bytes,
            "ids": stats.id_bytes,
        }
        for part, held in parts.items():
            metrics.state.state_bytes.labels(part).set(held)
        metrics.state.log_events.set(stats.log_events)
        metrics.traffic.warming_shards.set(stats.warming)
        of_models = (metrics.models.resting, metrics.models.auc, metrics.models.recall)
        for gauge in (*of_models, metrics.state.feature_bytes, metrics.state.feature_entities):
            # What a ruleset no longer has leaves the page.
            gauge.clear()
        for model, rests in stats.resting.items():
            metrics.models.resting.labels(model).set(int(rests))
        for model, skill in stats.skills.items():
            if skill.auc is not None and skill.recall_at_1pct is not None:
                metrics.models.auc.labels(model).set(skill.auc)
                metrics.models.recall.labels(model).set(skill.recall_at_1pct)
        for each in stats.features:
            metrics.state.feature_bytes.labels(each.names[0]).set(each.stats.bytes)
            metrics.state.feature_entities.labels(each.names[0]).set(each.stats.entities)

    def on_lag(self, partition: int, events: int) -> None:
        """Record how many messages of a partition are not yet read."""
        self._metrics.latency.lag_events.labels(str(partition)).set(events)

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Record a recovery."""
        self._metrics.checkpoints.recovery_seconds.set(seconds)
        self._metrics.checkpoints.recovered.inc(messages)

    def on_checkpoint_begun(self, pause_seconds: float) -> None:
        """Record how long the events waited."""
        self._metrics.checkpoints.pause.set(pause_seconds)

    def on_checkpoint(self, seconds: float, size_bytes: int) -> None:
        """Record a checkpoint that is written."""
        metrics = self._metrics
        metrics.checkpoints.written.inc()
        metrics.checkpoints.written_at.set_to_current_time()
        metrics.checkpoints.seconds.set(seconds)
        metrics.checkpoints.added_bytes.set(size_bytes)

    def on_error(self, stage: str) -> None:
        """Record a failure of the worker."""
        self._metrics.traffic.errors.labels(stage).inc()

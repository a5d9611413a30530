"""Turns what a worker reports into metrics, and serves them over HTTP."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, make_wsgi_app

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.result import OUTCOMES, AlertKind, StepResult
from fraudstream.engine.stats import EngineStats
from fraudstream.telemetry.http_server import OPEN, Access, serve
from fraudstream.telemetry.metrics import Metrics


class WorkerTelemetry:
    """The observer of one worker: once per batch, every figure of the batch."""

    def __init__(self, metrics: Metrics, rule_ids: Sequence[str], ruleset_version: str) -> None:
        self._metrics = metrics
        self._show_ruleset(ruleset_version, len(rule_ids))
        self._outcomes: dict[tuple[str, ...], list[list[Counter]]] = {}
        self._outcomes_of(tuple(rule_ids))
        self._actions = [metrics.decisions.labels(action) for action in ACTIONS]
        self._changes = {each: metrics.ruleset_changes.labels(each) for each in ("loaded", "refused")}

    def serve(self, host: str, port: int, access: Access = OPEN) -> int:
        """Answer `/metrics` in a thread; return the port, chosen by the system where 0 is asked for.

        OSError where the address is taken.
        """
        pages = make_wsgi_app(self._metrics.registry)
        return serve(pages, host, port, access, lambda why: self._metrics.http_refusals.labels(why).inc())

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
        metrics.warming_decisions.inc(result.warming)
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
        for (model, what), number in result.drifted.items():
            metrics.drifts.labels(model, what).inc(number)
        for outcome, number in result.labels.items():
            metrics.labels.labels(outcome).inc(number)
        metrics.batch_events.observe(np.array([events]))
        metrics.step_seconds.observe(np.array([step_seconds]))
        metrics.latency_seconds.observe(np.maximum(done_ms - append_ms, 0) / 1000)
        for reason, number in Tally(letter.reason for letter in result.dead_letters).items():
            metrics.dead_letters.labels(reason).inc(number)
        for action, number in enumerate(np.bincount(result.decisions.action, minlength=len(ACTIONS))):
            self._actions[action].inc(int(number))
        outcomes = self._outcomes_of(result.rule_ids)
        for rule, outcome in zip(*np.nonzero(result.rule_outcomes), strict=True):
            outcomes[rule][outcome].inc(int(result.rule_outcomes[rule, outcome]))
        for model, scores in result.model_scores.items():
            metrics.model_score.observe(scores, model)

    def _outcomes_of(self, rule_ids: tuple[str, ...]) -> list[list[Counter]]:
        """Return the counters of the outcomes of some rules, those of the ruleset in force at hand."""
        if rule_ids not in self._outcomes:
            counter = self._metrics.rule_outcomes
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
        self._metrics.ruleset_refusals.labels(reason).inc()

    def _show_ruleset(self, version: str, rules: int) -> None:
        self._metrics.ruleset.clear()
        self._metrics.ruleset.labels(version, str(rules)).set(1)

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
            metrics.state_bytes.labels(part).set(held)
        metrics.log_events.set(stats.log_events)
        metrics.warming_shards.set(stats.warming)
        of_models = (metrics.model_resting, metrics.model_auc, metrics.model_recall)
        for gauge in (*of_models, metrics.feature_bytes, metrics.feature_entities):
            # What a ruleset no longer has leaves the page.
            gauge.clear()
        for model, rests in stats.resting.items():
            metrics.model_resting.labels(model).set(int(rests))
        for model, skill in stats.skills.items():
            if skill.auc is not None and skill.recall_at_1pct is not None:
                metrics.model_auc.labels(model).set(skill.auc)
                metrics.model_recall.labels(model).set(skill.recall_at_1pct)
        for each in stats.features:
            metrics.feature_bytes.labels(each.names[0]).set(each.stats.bytes)
            metrics.feature_entities.labels(each.names[0]).set(each.stats.entities)

    def on_lag(self, partition: int, events: int) -> None:
        """Record how many messages of a partition are not yet read."""
        self._metrics.lag_events.labels(str(partition)).set(events)

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Record a recovery."""
        self._metrics.recovery_seconds.set(seconds)
        self._metrics.recovered_messages.inc(messages)

    def on_checkpoint_begun(self, pause_seconds: float) -> None:
        """Record how long the events waited."""
        self._metrics.checkpoint_pause.set(pause_seconds)

    def on_checkpoint(self, seconds: float, size_bytes: int) -> None:
        """Record a checkpoint that is written."""
        metrics = self._metrics
        metrics.checkpoints.inc()
        metrics.checkpoint_time.set_to_current_time()
        metrics.checkpoint_seconds.set(seconds)
        metrics.checkpoint_bytes.set(size_bytes)

    def on_error(self, stage: str) -> None:
        """Record a failure of the worker."""
        self._metrics.errors.labels(stage).inc()

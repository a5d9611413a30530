"""Every metric of fraudstream: names, labels, base units and meaning. Nothing else defines one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from fraudstream.telemetry.histogram import BatchHistogram

LATENCY_SECONDS_BUCKETS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
)
BATCH_EVENTS_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
SCORE_BUCKETS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0)


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        # When a counter was made says nothing to an operator, and doubles the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.events = self._counter("events", "Messages taken from the input topic.")
        self.decisions = self._counter("decisions", "Events judged, by the action decided.", "action")
        self.duplicates = self._counter("duplicates", "Events dropped because their id was seen before.")
        self.late = self._counter("late_events", "Events judged after the lateness had passed.")
        self.dead_letters = self._counter(
            "dead_letters", "Messages that could not be judged, by reason.", "reason"
        )
        self.alerts = self._counter("alerts", "Alerts on events acknowledged by the broker.")
        self.suppressed = self._counter(
            "suppressed_hits", "Rule hits and typologies kept back because their key is quiet."
        )
        self.held_back = self._counter(
            "held_back_hits", "Rule hits kept back because the rule's hourly budget is used up.", "rule"
        )
        self.overflows = self._counter(
            "overflow_summaries", "Summaries of held-back hits acknowledged by the broker."
        )
        self.allowed = self._counter(
            "allow_listed_decisions", "Decisions that an allow-list made milder, by list.", "list"
        )
        self.band_hits = self._counter("band_hits", "Hits of rules with bands, by band.", "rule", "band")
        self.rule_outcomes = self._counter(
            "rule_outcomes", "Verdicts of each rule: hit, miss or not_evaluated.", "rule", "outcome"
        )
        self.labels = self._counter(
            "labels",
            "Labels taken in: fraud, genuine, repeated, or unknown as their events do not wait.",
            "outcome",
        )
        self.errors = self._counter("errors", "Failures of the worker, by stage.", "stage")
        self.warming_shards = self._gauge(
            "warming_shards", "Shards that judge with an incomplete past: messages had left the topic."
        )
        self.warming_decisions = self._counter(
            "warming_decisions", "Decisions judged with an incomplete past; docs/contract.md says until when."
        )
        self.recovery_seconds = self._gauge(
            "recovery_seconds", "How long the last recovery of the state took."
        )
        self.recovered_messages = self._counter(
            "recovered_messages", "Messages read again to recover the state; nothing comes of them."
        )
        self.checkpoints = self._counter("checkpoints", "Checkpoints written.")
        self.checkpoint_time = self._gauge(
            "checkpoint_timestamp_seconds", "When the last checkpoint was written."
        )
        self.checkpoint_seconds = self._gauge(
            "checkpoint_seconds", "How long writing the last checkpoint took."
        )
        self.checkpoint_bytes = self._gauge(
            "checkpoint_bytes", "What the last checkpoint added to its place."
        )
        self.checkpoint_pause = self._gauge(
            "checkpoint_pause_seconds", "How long events waited for the last checkpoint to begin."
        )
        self.batch_events = self._histogram("batch_events", "Messages per batch.", BATCH_EVENTS_BUCKETS)
        self.step_seconds = self._histogram(
            "step_seconds", "Time to judge one batch.", LATENCY_SECONDS_BUCKETS
        )
        self.latency_seconds = self._histogram(
            "latency_seconds",
            "From the append of an event to the acknowledgement of its batch's alerts.",
            LATENCY_SECONDS_BUCKETS,
        )
        self.model_score = self._histogram(
            "model_score", "Calibrated scores given by each model.", SCORE_BUCKETS, "model"
        )
        self.drifts = self._counter(
            "model_drifts", "Changes for good of what a model reads, or of its score.", "model", "of"
        )
        self.model_resting = self._gauge(
            "model_resting",
            "1 while a model that has drifted leaves the events to the rules, else 0.",
            "model",
        )
        self.model_auc = self._gauge(
            "model_auc", "By the labels so far, how often a fraud scored above a genuine event.", "model"
        )
        self.model_recall = self._gauge(
            "model_recall_at_1pct",
            "Share of labelled frauds whose scores were in the top hundredth.",
            "model",
        )
        self.lag_events = self._gauge("lag_events", "Messages not yet read, by partition.", "partition")
        self.state_bytes = self._gauge(
            "state_bytes", "Memory of the engine: features, log, texts, ids (against duplicates).", "part"
        )
        self.log_events = self._gauge("log_events", "Events that the exact windows still hold.")
        self.feature_bytes = self._gauge(
            "feature_bytes", "Memory of each feature beyond the log, by its first name.", "feature"
        )
        self.feature_entities = self._gauge(
            "feature_entities", "Entities that each feature is kept for, by its first name.", "feature"
        )
        self.ruleset = self._gauge(
            "ruleset_info", "1 for the ruleset in force, with its content hash.", "version", "rules"
        )
        self.ruleset_changes = self._counter(
            "ruleset_changes", "Changed rules: loaded, or refused.", "result"
        )
        self.ruleset_refusals = self._counter(
            "ruleset_refusals",
            "Changed rules that were refused; docs/publishing.md has the reasons.",
            "reason",
        )
        self.http_refusals = self._counter(
            "http_refusals",
            "HTTP requests that were not answered: credentials, method, rate, or busy.",
            "reason",
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"fraudstream_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"fraudstream_{name}", text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], label: str | None = None
    ) -> BatchHistogram:
        return BatchHistogram(f"fraudstream_{name}", text, buckets, self.registry, label)

"""Every metric of fraudstream: names, labels, base units and meaning. Nothing else defines one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from fraudstream.telemetry.families import Families

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


class Traffic:
    """What comes in, and what is decided of it."""

    def __init__(self, of: Families) -> None:
        self.events = of.counter("events", "Messages taken from the input topic.")
        self.decisions = of.counter("decisions", "Events judged, by the action decided.", "action")
        self.duplicates = of.counter("duplicates", "Events dropped because their id was seen before.")
        self.late = of.counter("late_events", "Events judged after the lateness had passed.")
        self.dead_letters = of.counter(
            "dead_letters", "Messages that could not be judged, by reason.", "reason"
        )
        self.alerts = of.counter("alerts", "Alerts on events acknowledged by the broker.")
        self.overflows = of.counter(
            "overflow_summaries", "Summaries of held-back hits acknowledged by the broker."
        )
        self.allowed = of.counter(
            "allow_listed_decisions", "Decisions that an allow-list made milder, by list.", "list"
        )
        self.warming_decisions = of.counter(
            "warming_decisions", "Decisions judged with an incomplete past; docs/contract.md says until when."
        )
        self.warming_shards = of.gauge(
            "warming_shards", "Shards that judge with an incomplete past: messages had left the topic."
        )
        self.errors = of.counter("errors", "Failures of the worker, by stage.", "stage")


class Rules:
    """What each rule does, and which rules are in force."""

    def __init__(self, of: Families) -> None:
        self.outcomes = of.counter(
            "rule_outcomes", "Verdicts of each rule: hit, miss or not_evaluated.", "rule", "outcome"
        )
        self.band_hits = of.counter("band_hits", "Hits of rules with bands, by band.", "rule", "band")
        self.suppressed = of.counter(
            "suppressed_hits", "Rule hits and typologies kept back because their key is quiet."
        )
        self.held_back = of.counter(
            "held_back_hits", "Rule hits kept back because the rule's hourly budget is used up.", "rule"
        )
        self.ruleset = of.gauge(
            "ruleset_info", "1 for the ruleset in force, with its content hash.", "version", "rules"
        )
        self.changes = of.counter("ruleset_changes", "Changed rules: loaded, or refused.", "result")
        self.refusals = of.counter(
            "ruleset_refusals",
            "Changed rules that were refused; docs/publishing.md has the reasons.",
            "reason",
        )


class Models:
    """What the models give, and what they were worth."""

    def __init__(self, of: Families) -> None:
        self.score = of.histogram(
            "model_score", "Calibrated scores given by each model.", SCORE_BUCKETS, "model"
        )
        self.drifts = of.counter(
            "model_drifts", "Changes for good of what a model reads, or of its score.", "model", "of"
        )
        self.resting = of.gauge(
            "model_resting",
            "1 while a model that has drifted leaves the events to the rules, else 0.",
            "model",
        )
        self.auc = of.gauge(
            "model_auc", "By the labels so far, how often a fraud scored above a genuine event.", "model"
        )
        self.recall = of.gauge(
            "model_recall_at_1pct",
            "Share of labelled frauds whose scores were in the top hundredth.",
            "model",
        )
        self.labels = of.counter(
            "labels",
            "Labels taken in: fraud, genuine, repeated, or unknown as their events do not wait.",
            "outcome",
        )


class Latency:
    """How long events take, and how many wait."""

    def __init__(self, of: Families) -> None:
        self.batch_events = of.histogram("batch_events", "Messages per batch.", BATCH_EVENTS_BUCKETS)
        self.step_seconds = of.histogram("step_seconds", "Time to judge one batch.", LATENCY_SECONDS_BUCKETS)
        self.latency_seconds = of.histogram(
            "latency_seconds",
            "From the append of an event to the acknowledgement of its batch's alerts.",
            LATENCY_SECONDS_BUCKETS,
        )
        self.lag_events = of.gauge("lag_events", "Messages not yet read, by partition.", "partition")


class State:
    """What the engine holds in memory."""

    def __init__(self, of: Families) -> None:
        self.state_bytes = of.gauge(
            "state_bytes", "Memory of the engine: features, log, texts, ids (against duplicates).", "part"
        )
        self.log_events = of.gauge("log_events", "Events that the exact windows still hold.")
        self.feature_bytes = of.gauge(
            "feature_bytes", "Memory of each feature beyond the log, by its first name.", "feature"
        )
        self.feature_entities = of.gauge(
            "feature_entities", "Entities that each feature is kept for, by its first name.", "feature"
        )


class Checkpoints:
    """What is kept of the state, and how it was recovered."""

    def __init__(self, of: Families) -> None:
        self.recovery_seconds = of.gauge("recovery_seconds", "How long the last recovery of the state took.")
        self.recovered = of.counter(
            "recovered_messages", "Messages read again to recover the state; nothing comes of them."
        )
        self.written = of.counter("checkpoints", "Checkpoints written.")
        self.written_at = of.gauge("checkpoint_timestamp_seconds", "When the last checkpoint was written.")
        self.seconds = of.gauge("checkpoint_seconds", "How long writing the last checkpoint took.")
        self.added_bytes = of.gauge("checkpoint_bytes", "What the last checkpoint added to its place.")
        self.pause = of.gauge(
            "checkpoint_pause_seconds", "How long events waited for the last checkpoint to begin."
        )


class Metrics:
    """The metrics of one worker by subject, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        of = Families(self.registry)
        self.traffic = Traffic(of)
        self.rules = Rules(of)
        self.models = Models(of)
        self.latency = Latency(of)
        self.state = State(of)
        self.checkpoints = Checkpoints(of)

"""Every metric of fraudstream: names, labels, base units and meaning. Nothing else defines one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from fraudstream.engine.result import OUTCOMES
from fraudstream.telemetry.families import Families
from fraudstream.telemetry.limits import (
    BANDS_MAX,
    BATCH_EVENTS_BUCKETS,
    FEATURES_MAX,
    LABEL_DELAY_SECONDS_BUCKETS,
    LABELS_MAX,
    LATENCY_SECONDS_BUCKETS,
    MODELS_MAX,
    PARTITIONS_MAX,
    RULES_MAX,
    RULES_RANKED,
    SCORE_BUCKETS,
    SHARDS_MAX,
    STAGE_SECONDS_BUCKETS,
)
from fraudstream.telemetry.words import (
    DEAD_LETTER_REASONS,
    ERROR_STAGES,
    GRAVER,
    HTTP_REFUSALS,
    LABEL_OUTCOMES,
    RULE_REFUSALS,
    SPAN_OUTCOMES,
)


class Process:
    """What runs."""

    def __init__(self, of: Families) -> None:
        self.build = of.table(
            "build_info",
            "1, with the versions of the program and of Python.",
            "version",
            "python",
            series_max=1,
        )
        self.ready = of.gauge(
            "ready", "1 while `/health/ready` answers 200, else 0; docs/operating.md says when."
        )
        self.errors = of.bounded(
            "errors",
            "Failures of the worker, by stage.",
            "stage",
            series_max=LABELS_MAX,
            known=zip(ERROR_STAGES),
        )
        self.http_refusals = of.counter(
            "http_refusals",
            "HTTP requests that were not answered: credentials, method, rate, or busy.",
            "reason",
            known=zip(HTTP_REFUSALS),
        )
        self.spans = of.counter(
            "trace_spans",
            "Spans of traces: sent, or dropped as the collector failed or too many waited (full).",
            "outcome",
            known=zip(SPAN_OUTCOMES),
        )
        # Of this process by their usual names: memory, processor time, open files, start.
        ProcessCollector(registry=of.registry)


class Traffic:
    """What comes in, and what is decided of it."""

    def __init__(self, of: Families) -> None:
        self.events = of.counter("events", "Messages taken from the input topic.")
        self.input_bytes = of.counter("input_bytes", "Payload of the messages taken from the input topic.")
        self.decisions = of.counter("decisions", "Events judged, by the action decided.", "action")
        self.duplicates = of.counter("duplicates", "Events dropped because their id was seen before.")
        self.late = of.counter("late_events", "Events judged after the lateness had passed.")
        self.dead_letters = of.bounded(
            "dead_letters",
            "Messages that could not be judged, by reason.",
            "reason",
            series_max=LABELS_MAX,
            known=zip(DEAD_LETTER_REASONS),
        )
        self.alerts = of.counter("alerts", "Alerts on events acknowledged by the broker.")
        self.suppressed = of.counter(
            "suppressed_hits", "Rule hits and typologies kept back because their key is quiet."
        )
        self.overflows = of.counter(
            "overflow_summaries", "Summaries of held-back hits acknowledged by the broker."
        )
        self.allowed = of.bounded(
            "allow_listed_decisions",
            "Decisions that an allow-list made milder, by list.",
            "list",
            series_max=LABELS_MAX,
        )
        self.warming_shards = of.gauge(
            "warming_shards", "Shards that judge with an incomplete past: messages had left the topic."
        )
        self.warming_decisions = of.counter(
            "warming_decisions", "Decisions judged with an incomplete past; docs/contract.md says until when."
        )


class Latency:
    """How long events take, and how many wait."""

    def __init__(self, of: Families) -> None:
        self.batch_events = of.histogram("batch_events", "Messages per batch.", BATCH_EVENTS_BUCKETS)
        self.step_seconds = of.histogram("step_seconds", "Time to judge one batch.", LATENCY_SECONDS_BUCKETS)
        self.stage_seconds = of.histogram(
            "stage_seconds",
            "Time of one batch in each stage: decode, features, score, judge (rules), decide (typologies, "
            "budgets, texts of alerts), emit (until the broker has it); learn for labels; route (to the "
            "shares) in a keyed topology. commit is one commit of offsets, or one transaction: beside or in "
            "emit.",
            STAGE_SECONDS_BUCKETS,
            "stage",
            20,
        )
        self.latency_seconds = of.histogram(
            "latency_seconds",
            "From the append of an event to the acknowledgement of its batch's alerts.",
            LATENCY_SECONDS_BUCKETS,
        )
        self.lag_events = of.table(
            "lag_events", "Messages not yet done with, by partition.", "partition", series_max=PARTITIONS_MAX
        )
        self.lag_seconds = of.table(
            "lag_seconds",
            "Age of the oldest message not yet done with, by partition; 0 where none waits. Until it is "
            "fetched, the age of the newest one that is done with, which is a little more.",
            "partition",
            series_max=PARTITIONS_MAX,
            together=max,
        )
        self.oldest_seconds = of.gauge(
            "oldest_unprocessed_seconds", "Age of the oldest message not yet done with, of all partitions."
        )
        self.batches_open = of.gauge("in_flight_batches", "Batches fetched and not yet acknowledged.")
        self.bytes_open = of.gauge("in_flight_bytes", "Payload of the batches not yet acknowledged.")
        self.backpressure = of.counter(
            "backpressure_seconds", "Time in which nothing was read since too much was under way."
        )


class Rules:
    """What each rule does, and which rules are in force."""

    def __init__(self, of: Families) -> None:
        self.outcomes = of.outcomes(
            "rule_outcomes",
            "Verdicts of each rule that runs: hit, miss or not_evaluated; status is live or shadow.",
            OUTCOMES,
            RULES_MAX,
        )
        self.hidden = of.gauge(
            "rules_hidden", "Rules that run without series of their own: `other` has their figures."
        )
        self.held_back = of.bounded(
            "held_back_hits",
            "Rule hits kept back because the rule's hourly budget is used up.",
            "rule",
            series_max=RULES_MAX,
        )
        self.budget = of.table(
            "rule_alert_budget",
            "Alerts that each rule may tell in an hour, where that is limited.",
            "rule",
            series_max=RULES_MAX,
        )
        self.cost_share = of.table(
            "rule_cost_share",
            "Share of each rule in the cost of all, 0 to 1: estimated from its text by the model of "
            "`fraudstream rules lint --costs`, not measured. Times that of the stages features and judge.",
            "rule",
            series_max=RULES_RANKED,
        )
        self.band_hits = of.bounded(
            "band_hits", "Hits of rules with bands, by band.", "rule", "band", series_max=BANDS_MAX
        )
        self.rules = of.table("rules", "Rules in force, by status.", "status", series_max=10)
        self.ruleset = of.table(
            "ruleset_info",
            "1 for the ruleset that the worker has taken up last, with its content hash, the number of rules "
            "that run, and the sequence of its bundle where it came in one.",
            "version",
            "rules",
            "bundle",
            series_max=1,
        )
        self.stage_ruleset = of.table(
            "stage_ruleset_info",
            "1 for each stage of the worker, with the ruleset by which it folds; none while it stands by.",
            "stage",
            "version",
            series_max=PARTITIONS_MAX,
        )
        self.loaded_at = of.gauge("ruleset_timestamp_seconds", "When the ruleset in force was loaded.")
        self.stale = of.gauge(
            "ruleset_stale", "1 while changed rules are refused and older ones stay in force, else 0."
        )
        self.changes = of.counter("ruleset_changes", "Changed rules: loaded, or refused.", "result")
        self.refusals = of.bounded(
            "ruleset_refusals",
            "Changed rules that were refused; docs/publishing.md has the reasons.",
            "reason",
            series_max=LABELS_MAX,
            known=zip(RULE_REFUSALS),
        )


class Shadow:
    """What rules that do not act would tell and change."""

    def __init__(self, of: Families) -> None:
        self.alerts = of.bounded(
            "shadow_alerts",
            "Shadow alerts that tell of each rule, or would if a topic took them.",
            "rule",
            series_max=RULES_MAX,
        )
        self.changes = of.bounded(
            "shadow_changed_decisions",
            "Decisions that would be graver if this shadow rule alone were live.",
            "rule",
            series_max=RULES_MAX,
        )
        self.decisions = of.counter(
            "shadow_decisions",
            "Decisions that would be graver if all shadow rules were live, by action and would-be action.",
            "action",
            "would_be",
            known=GRAVER,
        )


class Models:
    """What the models give, and what they were worth."""

    def __init__(self, of: Families) -> None:
        self.model = of.table(
            "model_info",
            "1 for each model in force, with its kind and a hash of its file.",
            "model",
            "estimator",
            "version",
            series_max=MODELS_MAX,
        )
        self.score = of.histogram(
            "model_score", "Calibrated scores given by each model.", SCORE_BUCKETS, "model", MODELS_MAX
        )
        self.drifts = of.bounded(
            "model_drifts",
            "Changes for good of what a model reads, or of its score.",
            "model",
            "of",
            series_max=FEATURES_MAX,
        )
        self.resting = of.table(
            "model_resting",
            "1 while a model that has drifted leaves the events to the rules, else 0.",
            "model",
            series_max=MODELS_MAX,
            together=max,
        )
        self.auc = of.table(
            "model_auc",
            "By the labels so far, how often a fraud scored above a genuine event.",
            "model",
            series_max=MODELS_MAX,
            together=min,
        )
        self.recall = of.table(
            "model_recall_at_1pct",
            "Share of labelled frauds whose scores were in the top hundredth.",
            "model",
            series_max=MODELS_MAX,
            together=min,
        )
        self.labels = of.counter(
            "labels",
            "Labels taken in: fraud, genuine, repeated, or unknown as their events do not wait.",
            "outcome",
            known=zip(LABEL_OUTCOMES),
        )
        self.label_delay = of.histogram(
            "label_delay_seconds",
            "From an event to its first label, in event time.",
            LABEL_DELAY_SECONDS_BUCKETS,
        )


class State:
    """What the engine holds in memory."""

    def __init__(self, of: Families) -> None:
        self.state_bytes = of.gauge(
            "state_bytes", "Memory of the engine: features, log, texts, ids (against duplicates).", "part"
        )
        self.log_events = of.gauge("log_events", "Events that the exact windows still hold.")
        self.feature_bytes = of.table(
            "feature_bytes",
            "Memory of each feature beyond the log, by its first name.",
            "feature",
            series_max=FEATURES_MAX,
        )
        self.feature_entities = of.table(
            "feature_entities",
            "Entities that each feature is kept for, by its first name.",
            "feature",
            series_max=FEATURES_MAX,
        )
        self.feature_warm = of.table(
            "feature_warm_ratio",
            "Share of the window of each feature that has passed since it began to count, by its first name.",
            "feature",
            series_max=FEATURES_MAX,
            together=min,
        )
        self.evictions = of.counter(
            "evictions",
            "What was forgotten as no window reaches it any more: events of the log, entities.",
            "of",
        )
        self.watermark = of.gauge("watermark_timestamp_seconds", "The greatest event time so far.")


class Checkpoints:
    """What is kept of the state, and how it was recovered; shard 0 reads the input, others are stages."""

    def __init__(self, of: Families) -> None:
        self.recovering = of.gauge("recovering_shards", "Shards that are being recovered and judge nothing.")
        self.pending = of.table(
            "recovery_pending_messages",
            "Messages still to be read again by a recovery under way.",
            "shard",
            series_max=SHARDS_MAX,
        )
        self.recovery_seconds = of.gauge("recovery_seconds", "How long the last recovery of the state took.")
        self.recovered = of.counter(
            "recovered_messages", "Messages read again to recover the state; nothing comes of them."
        )
        self.written = of.counter("checkpoints", "Checkpoints written.")
        self.written_at = of.table(
            "checkpoint_timestamp_seconds",
            "When the last checkpoint of each shard was written; none is while nothing comes in.",
            "shard",
            series_max=SHARDS_MAX,
            together=min,
        )
        self.seconds = of.gauge("checkpoint_seconds", "How long writing the last checkpoint took.")
        self.added_bytes = of.gauge("checkpoint_bytes", "What the last checkpoint added to its place.")
        self.state_bytes = of.table(
            "checkpoint_state_bytes",
            "Size of the state in the last checkpoint of each shard, before compression.",
            "shard",
            series_max=SHARDS_MAX,
        )
        self.pause = of.gauge(
            "checkpoint_pause_seconds", "How long events waited for the last checkpoint to begin."
        )


class Kafka:
    """What the worker has to do with its cluster and its group."""

    def __init__(self, of: Families) -> None:
        self.partitions = of.gauge("assigned_partitions", "Partitions that are this worker's; 0 stands by.")
        self.rebalances = of.counter("rebalances", "Times that the group has given out its partitions anew.")
        self.rebalance_seconds = of.histogram(
            "rebalance_seconds",
            "From letting go of the partitions to having others; nothing is judged meanwhile.",
            LATENCY_SECONDS_BUCKETS,
        )
        self.client_errors = of.bounded(
            "kafka_client_errors",
            "Warnings and errors that the Kafka client has logged, by its part.",
            "client",
            series_max=LABELS_MAX,
        )


class Metrics:
    """The metrics of one worker by subject, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        of = Families(self.registry)
        self.process = Process(of)
        self.traffic = Traffic(of)
        self.latency = Latency(of)
        self.rules = Rules(of)
        self.shadow = Shadow(of)
        self.models = Models(of)
        self.state = State(of)
        self.checkpoints = Checkpoints(of)
        self.kafka = Kafka(of)

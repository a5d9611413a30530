"""The dashboard *Kafka and state*: the group, the backlog, what is held in memory, and how it is kept."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.board import Shelf, Uid, board
from deploy.grafana.panels import graph
from deploy.grafana.promql import Query, quantile

BACKLOG = [
    graph(
        "Lag by partition",
        "short",
        "Messages not yet done with, the ten longest. Good: near 0. Bad: one partition alone: a hot key; "
        "all: the workers or the broker. Next: keys of that partition, or the load of the workers.",
        Query("topk(10, max by (partition) (<lag_events>))", "{{partition}}"),
    ),
    graph(
        "Oldest message by partition",
        "s",
        "Age of the oldest message not yet done with, the ten oldest. Good: seconds. Bad: it grows by a "
        "second a second: nobody reads that partition. Next: partitions by worker beside this.",
        Query("topk(10, max by (partition) (<lag_seconds>))", "{{partition}}"),
    ),
    graph(
        "Partitions by worker",
        "short",
        "Partitions that the group has given to each worker; 0 stands by. Good: level. Bad: all 0, or always "
        "changing. Next: rebalances.",
        Query("sum by (instance) (<assigned_partitions>)", "{{instance}}"),
        stacked=True,
    ),
    graph(
        "Under way",
        "bytes",
        "Payload of the batches that are fetched and not yet acknowledged, by worker. Good: well below "
        "backpressure. Bad: level at its highest. Next: backpressure, then time by stage in Service.",
        Query("sum by (instance) (<in_flight_bytes>)", "{{instance}}"),
    ),
    graph(
        "Batches under way",
        "short",
        "Batches that are fetched and not yet acknowledged, by worker. Good: a few. Bad: many for long, the "
        "broker acknowledges slowly. Next: time until acknowledged.",
        Query("sum by (instance) (<in_flight_batches>)", "{{instance}}"),
    ),
    graph(
        "Backpressure",
        "percentunit",
        "Share of the time in which nothing is read as too much is under way. Good: 0; more while a backlog "
        "is worked off. Bad: always. Next: add a worker, or see which stage takes the time.",
        Query("sum by (instance) (rate(<backpressure_seconds_total>[rate]))", "{{instance}}"),
    ),
]
CLUSTER = [
    graph(
        "Rebalances",
        "short",
        "Times in five minutes that the group has given out its partitions anew. Good: 0, and 1 for each "
        "worker that comes or goes. Bad: again and again. Next: workers that die, or sessions that time "
        "out: their logs.",
        Query("sum by (instance) (increase(<rebalances_total>[5m]))", "{{instance}}"),
    ),
    graph(
        "Time for a rebalance",
        "s",
        "From letting go of partitions to having others, the mean since each worker's start; nothing is "
        "judged meanwhile. Good: seconds. Bad: a minute. Next: recovery below.",
        Query(
            "sum by (instance) (<rebalance_seconds_sum>) / sum by (instance) (<rebalance_seconds_count>)",
            "{{instance}}",
        ),
    ),
    graph(
        "Complaints of the Kafka client",
        "short",
        "Warnings and errors that the client has logged in five minutes, by its part. Good: 0, a few at a "
        "start. Bad: a stream of them: the broker is away or refuses. Next: the worker's log, the broker's.",
        Query("sum by (client) (increase(<kafka_client_errors_total>[5m]))", "{{client}}"),
    ),
    graph(
        "Time until acknowledged",
        "s",
        "How long a batch waits for the broker, and a commit or transaction takes: 99 of 100 take no "
        "longer. Good: under 0.1 s. Bad: seconds. Next: the broker's disk and its replicas.",
        Query(
            "histogram_quantile(0.99, sum by (le, stage) "
            '(rate(<stage_seconds_bucket, stage=~"emit|commit">[rate])))',
            "{{stage}}",
        ),
    ),
    graph(
        "Events in a batch",
        "short",
        "How many messages come at once. Good: hundreds under load. Bad: ones under load: what batches save "
        "is lost. Next: the `linger.ms` of the producers.",
        Query(quantile(0.5, "batch_events"), "50 of 100"),
        Query(quantile(0.9, "batch_events"), "90 of 100"),
    ),
    graph(
        "Input",
        "Bps",
        "Payload taken from the input. Good: follows the events. Bad: it grows and the events do not: "
        "messages have become larger. Next: the producers.",
        Query("sum by (instance) (rate(<input_bytes_total>[rate]))", "{{instance}}"),
        stacked=True,
    ),
]
MEMORY = [
    graph(
        "Memory by part",
        "bytes",
        "What the engine holds: features, log (events of exact windows), texts, ids (against duplicates). "
        "Good: level once windows are full. Bad: one climbs. Next: memory by feature.",
        Query("sum by (part) (<state_bytes>)", "{{part}}"),
        stacked=True,
    ),
    graph(
        "Memory by feature",
        "bytes",
        "The ten features that hold the most beyond the log. Good: level. Bad: one climbs: its key has ever "
        "new values. Next: `fraudstream rules lint --costs`, its window and key.",
        Query("topk(10, sum by (feature) (<feature_bytes>))", "{{feature}}"),
    ),
    graph(
        "Entities by feature",
        "short",
        "The ten features that are kept for the most entities. Good: about your customers, cards, devices. "
        "Bad: it grows without end: a key that is new each time. Next: that feature's `by`.",
        Query("topk(10, sum by (feature) (<feature_entities>))", "{{feature}}"),
    ),
    graph(
        "Events in the log",
        "short",
        "Events that exact windows still hold. Good: level, rate times the longest exact window. Bad: it "
        "grows and the rate does not. Next: event time in Detection quality: does it stand?",
        Query("sum by (instance) (<log_events>)", "{{instance}}"),
        stacked=True,
    ),
    graph(
        "Forgotten",
        "short",
        "Events and entities a second that no window reaches any more. Good: as many as come. Bad: 0 for "
        "long while memory climbs. Next: event time in Detection quality.",
        Query("sum by (of) (rate(<evictions_total>[rate]))", "{{of}}"),
    ),
    graph(
        "Open files",
        "short",
        "Files and connections that each worker holds open. Good: level. Bad: it climbs to the limit of the "
        "system. Next: restart that worker, and report it.",
        Query("max by (instance) (<process_open_fds>)", "{{instance}}"),
    ),
]
KEPT = [
    graph(
        "Age of checkpoints",
        "s",
        "Age of the last checkpoint, the ten oldest shards. Good: a saw of `checkpoints.every`. Bad: it "
        "climbs while events come. Next: errors of stage checkpoint in Service: is the place full, or away?",
        Query("topk(10, time() - min by (shard) (<checkpoint_timestamp_seconds>))", "{{shard}}"),
    ),
    graph(
        "Time for a checkpoint",
        "s",
        "How long the last one took to write, and how long events waited for it to begin. Good: less than "
        "`checkpoints.every`, and milliseconds. Bad: more. Next: the place of checkpoints; a longer `every`.",
        Query("max(<checkpoint_seconds>)", "to write"),
        Query("max(<checkpoint_pause_seconds>)", "events waited"),
    ),
    graph(
        "Size of checkpoints",
        "bytes",
        "The state of the ten largest shards before compression, and what the last checkpoint added to its "
        "place. Good: follows the memory. Bad: it grows without end. Next: memory by part.",
        Query("topk(10, max by (shard) (<checkpoint_state_bytes>))", "shard {{shard}}"),
        Query("max(<checkpoint_bytes>)", "added"),
    ),
    graph(
        "Still to be read again",
        "short",
        "Messages that a recovery under way has still to read, the ten most. Good: falling to 0. Bad: it "
        "stands. Next: the broker, and that worker's log.",
        Query("topk(10, max by (shard) (<recovery_pending_messages>))", "{{shard}}"),
    ),
    graph(
        "Time for the last recovery",
        "s",
        "How long each worker took to have its state again. Good: seconds. Bad: minutes. Next: a shorter "
        "`checkpoints.every`.",
        Query("max by (instance) (<recovery_seconds>)", "{{instance}}"),
    ),
    graph(
        "Requests not answered",
        "short",
        "Requests to the workers' pages that were refused, in five minutes. Good: 0. Bad: credentials: "
        "somebody tries, or Prometheus has an old token; busy, rate: somebody asks too often. Next: "
        "docs/security.md.",
        Query("sum by (reason) (increase(<http_refusals_total>[5m]))", "{{reason}}"),
    ),
]


def kafka_state() -> Dashboard:
    """Return the dashboard."""
    return board(
        Uid.KAFKA,
        "Kafka and state",
        "Backlog, group and broker; what the engine holds; checkpoints and recovery.",
        Shelf("Backlog", BACKLOG),
        Shelf("Group and broker", CLUSTER),
        Shelf("Memory", MEMORY),
        Shelf("Checkpoints and recovery", KEPT),
    )

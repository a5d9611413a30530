"""The dashboard *Service*: one screen that says at 3 a.m. what is wrong."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.board import Shelf, Uid, board
from deploy.grafana.panels import BAD, GOOD, Limits, graph, number, states
from deploy.grafana.promql import Query, quantile, share

ANY = Limits(1, 1)
"""One of them is bad already."""

WORKERS = [
    number(
        "Workers not answering",
        "short",
        "Workers whose page Prometheus cannot read. Good: 0. Bad: 1 or more, it is dead, hangs or is cut "
        "off. Next: its log, then `fraudstream status`.",
        Query("count(<up>) - sum(<up>)"),
        ANY,
    ),
    number(
        "Workers not ready",
        "short",
        "Workers whose /health/ready says no. Good: 0. Bad: 1 or more for over a minute. Next: the body of "
        "/health/ready names the cause; recovering shards and refused rules stand beside this.",
        Query("sum(1 - <ready>)"),
        ANY,
    ),
    number(
        "Oldest event waiting",
        "s",
        "Age of the oldest message that nobody has judged. Good: under a few seconds. Bad: it grows. Next: "
        "events by partition and the broker in Kafka and state.",
        Query("max(<oldest_unprocessed_seconds>)"),
        Limits(10, 60),
        to=Uid.KAFKA,
    ),
    number(
        "Events",
        "eps",
        "Messages judged in a second, of all workers. Good: what the hour usually brings. Bad: none, while "
        "producers send. Next: if events wait, the workers; if none waits, the producers.",
        Query("sum(rate(<events_total>[rate]))"),
        Limits(0.01, 0.001),
    ),
    number(
        "Latency, 99 of 100 events",
        "s",
        "From the append of an event to the acknowledgement of its alerts: 99 of 100 take no longer. Good: "
        "under 1 s. Bad: over 5 s. Next: time by stage below, then the load of the workers.",
        Query(quantile(0.99, "latency_seconds")),
        Limits(1, 5),
    ),
    number(
        "Dead letters",
        "percentunit",
        "Share of the messages that could not be judged. Good: what is usual, mostly 0. Bad: over 1 in 100, "
        "a producer sends something new. Next: by reason below, then `fraudstream dlq list`.",
        Query(share("dead_letters_total", "events_total")),
        Limits(0.001, 0.01),
        to=Uid.DETECTION,
    ),
    number(
        "Errors in 15 minutes",
        "short",
        "Failures of the workers. Good: 0. Bad: any that goes on. Next: by stage below, then the log.",
        Query("sum(increase(<errors_total>[15m]))"),
        Limits(1, 10),
    ),
    number(
        "Alerts in an hour",
        "short",
        "Alerts on events, at the rate of now. Good: what your reviewers are used to. Bad: none for hours, "
        "or many times as many. Next: which rule it is, in Rules.",
        Query("sum(rate(<alerts_total>[rate])) * 3600"),
        None,
        to=Uid.RULES,
    ),
]
STATE = [
    number(
        "Rulesets in force",
        "short",
        "How many different rulesets the workers run. Good: 1. Bad: 2 or more for over a minute, they judge "
        "differently. Next: which worker has which, in Rules.",
        Query("count(count by (version) (<ruleset_info>))"),
        Limits(2, 2),
        to=Uid.RULES,
    ),
    number(
        "Refused rules",
        "short",
        "Workers that keep older rules as they refused changed ones. Good: 0. Bad: 1 or more: what was "
        "published is not in force. Next: refusals by reason in Rules, and the log.",
        Query("sum(<ruleset_stale>)"),
        ANY,
        to=Uid.RULES,
    ),
    number(
        "Recovering shards",
        "short",
        "Shards that are read again after a start or a move, and judge nothing. Good: 0. Bad: 1 or more for "
        "minutes. Next: what is still to be read, in Kafka and state.",
        Query("sum(<recovering_shards>)"),
        ANY,
        to=Uid.KAFKA,
    ),
    number(
        "Oldest checkpoint",
        "s",
        "Age of the oldest of the last checkpoints. Good: about what `checkpoints.every` says while events "
        "come. Bad: it grows, a crash would cost a long recovery. Next: checkpoints in Kafka and state.",
        Query("time() - min(<checkpoint_timestamp_seconds>)"),
        Limits(120, 600),
        to=Uid.KAFKA,
    ),
    number(
        "Incomplete past",
        "short",
        "Shards that judge with an incomplete past, as messages had left the topic. Good: 0. Bad: 1 or "
        "more, rules that count may miss. Next: docs/contract.md says until when; the topic's retention.",
        Query("sum(<warming_shards>)"),
        ANY,
        to=Uid.DETECTION,
    ),
    number(
        "Models at rest",
        "short",
        "Models that have drifted and leave the events to the rules. Good: 0. Bad: 1 or more. Next: what has "
        "drifted, in Model.",
        Query("sum(<model_resting>)"),
        ANY,
        to=Uid.MODEL,
    ),
    number(
        "Busiest worker",
        "percentunit",
        "Share of its time in which a worker judges. Good: under 70 %. Bad: over 90 %, lag is next. Next: "
        "add a worker, or see which stage takes the time.",
        Query("max(rate(<step_seconds_sum>[rate]))"),
        Limits(0.7, 0.9),
    ),
    number(
        "Largest worker",
        "bytes",
        "Memory of the largest worker. Good: level, well under what the machine has. Bad: it climbs day by "
        "day. Next: memory by part and feature in Kafka and state.",
        Query("max(<process_resident_memory_bytes>)"),
        None,
        to=Uid.KAFKA,
    ),
]
FLOW = [
    graph(
        "Events taken",
        "eps",
        "Messages taken from the input, by worker. Good: follows the day. Bad: one worker falls to 0 while "
        "others go on. Next: is it ready, and has it partitions?",
        Query("sum by (instance) (rate(<events_total>[rate]))", "{{instance}}"),
        stacked=True,
    ),
    graph(
        "Events waiting",
        "short",
        "Messages that are not yet done with, by worker. Good: near 0, or falling. Bad: growing. Next: if "
        "the workers are busy add one; if they are idle look at the broker.",
        Query("sum by (instance) (<lag_events>)", "{{instance}}"),
    ),
    graph(
        "Latency",
        "s",
        "From the append of an event to the acknowledgement of its alerts. Good: level. Bad: all three "
        "rise: events wait; only the highest: a few slow batches. Next: time by stage.",
        Query(quantile(0.5, "latency_seconds"), "50 of 100"),
        Query(quantile(0.99, "latency_seconds"), "99 of 100"),
        Query(quantile(0.999, "latency_seconds"), "999 of 1,000"),
    ),
    graph(
        "Time by stage",
        "percentunit",
        "How much of each second the stages take, all workers together. Good: the usual mixture. Bad: one "
        "stage swells. Next: emit and commit wait for the broker; features and judge for rules, see Rules; "
        "score for models, see Model.",
        Query("sum by (stage) (rate(<stage_seconds_sum>[rate]))", "{{stage}}"),
        stacked=True,
    ),
    graph(
        "Errors by stage",
        "short",
        "Failures of the workers in five minutes. Good: 0. Bad: any that goes on: broker is Kafka that is "
        "away, security credentials, checkpoint the place of checkpoints. Next: the log of that time.",
        Query("sum by (stage) (increase(<errors_total>[5m]))", "{{stage}}"),
    ),
    graph(
        "Dead letters by reason",
        "short",
        "Messages of five minutes that could not be judged. Good: a few of the usual reasons. Bad: a new "
        "reason, or step_failed at all. Next: `fraudstream dlq show` prints them, the producer mends them.",
        Query("sum by (reason) (increase(<dead_letters_total>[5m]))", "{{reason}}"),
        stacked=True,
    ),
    states(
        "Readiness",
        "Whether each worker is ready. Good: green. Bad: red for longer than a start takes. Next: "
        "/health/ready of that worker names the cause.",
        Query("max by (instance) (<ready>)", "{{instance}}"),
        {"0": ("not ready", BAD), "1": ("ready", GOOD)},
        width=8,
    ),
    graph(
        "Processor time",
        "percentunit",
        "Share of one core that each worker uses. Good: follows the events. Bad: at 100 % while events "
        "wait. Next: time by stage.",
        Query("sum by (instance) (rate(<process_cpu_seconds_total>[rate]))", "{{instance}}"),
    ),
    graph(
        "Memory",
        "bytes",
        "What each worker holds. Good: level after the first windows are full. Bad: it climbs without end. "
        "Next: memory by part and feature in Kafka and state.",
        Query("sum by (instance) (<process_resident_memory_bytes>)", "{{instance}}"),
    ),
]


def service() -> Dashboard:
    """Return the dashboard."""
    text = "What is wrong? Red figures first; a click leads on. Each panel's text says what to look at next."
    shelves = Shelf("Now", [*WORKERS, *STATE]), Shelf("Over time", FLOW)
    return board(Uid.SERVICE, "Service", text, *shelves)

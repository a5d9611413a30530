"""The dashboard *Detection quality*: what is found, what is kept back, and what cannot be judged."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.board import Shelf, Uid, board
from deploy.grafana.panels import graph
from deploy.grafana.promql import Query, quantile, share

FOUND = [
    graph(
        "Decisions by action",
        "percentunit",
        "Share of each action other than allow in all decisions. Good: level over days. Bad: one action "
        "jumps or is gone. Next: which rule it is, in Rules.",
        Query(
            'sum by (action) (rate(<decisions_total, action!="allow">[rate]))'
            " / scalar(sum(rate(<decisions_total>[rate])))",
            "{{action}}",
        ),
        stacked=True,
    ),
    graph(
        "Alerts",
        "short",
        "Alerts on events in an hour, at the rate of each moment, and summaries of what was held back. "
        "Good: what reviewers can read. Bad: a storm, or silence. Next: alerts by rule in Rules.",
        Query("sum(rate(<alerts_total>[rate])) * 3600", "alerts"),
        Query("sum(rate(<overflow_summaries_total>[rate])) * 3600", "summaries"),
    ),
    graph(
        "Kept back",
        "short",
        "Rule hits in an hour that nobody is told of one by one: their key is quiet, or the rule's hourly "
        "budget is used up. Good: a small part of the hits. Bad: held back grows, a rule is too wide. Next: "
        "which, in Rules.",
        Query("sum(rate(<suppressed_hits_total>[rate])) * 3600", "key is quiet"),
        Query("sum(rate(<held_back_hits_total>[rate])) * 3600", "budget is used up"),
    ),
]
SHADOW = [
    graph(
        "Decisions that shadow rules would change",
        "percentunit",
        "Share of the decisions that would be graver if all shadow rules were live. Good: as many as you "
        "would review. Bad: more than that, they are not fit to go live. Next: which rule, in Rules.",
        Query(
            "sum by (action, would_be) (rate(<shadow_decisions_total>[rate]))"
            " / scalar(sum(rate(<decisions_total>[rate])))",
            "{{action}} to {{would_be}}",
        ),
        stacked=True,
    ),
    graph(
        "Live against shadow",
        "short",
        "Alerts in an hour of live rules, and what shadow rules would tell. Good: shadow adds what you can "
        "review. Bad: it would be many times as much. Next: shadow alerts by rule in Rules.",
        Query("sum(rate(<alerts_total>[rate])) * 3600", "live"),
        Query("sum(rate(<shadow_alerts_total>[rate])) * 3600", "shadow"),
    ),
    graph(
        "Milder by allow-list",
        "short",
        "Decisions in an hour that an allow-list made milder. Good: few, level. Bad: a jump, somebody hides "
        "behind a list. Next: what was added to that list, and when.",
        Query("sum by (list) (rate(<allow_listed_decisions_total>[rate])) * 3600", "{{list}}"),
    ),
]
COULD_NOT = [
    graph(
        "Verdicts not given",
        "percentunit",
        "Share of the rules' verdicts that are not_evaluated as a value is missing. Good: level. Bad: a "
        "jump, a producer has left out a field. Next: which rule, in Rules, then its fields.",
        Query(share('rule_outcomes_total, outcome="not_evaluated"', "rule_outcomes_total")),
    ),
    graph(
        "Late and repeated events",
        "percentunit",
        "Share of the events that came after the lateness had passed, and of those whose id was seen "
        "before. Good: under 1 in 100. Bad: a jump: a producer is behind, or sends twice. Next: that "
        "producer.",
        Query(share("late_events_total", "events_total"), "late"),
        Query(share("duplicates_total", "events_total"), "repeated"),
    ),
    graph(
        "Dead letters",
        "percentunit",
        "Share of the messages that could not be judged, by reason. Good: near 0. Bad: a new reason. Next: "
        "`fraudstream dlq list`.",
        Query(
            "sum by (reason) (rate(<dead_letters_total>[rate])) / scalar(sum(rate(<events_total>[rate])))",
            "{{reason}}",
        ),
        stacked=True,
    ),
    graph(
        "Decisions with an incomplete past",
        "percentunit",
        "Share of the decisions that were judged while messages of the past were gone. Good: 0. Bad: more, "
        "rules that count may have missed. Next: the retention of the input topic, docs/contract.md.",
        Query(share("warming_decisions_total", "decisions_total")),
    ),
    graph(
        "Features not yet warm",
        "percentunit",
        "The ten features of whose window the least has passed since they began to count. Good: 100 %. Bad: "
        "long below: after new rules their features count from then on. Next: `warm_from` in "
        "docs/publishing.md.",
        Query("bottomk(10, min by (feature) (<feature_warm_ratio>))", "{{feature}}"),
    ),
    graph(
        "Event time behind the clock",
        "s",
        "How far the newest event time is behind the clock. Good: seconds. Bad: it grows by a second a "
        "second: nothing new comes, or a producer's clock stands. Next: the producers.",
        Query("time() - max(<watermark_timestamp_seconds>)"),
    ),
]
LABELS = [
    graph(
        "Labels",
        "short",
        "Labels that came in, by what they came to, in an hour. Good: fraud and genuine as usual. Bad: "
        "unknown grows: labels come later than their events are kept. Next: label delay.",
        Query("sum by (outcome) (rate(<labels_total>[rate])) * 3600", "{{outcome}}"),
        stacked=True,
    ),
    graph(
        "Label delay",
        "s",
        "From an event to its first label. Good: shorter than events wait for labels. Bad: it grows, models "
        "learn an older world. Next: the team that labels.",
        Query(quantile(0.5, "label_delay_seconds"), "50 of 100"),
        Query(quantile(0.9, "label_delay_seconds"), "90 of 100"),
    ),
    graph(
        "What scores were worth",
        "percentunit",
        "By the labels so far: how often a fraud scored above a genuine event. 50 % is chance. Good: over "
        "90 %. Bad: it falls week by week. Next: drift in Model.",
        Query("min by (model) (<model_auc>)", "{{model}}"),
    ),
]


def detection() -> Dashboard:
    """Return the dashboard."""
    return board(
        Uid.DETECTION,
        "Detection quality",
        "What is found, what is kept back, what could not be judged, and what labels say of it.",
        Shelf("Found", FOUND),
        Shelf("Would be found", SHADOW),
        Shelf("Not judged, or with less than all", COULD_NOT),
        Shelf("What labels say", LABELS),
    )

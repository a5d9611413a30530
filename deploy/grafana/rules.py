"""The dashboard *Rules*: which rules hit, cost, keep quiet, and would hit.

A ruleset may have 10,000 rules: each panel shows the ten with the largest figures, or a sum.
"""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.board import Shelf, Uid, board
from deploy.grafana.panels import Limits, graph, number, table
from deploy.grafana.promql import Query


def hits(status: str, window: str) -> str:
    """Return the hits of each rule in a time, in short."""
    matchers = f'outcome="hit",status="{status}"'
    return f"sum by (rule) (increase(<rule_outcomes_total, {matchers}>[{window}]))"


IN_FORCE = [
    number(
        "Live rules",
        "short",
        "Rules that act. Good: as many as were published. Bad: fewer. Next: the table of rulesets.",
        Query('max(<rules, status="live">)'),
        None,
    ),
    number(
        "Shadow rules",
        "short",
        "Rules that only tell what they would do. Good: as many as are on trial. Bad: the same ones for "
        "months. Next: make them live or retire them (docs/compliance.md).",
        Query('max(<rules, status="shadow">)'),
        None,
    ),
    number(
        "Rules without series",
        "short",
        "Rules whose figures stand under `other`, as there are too many. Good: 0. Bad: many: panels by rule "
        "do not show them. Next: `fraudstream backtest` tells of every rule.",
        Query("max(<rules_hidden>)"),
        Limits(1, 500),
    ),
    number(
        "Live rules without a hit in a day",
        "short",
        "Live rules that have not hit for 24 hours (less, where Prometheus is younger). Good: the rare "
        "crimes. Bad: many more than yesterday: a field is gone. Next: verdicts not given, and `fraudstream "
        "rules coverage`.",
        Query(f"count({hits('live', '1d')} == 0)"),
        None,
    ),
    number(
        "Rulesets in force",
        "short",
        "How many different rulesets the workers run. Good: 1. Bad: 2 or more for over a minute. Next: the "
        "table of rulesets says which worker has which.",
        Query("count(count by (version) (<ruleset_info>))"),
        Limits(2, 2),
    ),
    number(
        "Age of the ruleset",
        "s",
        "Since the workers took up their rules, the last one of them. Good: since the last publication. "
        "Bad: older: a publication did not arrive. Next: refusals, and `fraudstream audit show`.",
        Query("time() - min(<ruleset_timestamp_seconds>)"),
        None,
    ),
    number(
        "Rules taken up in a day",
        "short",
        "Changed rules that workers have taken up in 24 hours. Good: one for each publication and worker. "
        "Bad: 0 after a publication. Next: refusals by reason.",
        Query('sum(increase(<ruleset_changes_total, result="loaded">[1d]))'),
        None,
    ),
    number(
        "Rules refused in a day",
        "short",
        "Changed rules that workers have refused in 24 hours. Good: 0. Bad: 1 or more. Next: refusals by "
        "reason, docs/publishing.md.",
        Query('sum(increase(<ruleset_changes_total, result="refused">[1d]))'),
        Limits(1, 1),
    ),
]
LIVE = [
    graph(
        "Hits of live rules",
        "short",
        "The ten live rules with the most hits in five minutes. Good: the usual ones at the usual height. "
        "Bad: one leaps: an attack, or a bad change. Next: its alerts, then its last version.",
        Query(f"topk(10, {hits('live', '5m')})", "{{rule}}"),
        width=12,
    ),
    graph(
        "Hits against the hourly budget",
        "percentunit",
        "Hits of the last hour as a share of what a rule may tell in an hour, the ten highest. Good: under "
        "100 %. Bad: over it: the rest is told in a summary. Next: `fraudstream tune` that rule.",
        Query(f"topk(10, {hits('live', '1h')} / max by (rule) (<rule_alert_budget>))", "{{rule}}"),
        width=12,
    ),
    graph(
        "Verdicts not given by rule",
        "percentunit",
        "Share of a rule's verdicts that are not_evaluated, the ten highest. Good: level. Bad: a rule jumps "
        "to 100 %: a field that it reads is gone. Next: the producer of that field.",
        Query(
            'topk(10, sum by (rule) (rate(<rule_outcomes_total, outcome="not_evaluated">[rate]))'
            " / sum by (rule) (rate(<rule_outcomes_total>[rate])))",
            "{{rule}}",
        ),
    ),
    graph(
        "Held back by the budget",
        "short",
        "Hits in five minutes that were not told one by one as the rule's hourly budget is used up. Good: "
        "none. Bad: any for hours. Next: `fraudstream tune` that rule.",
        Query("topk(10, sum by (rule) (increase(<held_back_hits_total>[5m])))", "{{rule}}"),
    ),
    graph(
        "Hits by band",
        "short",
        "Hits in five minutes of rules with bands, the ten most. Good: the graver a band, the fewer. Bad: "
        "the gravest leads. Next: the thresholds of that rule.",
        Query("topk(10, sum by (rule, band) (increase(<band_hits_total>[5m])))", "{{rule}} {{band}}"),
    ),
]
SHADOW = [
    graph(
        "Hits of shadow rules",
        "short",
        "The ten shadow rules with the most hits in five minutes. Good: few. Bad: more than live ones. "
        "Next: shadow alerts beside this.",
        Query(f"topk(10, {hits('shadow', '5m')})", "{{rule}}"),
    ),
    graph(
        "Shadow alerts",
        "short",
        "What shadow rules would tell in five minutes, the ten most. Good: what you could review. Bad: a "
        "flood. Next: tune before you make it live.",
        Query("topk(10, sum by (rule) (increase(<shadow_alerts_total>[5m])))", "{{rule}}"),
    ),
    graph(
        "Decisions a shadow rule would change",
        "short",
        "Decisions in five minutes that would be graver if this rule alone were live, the ten most. Good: "
        "few, and right. Bad: blocks of innocents. Next: `fraudstream diff` with the rule live.",
        Query("topk(10, sum by (rule) (increase(<shadow_changed_decisions_total>[5m])))", "{{rule}}"),
    ),
]
COST = [
    graph(
        "Cost by rule",
        "percentunit",
        "What each rule takes of a second, estimated: its share by its text, of the stages features and "
        "judge. The ten highest. Good: no rule leads by far. Bad: one takes half. Next: `fraudstream rules "
        "lint --costs`.",
        Query(
            "topk(10, max by (rule) (<rule_cost_share>))"
            ' * scalar(sum(rate(<stage_seconds_sum, stage=~"features|judge">[rate])))',
            "{{rule}}",
        ),
        width=12,
    ),
    graph(
        "Refusals of rules",
        "short",
        "Changed rules that were refused, in an hour, by reason. Good: none. Bad: any. Next: "
        "docs/publishing.md says what each reason means.",
        Query("sum by (reason) (increase(<ruleset_refusals_total>[1h]))", "{{reason}}"),
        width=12,
    ),
    table(
        "Rulesets by worker",
        "short",
        "Which worker has taken up which ruleset, with its number of rules and the sequence of its bundle. "
        "Good: all the same. Bad: one differs for over a minute. Next: that worker's log.",
        Query("<ruleset_info>"),
        "job",
        "Value",
    ),
    table(
        "Rulesets by stage",
        "short",
        "By which ruleset how many stages fold. Good: one line. Bad: two for long: a stage has not met the "
        "event from which the new one holds. Next: lag by partition in Kafka and state.",
        Query("count by (version) (<stage_ruleset_info>)"),
    ),
]


def rules() -> Dashboard:
    """Return the dashboard."""
    return board(
        Uid.RULES,
        "Rules",
        "Which rules hit, keep quiet, cost and are refused; the ten highest of each figure.",
        Shelf("In force", IN_FORCE),
        Shelf("Live", LIVE),
        Shelf("Shadow", SHADOW),
        Shelf("Cost and publication", COST),
    )

"""The dashboard *Model*: what the models give, whether the world has moved, and what scores were worth."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.board import Shelf, Uid, board, chosen
from deploy.grafana.panels import BAD, GOOD, graph, heatmap, states, table
from deploy.grafana.promql import Query

MODEL = 'model=~"$model"'


def scores_above(bound: str) -> Query:
    """Return the share of each model's scores that lie above a bound of its histogram."""
    below = f'sum by (model) (rate(<model_score_bucket, {MODEL},le="{bound}">[rate]))'
    return Query(f"1 - {below} / sum by (model) (rate(<model_score_count, {MODEL}>[rate]))", "{{model}}")


def scores_at(of: float) -> Query:
    """Return a quantile of each model's scores."""
    buckets = f"sum by (le, model) (rate(<model_score_bucket, {MODEL}>[rate]))"
    return Query(f"histogram_quantile({of}, {buckets})", "{{model}}")


SCORES = [
    heatmap(
        "Scores",
        "percentunit",
        "How many calibrated scores fell where, of the chosen models. Good: the same bands day by day. Bad: "
        "the mass moves up or down. Next: drift below, and what producers changed.",
        f"model_score_bucket, {MODEL}",
        width=8,
    ),
    graph(
        "Scores above 0.99",
        "percentunit",
        "Share of the calibrated scores above 0.99. Good: near 1 %, that is what calibrated means. Bad: "
        "many times as much (drift, or an attack), or none (the model sleeps). Next: drift below.",
        scores_above("0.99"),
    ),
    graph(
        "Middle score",
        "percentunit",
        "Half of the scores lie below. Good: level. Bad: it wanders. Next: drift below.",
        scores_at(0.5),
    ),
]
WORLD = [
    graph(
        "Drift",
        "short",
        "Changes for good, in an hour, of what a model reads or of its score. Good: none. Bad: several at "
        "once: the traffic is another one. Next: which of its features, and who changed that field.",
        Query(
            f"topk(10, sum by (model, of) (increase(<model_drifts_total, {MODEL}>[1h])))", "{{model}}: {{of}}"
        ),
    ),
    states(
        "Models at rest",
        "Whether a model has drifted and leaves the events to the rules. Good: green. Bad: red: only rules "
        "find fraud. Next: `fraudstream model inspect`.",
        Query(f"max by (model) (<model_resting, {MODEL}>)", "{{model}}"),
        {"0": ("at work", GOOD), "1": ("at rest", BAD)},
        width=8,
    ),
    graph(
        "Scores given",
        "percentunit",
        "Share of the decisions that each model gave a score to. Good: level; under 100 % where a model is "
        "for some kinds of events. Bad: 0: it rests, warms up, or a field is gone. Next: models at rest.",
        Query(
            f"sum by (model) (rate(<model_score_count, {MODEL}>[rate]))"
            " / scalar(sum(rate(<decisions_total>[rate])))",
            "{{model}}",
        ),
    ),
]
WORTH = [
    graph(
        "Frauds above genuine events",
        "percentunit",
        "By the labels so far, how often a fraud scored above a genuine event (the area under the curve). "
        "50 % is chance. Good: over 90 %. Bad: it falls. Next: `fraudstream model inspect`, labels and "
        "their delay.",
        Query(f"min by (model) (<model_auc, {MODEL}>)", "{{model}}"),
    ),
    graph(
        "Frauds in the top hundredth",
        "percentunit",
        "Share of the labelled frauds whose scores were in the top hundredth. Good: as in the back-test. "
        "Bad: it falls. Next: new kinds of fraud: rules first, then features.",
        Query(f"min by (model) (<model_recall_at_1pct, {MODEL}>)", "{{model}}"),
    ),
    graph(
        "Labels learned",
        "short",
        "Labels in an hour that models learn from. Good: both fraud and genuine. Bad: none for a day. Next: "
        "the label topic, and label delay in Detection quality.",
        Query(
            'sum by (outcome) (rate(<labels_total, outcome=~"fraud|genuine">[rate])) * 3600', "{{outcome}}"
        ),
    ),
]
COST = [
    graph(
        "Time for a score",
        "s",
        "What scoring, and learning from labels, takes per event. Good: tens of microseconds, level. Bad: "
        "it grows. Next: models in force: a larger one?",
        Query(
            'sum by (stage) (rate(<stage_seconds_sum, stage=~"score|learn">[rate]))'
            " / scalar(sum(rate(<events_total>[rate])))",
            "{{stage}}",
        ),
    ),
    table(
        "Models in force",
        "short",
        "The models of each worker, with their kind and a hash of their file. Good: the same on all. Bad: "
        "two versions of a model for over a minute. Next: rulesets by worker in Rules.",
        Query(f"<model_info, {MODEL}>"),
        "job",
        "Value",
        width=16,
    ),
]


def model() -> Dashboard:
    """Return the dashboard."""
    models = chosen("model", "Model", "label_values(fraudstream_model_info, model)")
    return board(
        Uid.MODEL,
        "Model",
        "What models give, whether the world has moved, and what their scores were worth.",
        Shelf("What they give", SCORES),
        Shelf("Is it still the same world?", WORLD),
        Shelf("Worth, by labels", WORTH),
        Shelf("Cost and versions", COST),
        variables=[models],
    )

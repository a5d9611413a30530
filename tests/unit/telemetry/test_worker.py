"""What a worker reports, as a scrape sees it."""

from __future__ import annotations

from dataclasses import replace
from urllib.request import urlopen

import numpy as np

from fraudstream.scorers.performance import Skill
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.worker import WorkerTelemetry
from tests.unit.rule_files import engine_of, event, rule_file


def test_one_batch_is_counted_in_every_figure() -> None:
    """Events, decisions, outcomes, alerts, dead letters, duplicates and times of a real step."""
    engine = engine_of(rule_file())
    result = engine.step([event("a"), event("b", amount=500), event("b"), b"x", event("c", amount=-1)])
    metrics = Metrics()
    telemetry = WorkerTelemetry(metrics, engine.rule_ids, engine.ruleset.version)
    append_ms = np.array([1_000, 1_000, 1_000, 1_000, 9_000])
    telemetry.on_batch(result, events=5, step_seconds=0.25, append_ms=append_ms, done_ms=3_000.0)
    telemetry.on_lag(3, 17)
    telemetry.on_error("emit")

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"fraudstream_{name}", labels)

    assert value("events_total") == 5
    assert (value("decisions_total", action="allow"), value("decisions_total", action="review")) == (1, 1)
    assert value("decisions_total", action="block") == 0
    assert value("rule_outcomes_total", rule="TST-ANY-001", outcome="hit") == 1
    assert value("rule_outcomes_total", rule="TST-ANY-001", outcome="not_evaluated") == 0
    assert (value("alerts_total"), value("duplicates_total"), value("late_events_total")) == (1, 1, 0)
    assert value("dead_letters_total", reason="not_json") == 1
    assert value("dead_letters_total", reason="negative_amount") == 1
    assert (value("step_seconds_sum"), value("batch_events_sum")) == (0.25, 5)
    # An event that the broker dates after its own alert counts as taking no time.
    assert (value("latency_seconds_sum"), value("latency_seconds_count")) == (8, 5)
    assert value("lag_events", partition="3") == 17
    assert value("errors_total", stage="emit") == 1
    assert value("ruleset_info", version=engine.ruleset.version, rules="1") == 1


def test_shadow_rules_are_counted_against_live_ones() -> None:
    """What each would tell and change, and how decisions would change, whether or not a topic takes it."""
    hold = "{action: hold, score: 10, reason_code: ANY}"
    shadow = rule_file("amount_usd > 50", rule_id="TST-NEW-001", status="shadow", then=hold)
    engine = engine_of(rule_file(), shadow)
    result = engine.step([event("a", amount=5), event("b", amount=60), event("c", amount=500)])
    metrics = Metrics()
    telemetry = WorkerTelemetry(metrics, engine.rule_ids, engine.ruleset.version)
    telemetry.on_batch(result, events=3, step_seconds=0.1, append_ms=np.array([0]), done_ms=1.0)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"fraudstream_shadow_{name}_total", labels)

    assert value("alerts", rule="TST-NEW-001") == 2
    assert value("alerts", rule="TST-ANY-001") is None
    assert value("changed_decisions", rule="TST-NEW-001") == 2
    assert value("decisions", action="allow", would_be="hold") == 1
    assert value("decisions", action="review", would_be="hold") == 1


def test_a_ruleset_is_replaced_on_the_page() -> None:
    """Only the ruleset in force is shown, its rules are counted, and what was refused too."""
    old, new = (
        engine_of(rule_file()),
        engine_of(rule_file("amount_usd > 5"), rule_file(rule_id="TST-NEW-002")),
    )
    metrics = Metrics()
    telemetry = WorkerTelemetry(metrics, old.rule_ids, old.ruleset.version)
    late = old.step([event("a")])
    telemetry.on_ruleset(new.ruleset.version, len(new.rule_ids))
    telemetry.on_ruleset_refused("stale")
    for result in (new.step([event("b")]), late):
        telemetry.on_batch(result, events=1, step_seconds=0.1, append_ms=np.array([0]), done_ms=1.0)
    value = metrics.registry.get_sample_value
    name = "fraudstream_ruleset_info"
    assert value(name, {"version": new.ruleset.version, "rules": "2"}) == 1
    assert value(name, {"version": old.ruleset.version, "rules": "1"}) is None
    outcomes = [{"rule": rule, "outcome": "miss"} for rule in ("TST-ANY-001", "TST-NEW-002")]
    assert [value("fraudstream_rule_outcomes_total", labels) for labels in outcomes] == [2, 1]
    changes = [value("fraudstream_ruleset_changes_total", {"result": each}) for each in ("loaded", "refused")]
    assert changes == [1, 1]
    assert value("fraudstream_ruleset_refusals_total", {"reason": "stale"}) == 1


def test_the_memory_of_the_engine_is_shown_by_feature() -> None:
    """What a ruleset no longer counts leaves the page."""
    features = "{n: {count: events, by: debtor.id, window: 1h}}"
    old, new = engine_of(rule_file("n > 1", features=features)), engine_of(rule_file())
    old.step([event("a"), event("b"), event("c", debtor={"id": "c2"})])
    metrics = Metrics()
    telemetry = WorkerTelemetry(metrics, old.rule_ids, old.ruleset.version)
    telemetry.on_memory(old.stats())
    value = metrics.registry.get_sample_value
    feature = {"feature": "TST-ANY-001.n"}
    assert value("fraudstream_feature_entities", feature) == 2
    assert (value("fraudstream_feature_bytes", feature) or 0) > 0
    assert value("fraudstream_log_events", {}) == 3
    for part in ("features", "log", "texts", "ids"):
        assert (value("fraudstream_state_bytes", {"part": part}) or 0) > 0
    telemetry.on_memory(new.stats())
    assert value("fraudstream_feature_entities", feature) is None


def test_what_is_told_of_a_model_leaves_the_page_with_it() -> None:
    """Else one that rested when it was taken out would rest for ever."""
    engine = engine_of(rule_file())
    metrics = Metrics()
    telemetry = WorkerTelemetry(metrics, engine.rule_ids, engine.ruleset.version)
    skills = {name: Skill(0.9, 0.5) for name in ("old", "new")}
    both = replace(engine.stats(), resting={"old": True, "new": False}, skills=skills)
    telemetry.on_memory(both)
    telemetry.on_memory(replace(both, resting={"new": False}, skills={"new": skills["new"]}))
    for name in ("resting", "auc", "recall_at_1pct"):
        shown = [
            metrics.registry.get_sample_value(f"fraudstream_model_{name}", {"model": each})
            for each in ("old", "new")
        ]
        assert shown[0] is None
        assert shown[1] is not None


def test_metrics_are_served_over_http() -> None:
    """Port 0 takes a free one, and `/metrics` answers there."""
    telemetry = WorkerTelemetry(Metrics(), ["TST-ANY-001"], "v")
    port = telemetry.serve("127.0.0.1", 0)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b'fraudstream_ruleset_info{rules="1",version="v"} 1.0' in answer.read()

"""What a worker reports, as a scrape sees it."""

from __future__ import annotations

from dataclasses import replace
from urllib.request import urlopen

import numpy as np
import pytest

from fraudstream.engine.step import Engine
from fraudstream.features.catalogue import Limits
from fraudstream.scorers.performance import Skill
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.standing import Lag, Pulse
from fraudstream.telemetry.worker import WorkerTelemetry
from tests.unit.rule_files import engine_of, event, rule_file, ruleset_of


class Page:
    """The metrics of a worker that runs a ruleset, as they are on its page."""

    def __init__(self, engine: Engine) -> None:
        self.metrics = Metrics()
        self.telemetry = WorkerTelemetry(self.metrics, engine.ruleset)

    def value(self, name: str, **labels: str) -> float | None:
        """Return a sample, None where it is not there."""
        return self.metrics.registry.get_sample_value(f"fraudstream_{name}", labels)

    def outcome(self, rule: str, outcome: str, status: str = "live") -> float | None:
        """Return how often a rule gave an outcome."""
        return self.value("rule_outcomes_total", rule=rule, outcome=outcome, status=status)


def test_one_batch_is_counted_in_every_figure() -> None:
    """Events, decisions, outcomes, alerts, dead letters, duplicates and times of a real step."""
    engine = engine_of(rule_file())
    result = engine.step([event("a"), event("b", amount=500), event("b"), b"x", event("c", amount=-1)])
    page = Page(engine)
    append_ms = np.array([1_000, 1_000, 1_000, 1_000, 9_000])
    page.telemetry.on_batch(result, events=5, step_seconds=0.25, append_ms=append_ms, done_ms=3_000.0)
    page.telemetry.on_error("emit")
    value = page.value
    assert value("events_total") == 5
    assert (value("decisions_total", action="allow"), value("decisions_total", action="review")) == (1, 1)
    assert value("decisions_total", action="block") == 0
    assert page.outcome("TST-ANY-001", "hit") == 1
    assert page.outcome("TST-ANY-001", "not_evaluated") == 0
    assert (value("alerts_total"), value("duplicates_total"), value("late_events_total")) == (1, 1, 0)
    assert value("dead_letters_total", reason="not_json") == 1
    assert value("dead_letters_total", reason="negative_amount") == 1
    assert (value("step_seconds_sum"), value("batch_events_sum")) == (0.25, 5)
    # An event that the broker dates after its own alert counts as taking no time.
    assert (value("latency_seconds_sum"), value("latency_seconds_count")) == (8, 5)
    assert value("errors_total", stage="emit") == 1
    assert value("ruleset_info", version=engine.ruleset.version, rules="1", bundle="") == 1


def test_shadow_rules_are_counted_against_live_ones() -> None:
    """What each would tell and change, and how decisions would change, whether or not a topic takes it."""
    hold = "{action: hold, score: 10, reason_code: ANY}"
    shadow = rule_file("amount_usd > 50", rule_id="TST-NEW-001", status="shadow", then=hold)
    engine = engine_of(rule_file(), shadow)
    result = engine.step([event("a", amount=5), event("b", amount=60), event("c", amount=500)])
    page = Page(engine)
    page.telemetry.on_batch(result, events=3, step_seconds=0.1, append_ms=np.array([0]), done_ms=1.0)

    def value(name: str, **labels: str) -> float | None:
        return page.value(f"shadow_{name}_total", **labels)

    assert value("alerts", rule="TST-NEW-001") == 2
    assert value("alerts", rule="TST-ANY-001") is None
    assert value("changed_decisions", rule="TST-NEW-001") == 2
    assert value("decisions", action="allow", would_be="hold") == 1
    assert value("decisions", action="review", would_be="hold") == 1


def test_what_is_under_way_and_behind_is_shown_as_a_whole() -> None:
    """A partition that is another worker's by now leaves the page."""
    page = Page(engine_of(rule_file()))
    page.telemetry.on_lag({3: Lag(17, 2.5), 4: Lag(1, 40.0)})
    assert (page.value("lag_events", partition="3"), page.value("lag_seconds", partition="3")) == (17, 2.5)
    assert page.value("oldest_unprocessed_seconds") == 40
    page.telemetry.on_lag({3: Lag(0, 0.0)})
    assert page.value("lag_events", partition="4") is None
    assert page.value("oldest_unprocessed_seconds") == 0
    page.telemetry.on_pulse(Pulse(recovering=1, batches_open=2, bytes_open=300))
    names = ("recovering_shards", "in_flight_batches", "in_flight_bytes")
    assert [page.value(name) for name in names] == [1, 2, 300]
    page.telemetry.on_backpressure(0.5)
    assert page.value("backpressure_seconds_total") == 0.5


def test_stages_take_their_time_once_per_batch() -> None:
    """Each stage has a histogram of its own, and payloads are added up."""
    page = Page(engine_of(rule_file()))
    page.telemetry.on_stages({"decode": 0.25, "judge": 0.5})
    page.telemetry.on_stages({"commit": 2.0})
    page.telemetry.on_input(700)
    sums = {each: page.value("stage_seconds_sum", stage=each) for each in ("decode", "judge", "commit")}
    assert sums == {"decode": 0.25, "judge": 0.5, "commit": 2.0}
    assert page.value("input_bytes_total") == 700


def test_rebalances_recoveries_and_checkpoints_are_shown() -> None:
    """By shard where a worker may have several."""
    page = Page(engine_of(rule_file()))
    page.telemetry.on_assigned(4, 1.5)
    assert (page.value("assigned_partitions"), page.value("rebalances_total")) == (4, 1)
    assert page.value("rebalance_seconds_sum") == 1.5
    page.telemetry.on_revoked()
    assert page.value("assigned_partitions") == 0
    page.telemetry.on_replayed(0, 30, 70)
    page.telemetry.on_replayed(2, 5, 0)
    assert page.value("recovered_messages_total") == 35
    pending = [page.value("recovery_pending_messages", shard=each) for each in ("0", "2")]
    assert pending == [70, 0]
    page.telemetry.on_recovered(3.5, 35)
    assert page.value("recovery_seconds") == 3.5
    page.telemetry.on_checkpoint_begun(0.25)
    page.telemetry.on_checkpoint(2, seconds=1.0, added_bytes=10, state_bytes=100)
    assert (page.value("checkpoint_pause_seconds"), page.value("checkpoint_seconds")) == (0.25, 1)
    assert page.value("checkpoint_bytes") == 10
    assert page.value("checkpoint_state_bytes", shard="2") == 100
    assert (page.value("checkpoint_timestamp_seconds", shard="2") or 0) > 0
    page.telemetry.on_client_error("consumer.fetcher")
    assert page.value("kafka_client_errors_total", client="consumer.fetcher") == 1


def test_a_ruleset_is_replaced_on_the_page() -> None:
    """Only the ruleset in force is shown, its rules are counted, and what was refused too."""
    old, new = (
        engine_of(rule_file()),
        engine_of(rule_file("amount_usd > 5"), rule_file(rule_id="TST-NEW-002")),
    )
    page = Page(old)
    late = old.step([event("a")])
    page.telemetry.on_ruleset_refused("stale", 1.0)
    assert (page.value("ruleset_stale"), page.value("ruleset_timestamp_seconds") or 0) > (0, 0)
    page.telemetry.on_ruleset(new.ruleset, 7, 1.0)
    for result in (new.step([event("b")]), late):
        page.telemetry.on_batch(result, events=1, step_seconds=0.1, append_ms=np.array([0]), done_ms=1.0)
    assert page.value("ruleset_info", version=new.ruleset.version, rules="2", bundle="7") == 1
    assert page.value("ruleset_info", version=old.ruleset.version, rules="1", bundle="") is None
    assert [page.outcome(rule, "miss") for rule in ("TST-ANY-001", "TST-NEW-002")] == [2, 1]
    changes = [page.value("ruleset_changes_total", result=each) for each in ("loaded", "refused")]
    assert changes == [1, 1]
    assert page.value("ruleset_refusals_total", reason="stale") == 1
    assert page.value("ruleset_stale") == 0


def test_rules_are_shown_with_status_budget_and_cost() -> None:
    """What a dashboard holds hits against: who is a shadow, what may be told, and what is dear."""
    limited = "{action: review, score: 10, reason_code: ANY, alerts_per_hour_max: 7}"
    features = "{n: {distinct: creditor.id, by: debtor.id, window: 1h}}"
    engine = engine_of(
        rule_file(then=limited),
        rule_file("n > 3", rule_id="TST-DEAR-002", features=features, status="shadow", cases="[]"),
    )
    page = Page(engine)
    result = engine.step([event("a")])
    page.telemetry.on_batch(result, events=1, step_seconds=0.1, append_ms=np.array([0]), done_ms=1.0)
    assert page.outcome("TST-DEAR-002", "miss", "shadow") == 1
    assert (page.value("rules", status="live"), page.value("rules", status="shadow")) == (1, 1)
    assert page.value("rule_alert_budget", rule="TST-ANY-001") == 7
    assert page.value("rule_alert_budget", rule="TST-DEAR-002") is None
    shares = [page.value("rule_cost_share", rule=each) or 0 for each in ("TST-ANY-001", "TST-DEAR-002")]
    assert sum(shares) == pytest.approx(1)
    assert shares[1] > 10 * shares[0] > 0


def test_stages_are_shown_while_the_worker_has_them() -> None:
    """Each with the ruleset by which it folds."""
    page = Page(engine_of(rule_file()))

    def shown(stage: str, version: str) -> float | None:
        return page.value("stage_ruleset_info", stage=stage, version=version)

    page.telemetry.on_stage_rulesets({"ingest": "v", "share 0": "u"})
    assert (shown("ingest", "v"), shown("share 0", "u")) == (1, 1)
    page.telemetry.on_stage_rulesets({"share 0": "v"})
    assert (shown("ingest", "v"), shown("share 0", "u"), shown("share 0", "v")) == (None, None, 1)


def test_the_memory_of_the_engine_is_shown_by_feature() -> None:
    """What a ruleset no longer counts leaves the page."""
    features = "{n: {count: events, by: debtor.id, window: 1h}}"
    old, new = engine_of(rule_file("n > 1", features=features)), engine_of(rule_file())
    old.step([event("a"), event("b"), event("c", debtor={"id": "c2"})])
    page = Page(old)
    page.telemetry.on_memory(old.stats())
    assert page.value("feature_entities", feature="TST-ANY-001.n") == 2
    assert (page.value("feature_bytes", feature="TST-ANY-001.n") or 0) > 0
    assert page.value("feature_warm_ratio", feature="TST-ANY-001.n") == 0
    assert page.value("log_events") == 3
    assert page.value("watermark_timestamp_seconds") == old.stats().watermark_us / 1e6
    for part in ("features", "log", "texts", "ids"):
        assert (page.value("state_bytes", part=part) or 0) > 0
    page.telemetry.on_memory(new.stats())
    assert page.value("feature_entities", feature="TST-ANY-001.n") is None


def test_what_is_forgotten_is_counted_over_several_engines() -> None:
    """An engine tells what it has forgotten since it was made; the page what the worker has."""
    features = "{n: {count: events, by: debtor.id, window: 1h}}"
    ruleset = ruleset_of(rule_file("n > 1", features=features))
    page = Page(Engine(ruleset))
    settings = replace(Engine(ruleset).settings, limits=Limits(lateness_us=0))
    for _ in range(2):
        engine = Engine(ruleset, settings)
        for day in range(1, 9):
            page.telemetry.on_memory(engine.stats())
            at = f"2026-03-{day:02}T12:00:00Z"
            engine.step([event(f"{day}-{n}", occurred_at=at, debtor={"id": f"{day}"}) for n in range(3)])
        page.telemetry.on_memory(engine.stats())
        # Those of the last two days are still there when the last batch begins.
        assert engine.stats().events_forgotten == 18
        assert engine.stats().entities_forgotten > 0
    page.telemetry.on_memory(engine.stats())
    assert page.value("evictions_total", of="events") == 36
    assert page.value("evictions_total", of="entities") == 2 * engine.stats().entities_forgotten


def test_what_is_told_of_a_model_leaves_the_page_with_it() -> None:
    """Else one that rested when it was taken out would rest for ever."""
    engine = engine_of(rule_file())
    page = Page(engine)
    skills = {name: Skill(0.9, 0.5) for name in ("old", "new")}
    both = replace(engine.stats(), resting={"old": True, "new": False}, skills=skills)
    page.telemetry.on_memory(both)
    page.telemetry.on_memory(replace(both, resting={"new": False}, skills={"new": skills["new"]}))
    for name in ("resting", "auc", "recall_at_1pct"):
        shown = [page.value(f"model_{name}", model=each) for each in ("old", "new")]
        assert shown[0] is None
        assert shown[1] is not None


def test_metrics_are_served_over_http() -> None:
    """Port 0 takes a free one, and `/metrics` answers there, also with what the process takes."""
    engine = engine_of(rule_file())
    port = Page(engine).telemetry.serve("127.0.0.1", 0)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    assert f'fraudstream_ruleset_info{{bundle="",rules="1",version="{engine.ruleset.version}"}} 1.0' in page
    assert "fraudstream_build_info{" in page
    assert "\nprocess_start_time_seconds " in page

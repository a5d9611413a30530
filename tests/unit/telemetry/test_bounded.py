"""However many rules, features and partitions there are, the page stays small and its sums true."""

from __future__ import annotations

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest

from fraudstream.engine.result import OUTCOMES, without_events
from fraudstream.telemetry.batches import BatchRecorder
from fraudstream.telemetry.bounded import BoundedCounter, Table, Values
from fraudstream.telemetry.limits import RULES_MAX
from fraudstream.telemetry.memory import MemoryRecorder
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.outcomes import RuleOutcomes
from fraudstream.telemetry.standing import Lag
from fraudstream.telemetry.worker import WorkerTelemetry
from tests.unit.rule_files import engine_of, event, rule_file

SERIES_MAX = 6_000
PAGE_BYTES_MAX = 600_000
MANY = 10_000


def samples(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    """Return the samples of a registry by the values of their labels, in the order of the labels' names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def outcomes(rules_max: int) -> tuple[RuleOutcomes, CollectorRegistry]:
    """Return a counter of outcomes, and its registry."""
    registry = CollectorRegistry()
    return RuleOutcomes("rule_outcomes", "help", OUTCOMES, registry, rules_max), registry


def hits(registry: CollectorRegistry) -> dict[str, float]:
    """Return the hits by rule, of live rules."""
    return {
        rule: value
        for (outcome, rule, status), value in samples(registry).items()
        if (outcome, status) == ("hit", "live")
    }


def test_every_rule_has_its_series_where_there_are_few() -> None:
    """Also those that have never said anything: an alert on silence needs a zero."""
    counter, registry = outcomes(rules_max=3)
    counter.begin({"A": "live", "B": "live", "C": "shadow"})
    counter.add(("A", "B", "C"), np.array([[1, 2, 3], [0, 0, 0], [4, 0, 0]]))
    assert hits(registry) == {"A": 1, "B": 0}
    assert samples(registry)["hit", "C", "shadow"] == 4
    assert counter.hidden == 0


def test_of_many_rules_those_that_hit_first_have_series() -> None:
    """The rest is counted together; no count ever goes down, and the sum is that of all."""
    counter, registry = outcomes(rules_max=2)
    rules = ("A", "B", "C", "D")
    counter.begin(dict.fromkeys(rules, "live"))
    assert hits(registry) == {}
    counter.add(rules, np.array([[0, 5, 0], [2, 3, 0], [0, 5, 0], [0, 5, 0]]))
    assert hits(registry) == {"B": 2, "other": 0}
    counter.add(rules, np.array([[0, 0, 0], [1, 0, 0], [3, 0, 0], [4, 0, 0]]))
    assert hits(registry) == {"B": 3, "C": 3, "other": 4}
    assert samples(registry)["miss", "other", "live"] == 15
    assert counter.hidden == 2


def test_counts_go_on_across_rulesets_and_the_gone_make_room() -> None:
    """A rule keeps its count under its status, and one that is gone stays until its place is needed."""
    counter, registry = outcomes(rules_max=2)
    counter.begin({"A": "live", "B": "live"})
    counter.add(("A", "B"), np.array([[1, 0, 0], [1, 0, 0]]))
    counter.begin({"A": "live"})
    counter.add(("A",), np.array([[1, 0, 0]]))
    assert hits(registry) == {"A": 2, "B": 1}
    counter.begin({"A": "live", "C": "live"})
    counter.add(("A", "C"), np.array([[1, 0, 0], [7, 0, 0]]))
    assert hits(registry) == {"A": 3, "C": 7}


def test_a_counter_counts_what_comes_late_as_other() -> None:
    """The first labels keep their series."""
    registry = CollectorRegistry()
    counter = BoundedCounter("c", "help", ("rule", "band"), registry, series_max=2)
    for rule in ("A", "B", "C", "D", "A"):
        counter.inc(2, rule, "x")
    assert samples(registry) == {("x", "A"): 4, ("x", "B"): 2, ("other", "other"): 4}


def test_a_counter_stands_at_zero_where_there_is_room_for_all_that_is_known() -> None:
    """Else the first ones that count have the series; what has counted keeps its count."""
    registry = CollectorRegistry()
    counter = BoundedCounter("c", "help", ("rule",), registry, series_max=3)
    counter.inc(1, "A")
    counter.begin([("A",), ("B",), ("B",)])
    assert samples(registry) == {("A",): 1, ("B",): 0}
    counter.begin([("C",), ("D",)])
    counter.inc(1, "D")
    assert samples(registry) == {("A",): 1, ("B",): 0, ("D",): 1}


def test_a_table_shows_the_largest_and_the_rest_together() -> None:
    """What is not shown any more leaves the page; what is found later is found by the scrape, once."""
    registry = CollectorRegistry()
    table = Table("t", "help", ("feature",), registry, 2)
    table.show({("a",): 1.0, ("b",): 5.0, ("c",): 2.0, ("d",): 3.0})
    assert samples(registry) == {("b",): 5, ("d",): 3, ("other",): 3}
    found: list[Values] = [{("e",): 1.0}]
    table.show_later(found.pop)
    assert samples(registry) == samples(registry) == {("e",): 1}


def test_ten_thousand_of_everything_do_not_melt_the_monitoring() -> None:
    """Rules, bands, features, models, partitions and shards: the page has a bound in series and bytes."""
    engine = engine_of(rule_file("n > 1", features="{n: {count: events, by: debtor.id, window: 1h}}"))
    engine.step([event("a")])
    metrics = Metrics()
    telemetry = WorkerTelemetry(metrics, engine.ruleset)
    rules = tuple(f"AML-LONGISH-NAME-{number:05}" for number in range(MANY))
    metrics.rules.outcomes.begin({rule: ("live", "shadow")[index % 2] for index, rule in enumerate(rules)})
    metrics.rules.cost_share.show({(rule,): 1 / MANY for rule in rules})
    metrics.rules.budget.show({(rule,): 10 for rule in rules})
    result = without_events(0, [], 0, rules)
    result.rule_outcomes[:] = np.arange(3 * MANY).reshape(MANY, 3) + 1
    result.held_back.update(dict.fromkeys(rules, 1))
    result.bands.update({(rule, "high"): 1 for rule in rules})
    result.drifted.update({(rule, "n"): 1 for rule in rules})
    result.allowed.update(dict.fromkeys(rules, 1))
    result.model_scores.update({rule: np.array([0.5]) for rule in rules[:1000]})
    BatchRecorder(metrics).record(result)
    (one,) = engine.stats().features
    stats = engine.stats()
    features = [type(one)((rule,), one.feature, 0, one.stats) for rule in rules]
    resting = dict.fromkeys(rules, False)
    MemoryRecorder(metrics).record(type(stats)(tuple(features), 0, 0, 0, 0, 0, resting=resting))
    telemetry.on_lag({number: Lag(number, float(number)) for number in range(MANY)})
    for shard in range(1_000):
        telemetry.on_checkpoint(shard, seconds=1.0, added_bytes=1, state_bytes=1)
        telemetry.on_replayed(shard, 1, shard)
        telemetry.on_error(f"slip {shard}")
    page = generate_latest(metrics.registry)
    series = [line for line in page.splitlines() if not line.startswith(b"#")]
    assert RULES_MAX * 3 < len(series) < SERIES_MAX
    assert len(page) < PAGE_BYTES_MAX
    total = sum(
        sample.value
        for family in metrics.registry.collect()
        if family.name == "fraudstream_rule_outcomes"
        for sample in family.samples
    )
    assert total == result.rule_outcomes.sum()
    lags = [family for family in metrics.registry.collect() if family.name == "fraudstream_lag_events"]
    assert sum(sample.value for sample in lags[0].samples) == MANY * (MANY - 1) / 2

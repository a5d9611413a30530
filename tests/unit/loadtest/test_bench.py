"""The benchmark does the work that its figures are said to be for, and reads the figures right."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.engine.selftest import run_cases
from fraudstream.engine.step import Engine
from fraudstream.events.schema import Schema
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.bench_alerts import AlertLog
from loadtest.bench_engine import USUAL_BATCH, batches
from loadtest.bench_load import events_due
from loadtest.bench_rules import MODEL_INPUTS, bench_files, write_files
from loadtest.bench_stream import stream_of
from loadtest.traffic import generate


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    """Return the benchmark's ruleset."""
    return build_ruleset(bench_files())


def test_the_ruleset_is_as_large_as_said(ruleset: Ruleset) -> None:
    """There are 40 rules of four clauses, 36 features, and one model of 16 inputs."""
    assert len(ruleset.rules) == 40
    assert {len(rule.spec.when["all"]) for rule in ruleset.rules if isinstance(rule.spec.when, dict)} == {4}
    assert Engine(ruleset).features == 36
    assert [len(model.inputs) for model in ruleset.models] == [MODEL_INPUTS]


def test_the_rules_pass_their_own_tests(ruleset: Ruleset) -> None:
    """Every rule has a case that hits, one that misses and one without its key, and all pass."""
    results = list(run_cases(ruleset, Schema()))
    assert [result.problem for result in results if not result.passed] == []
    for rule in ruleset.rules:
        expected = {result.expected for result in results if result.rule_id == rule.id}
        assert expected == {"hit", "miss", "not_evaluated"}


def test_a_worker_reads_the_same_ruleset(ruleset: Ruleset, tmp_path: Path) -> None:
    """The files on disk are those in memory."""
    write_files(tmp_path)
    assert load_ruleset(tmp_path).version == ruleset.version


def test_some_events_alert(ruleset: Ruleset) -> None:
    """Of ordinary traffic between 1 % and 8 % is alerted on: neither for nothing nor for everything."""
    payloads = generate(5_000).payloads
    engine = Engine(ruleset)
    alerts = sum(len(engine.step(batch).alerts) for batch in batches(payloads, USUAL_BATCH))
    assert 0.01 <= alerts / len(payloads) <= 0.08


def test_the_last_event_of_every_part_of_a_stream_alerts(ruleset: Ruleset) -> None:
    """Parts follow one another, and each ends with an event that is alerted on for sure."""
    stream = stream_of(generate(1_000), [600, 250, 100])
    assert [len(stream.part(number)) for number in range(3)] == [600, 250, 100]
    assert b"".join(map(b"".join, map(stream.part, range(3)))) == b"".join(stream.payloads)
    engine = Engine(ruleset)
    for number in range(3):
        assert [alert.row for alert in engine.step([stream.part(number)[-1]]).alerts] == [0]


def test_a_steady_load_keeps_its_pace() -> None:
    """One event is due at once, then so many per second, and never more than there are."""
    assert [events_due(seconds, 1_000, 400) for seconds in (0, 0.0009, 0.1, 5)] == [1, 1, 101, 400]


def test_a_load_without_a_pace_goes_at_once() -> None:
    """With a pace of 0 all events are due at the start."""
    assert events_due(0, 0, 400) == 400


def test_the_rate_leaves_out_the_batch_of_the_first_alert() -> None:
    """What was judged before the first alert came out does not count as judged since."""
    log = AlertLog(offsets=[90, 100, 150, 600, 1_100], appended_ms=[900, 1_000, 1_015, 1_500, 2_000])
    assert log.events_per_s(first=100, last=1_100) == pytest.approx(950)


def test_latency_is_from_append_to_append() -> None:
    """An alert's latency counts from when its own event was appended."""
    log = AlertLog(offsets=[7, 11, 13], appended_ms=[0, 1_020, 1_033])
    assert log.latency_ms(10, [1_000, 1_010, 1_020, 1_030]).tolist() == [10, 3]
    assert log.latency_ms(10, [1_000, 1_010]).tolist() == [10]

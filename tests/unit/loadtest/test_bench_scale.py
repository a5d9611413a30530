"""The streams and rulesets of the cost curves are what they are said to be."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import orjson
import pytest

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from loadtest.bench_entities import KEYS, drawn, rounds
from loadtest.bench_plots import draw_all
from loadtest.bench_rules import RULES, bench_files, rule_ids
from loadtest.bench_scale import batches_of, curve


def test_more_rules_share_the_features() -> None:
    """Rules beyond the first 40 differ in their parameters alone."""
    ruleset = build_ruleset(bench_files(RULES + 25))
    engine = Engine(ruleset)
    assert len(engine.rule_ids) == RULES + 25
    assert engine.features == 36
    assert {rule.spec.id for rule in ruleset.rules} == rule_ids(RULES + 25)
    assert rule_ids(RULES) < rule_ids(RULES + 25)


def test_every_round_names_every_entity_once() -> None:
    """So that the number of entities, and of events of each, is known."""
    messages = [orjson.loads(message) for message in rounds(60, 3, seed=1)]
    assert Counter(message["debtor"]["id"] for message in messages) == {f"c{n}": 3 for n in range(10)}
    assert len({message["device"]["ip"] for message in messages[:10]}) == 60 // len(KEYS)


def test_drawn_events_are_sound_and_at_the_rate() -> None:
    """The engine takes all, and 60 entities with three events a day make 30 events a day."""
    messages = [*islice(drawn(60, 3.0, seed=1), 61)]
    result = Engine(build_ruleset(bench_files())).step(messages)
    assert (len(result.decisions.row), result.dead_letters) == (61, [])
    first, last = (orjson.loads(messages[n])["occurred_at"] for n in (0, 60))
    assert (int(last[8:10]) - int(first[8:10]), last[10:]) == (2, first[10:])


def test_batches_end_where_asked() -> None:
    """No event beyond those asked for is taken from the stream."""
    stream = drawn(60, 3.0, seed=1)
    assert [len(batch) for batch in batches_of(stream, 25, 10)] == [10, 10, 5]
    assert orjson.loads(next(stream))["id"] == "n25"


def test_a_curve_has_medians() -> None:
    """Ratios are taken within a pass: noise that falls on a whole pass cancels."""
    found = curve([{1: 10.0, 2: 12.0}, {1: 20.0, 2: 24.0}, {1: 11.0, 2: 22.0}])
    assert found.us_per_event == {1: 11.0, 2: 22.0}
    assert found.ratios == {1: 1.0, 2: pytest.approx(1.2)}


def test_curves_are_drawn(tmp_path: Path) -> None:
    """Two pictures come out."""
    some = curve([{40: 10.0, 1_000: 12.0}])
    draw_all(some, some, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"rules.png", "entities.png"}

"""The streams of the scenarios are what they are said to be, by the engine's own word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice

import orjson
import pytest

from fraudstream.engine.step import Engine
from loadtest.bench_entities import DAY_US, KEYS
from loadtest.load.streams import (
    DEAD,
    DUPLICATE,
    LATE,
    Stream,
    clock_skew,
    customers,
    duplicate_storm,
    entity_flood,
    hot_key,
    late_storm,
    newest_us,
    poison_flood,
)
from tests.unit.rule_files import engine_of, rule_file

EVENTS = 3_000
SEED = 3


@pytest.fixture
def engine() -> Engine:
    """Return an engine that has seen nothing."""
    return engine_of(rule_file("amount_usd > 0", cases="[]"))


def test_late_events_are_late_and_nothing_else_is(engine: Engine) -> None:
    """As many as were dated back; they are the messages whose fate says so."""
    stream = late_storm(EVENTS, SEED)
    result = engine.step(stream.payloads)
    assert result.late == stream.count(EVENTS)[LATE] > 100
    assert not result.dead_letters
    assert newest_us(stream.good(EVENTS)) == newest_us(stream.payloads)


def test_duplicates_are_dropped(engine: Engine) -> None:
    """Three with every event of the storm, and only those."""
    stream = duplicate_storm(EVENTS, SEED)
    result = engine.step(stream.payloads)
    assert result.duplicates == stream.count(len(stream.payloads))[DUPLICATE] == EVENTS


def test_poison_is_dead_in_many_ways(engine: Engine) -> None:
    """Every broken message is a dead letter, of seven reasons, and nothing else is."""
    stream = poison_flood(EVENTS, SEED)
    letters = engine.step(stream.payloads).dead_letters
    assert {letter.row for letter in letters} == stream.fates.keys()
    assert stream.count(len(stream.payloads))[DEAD] > EVENTS / 3 * 0.4
    assert len(Counter(letter.reason for letter in letters)) == 7


def test_a_skewed_clock_is_two_days_ahead() -> None:
    """Of the time that is given, and under ids of its own."""
    now_us = 20_600 * DAY_US
    stream = clock_skew(EVENTS, SEED, now_us)
    ahead = [orjson.loads(stream.payloads[number]) for number in stream.fates]
    assert newest_us([orjson.dumps(each) for each in ahead]) == now_us + 2 * DAY_US
    assert all(each["id"].startswith("ahead-") for each in ahead)
    assert len({each["id"] for each in ahead}) == len(ahead) > 50


def test_half_of_the_events_name_the_hot_customer() -> None:
    """The others are spread."""
    named = Counter(orjson.loads(each)["debtor"]["id"] for each in hot_key(EVENTS, SEED).payloads)
    assert 0.45 < named.pop("c0") / EVENTS < 0.55
    assert max(named.values()) < 20


def test_no_entity_of_the_flood_comes_twice() -> None:
    """Save one customer; and the events span long enough for entities to be forgotten."""
    payloads = entity_flood(EVENTS, SEED).payloads
    events = [orjson.loads(each) for each in payloads]
    named = Counter(each["debtor"]["id"] for each in events)
    assert named.pop("c0") == EVENTS / 5
    assert set(named.values()) == {1}
    assert len({each["device"]["ip"] for each in events}) == 1 + EVENTS * 4 // 5
    assert newest_us(payloads) - newest_us(payloads[:1]) > 1_900 * DAY_US
    assert len(KEYS) == 6


def test_customers_keep_their_habits(engine: Engine) -> None:
    """One device and five payees each, so far apart as asked for, and the engine takes all."""
    payloads = [*islice(customers(40, 3_000_000, SEED, 0), EVENTS)]
    events = [orjson.loads(each) for each in payloads]
    assert len({(each["debtor"]["id"], each["device"]["id"]) for each in events}) == 40
    assert len({(each["debtor"]["id"], each["creditor"]["account"]) for each in events}) == 200
    assert newest_us(payloads) == 3_000_000 * (EVENTS - 1)
    assert not engine.step(payloads).dead_letters


@pytest.mark.parametrize("make", [late_storm, duplicate_storm, poison_flood, hot_key, entity_flood])
def test_the_same_seed_gives_the_same_messages(make: Callable[[int, int], Stream]) -> None:
    """Byte by byte, with the same fates."""
    assert make(1_200, SEED) == make(1_200, SEED)

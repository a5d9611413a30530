"""The fold as a whole: batches change nothing, every message is accounted for, no input stops it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, zip_longest
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.snapshots import SnapshotError
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import Ruleset
from loadtest.traffic import generate
from tests.rulesets import repository_ruleset, small_model_ruleset

EVENTS = 1_500


@cache
def traffic(seed: int) -> list[bytes]:
    """Return messages of random customers, with duplicates and malformed ones among them."""
    return generate(EVENTS, seed, duplicate_share=0.02, malformed_share=0.02).payloads


def fold(
    ruleset: Ruleset, batches: Sequence[Sequence[bytes | None]], between: Sequence[str] = ()
) -> list[Any]:
    """Run batches and return everything that leaves the engine, rows counted from the first message.

    `between` says what is done before each batch: "save" moves the state to a new engine, "reload" puts the
    same rules in force again.
    """
    memory = Settings(duplicates=Horizon(ids_max=200), shadow_alerts=True)
    engine = Engine(ruleset, memory)
    out: list[Any] = []
    start = 0
    for batch, what in zip_longest(batches, between[: len(batches)]):
        if what == "save":
            saved = copy.deepcopy(engine.snapshot())
            engine = Engine(ruleset, memory)
            engine.restore(saved)
        elif what == "reload":
            engine.reload(engine.prepare(ruleset))
        result = engine.step(batch)
        out += [("alert", alert.row + start, alert.key, alert.value) for alert in result.alerts]
        out += [("shadow", alert.row + start, alert.key, alert.value) for alert in result.shadow.alerts]
        out += [("dead", letter.row + start, letter.reason, letter.detail) for letter in result.dead_letters]
        decisions = result.decisions
        for row, action, score in zip(decisions.row, decisions.action, decisions.score, strict=True):
            out.append(("decision", int(row) + start, int(action), int(score)))
        assert result.events_in == len(decisions.row) + len(result.dead_letters) + result.duplicates
        start += len(batch)
    return sorted(out)


@cache
def whole(seed: int) -> list[Any]:
    """Return what a single batch of everything gives."""
    return fold(small_model_ruleset(), [traffic(seed)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3), st.sets(st.integers(1, EVENTS - 1), max_size=60))
def test_batches_change_no_byte(seed: int, cuts: set[int]) -> None:
    """Any cut of the stream into batches gives the same alerts, decisions and dead letters, to the byte."""
    bounds = [0, *sorted(cuts), EVENTS]
    batches = [traffic(seed)[a:b] for a, b in pairwise(bounds)]
    assert fold(small_model_ruleset(), batches) == whole(seed)


def test_batches_of_one_change_no_byte() -> None:
    """One event at a time gives what one batch of all events gives."""
    assert fold(small_model_ruleset(), [[value] for value in traffic(1)]) == whole(1)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 3),
    st.sets(st.integers(1, EVENTS - 1), max_size=12),
    st.lists(st.sampled_from(["save", "reload", ""]), min_size=13, max_size=13),
)
def test_neither_saving_nor_reloading_changes_a_byte(seed: int, cuts: set[int], between: list[str]) -> None:
    """Between any two batches the state can move to another engine, or the same rules be loaded again."""
    bounds = [0, *sorted(cuts), EVENTS]
    batches = [traffic(seed)[a:b] for a, b in pairwise(bounds)]
    assert fold(small_model_ruleset(), batches, between) == whole(seed)


def test_a_snapshot_of_other_rules_is_refused() -> None:
    """The message says what to do; so it does for a snapshot of another format."""
    saved = Engine(repository_ruleset()).snapshot()
    engine = Engine(small_model_ruleset())
    with pytest.raises(SnapshotError, match="restore it with its own ruleset, then reload"):
        engine.restore(saved)
    with pytest.raises(SnapshotError, match="has format 99, this engine reads 1: take one of this version"):
        engine.restore({**saved, "format": 99})


def test_the_stream_used_here_has_everything() -> None:
    """The comparison above is about alerts, model scores, dead letters and duplicates that do occur."""
    out = whole(1)
    alerts = [orjson.loads(entry[3]) for entry in out if entry[0] == "alert"]
    assert len(alerts) > 20
    assert any(alert["models"] for alert in alerts)
    assert b'"usual":{"value":"' in b"".join(entry[3] for entry in out if entry[0] == "alert")
    assert any(rule["contributing_event_ids"] for alert in alerts for rule in alert["rules"])
    assert sum(entry[0] == "dead" for entry in out) == 30
    assert sum(entry[0] == "decision" for entry in out) < EVENTS - 30


VALID: dict[str, Any] = {
    "id": "e1",
    "kind": "transfer",
    "occurred_at": "2026-03-02T08:15:30.123Z",
    "amount": 42.5,
    "currency": "USD",
    "debtor": {"id": "c1", "account": "a1", "country": "US"},
    "creditor": {"id": "c2", "account": "a2"},
    "device": {"id": "d1", "ip": "198.51.100.7", "lat": 40.7, "lon": -74.0},
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a valid event with some fields replaced by anything."""
    event = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(
            st.sampled_from(["id", "kind", "occurred_at", "amount", "currency", "debtor", "device", "status"])
        )
        event[path] = draw(anything)
        if isinstance(event.get("device"), dict):
            event["device"]["lat"] = draw(anything)
    try:
        return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)
    except (orjson.JSONEncodeError, TypeError):
        return repr(event).encode("utf-8", "surrogatepass")


messages = (
    st.none()
    | st.binary(max_size=60)
    | mutated()
    | anything.map(lambda value: repr(value).encode("utf-8", "replace"))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(messages, max_size=12))
def test_no_input_stops_the_step(values: list[bytes | None]) -> None:
    """Whatever arrives, the step goes on, accounts for every message and says why it refused one."""
    engine = fuzzed_engine()
    result = engine.step([*values, orjson.dumps(VALID)])
    decided = len(result.decisions.row)
    assert result.events_in == len(values) + 1 == decided + len(result.dead_letters) + result.duplicates
    assert all(letter.reason and letter.detail for letter in result.dead_letters)


@cache
def fuzzed_engine() -> Engine:
    """Return one engine for all examples: what one leaves behind must not hurt the next."""
    return Engine(repository_ruleset())


BAD_INPUT: dict[str, tuple[bytes | None, str]] = {
    "not JSON": (b"hello", "not_json"),
    "empty": (b"", "not_json"),
    "tombstone": (None, "tombstone"),
    "NaN": (b'{"id":"a","amount":NaN}', "not_json"),
    "invalid UTF-8": (b'{"id":"\xff"}', "invalid_utf8"),
    "an array": (b"[1,2]", "not_an_object"),
    "10 MB": (b'{"id":"' + b"x" * 10_000_000 + b'"}', "too_large"),
    "deep nesting": (b'{"a":' * 200 + b"1" + b"}" * 200, "too_deep"),
    "missing id": (orjson.dumps({**VALID, "id": None}), "missing_field"),
    "wrong type": (orjson.dumps({**VALID, "debtor": {"id": 7}}), "wrong_type"),
    "boolean amount": (orjson.dumps({**VALID, "amount": True}), "wrong_type"),
    "negative amount": (orjson.dumps({**VALID, "amount": -1}), "negative_amount"),
    "absurd amount": (orjson.dumps({**VALID, "amount": 1e300}), "absurd_amount"),
    "absurd decimal text": (orjson.dumps({**VALID, "amount": "1e999999"}), "absurd_amount"),
    "too many decimals": (orjson.dumps({**VALID, "amount": 1.234}), "bad_amount"),
    "unknown currency": (orjson.dumps({**VALID, "currency": "XXX"}), "unknown_currency"),
    "no currency": (orjson.dumps({**VALID, "currency": None}), "missing_field"),
    "unknown kind": (orjson.dumps({**VALID, "kind": "barter"}), "unknown_kind"),
    "impossible date": (orjson.dumps({**VALID, "occurred_at": "2026-02-30T00:00:00Z"}), "bad_time"),
    "no time zone": (orjson.dumps({**VALID, "occurred_at": "2026-02-03T00:00:00"}), "bad_time"),
    "year 2999": (orjson.dumps({**VALID, "occurred_at": "2999-02-03T00:00:00Z"}), "bad_time"),
    "text too long": (orjson.dumps({**VALID, "purpose": "x" * 5_000}), "text_too_long"),
    "no such place": (orjson.dumps({**VALID, "device": {"lat": 99}}), "out_of_bounds"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_becomes_a_dead_letter_with_its_reason(name: str) -> None:
    """Each kind of bad message is refused for its own reason, and the event beside it is judged."""
    value, reason = BAD_INPUT[name]
    result = Engine(repository_ruleset()).step([value, orjson.dumps(VALID)])
    assert [(letter.row, letter.reason) for letter in result.dead_letters] == [(0, reason)]
    assert len(result.dead_letters[0].detail) < 300
    assert result.decisions.row.tolist() == [1]

"""Labels: what becomes known of events later is counted and learned from then on, and never before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fraudstream.engine.awaiting import Wait
from fraudstream.engine.label_schema import Label
from fraudstream.engine.step import Engine, Settings
from fraudstream.features.catalogue import DAY_US
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.scorers.performance import Skill
from tests.unit.rule_files import engine_of, event, rule_file, rule_files

FEATURES = (
    "{frauds: {count: frauds, by: debtor.id, window: 7d}, told: {count: labels, by: debtor.id, window: 7d}}"
)
COUNTS = rule_file("frauds >= 1", features=FEATURES, cases="[]", status="live")
EVERY = rule_file("amount_usd >= 0", rule_id="TST-ANY-002", cases="[]")
MODEL = b"""schema: fraudstream.model/v1
id: learned
title: Amounts and hours of known frauds
windows: {frauds: {count: frauds, by: debtor.id, window: 30d}}
features: {amount: log1p(amount_usd), frauds: {expr: frauds, missing: 0}}
estimator: {kind: binned_logistic, first: 100}
warm_up: 2
seed: 1
"""
Message = tuple[str, bytes]
"""What goes to `step` or to `learn`."""


def label(of: str, what: str = "fraud", name: str = "event_id") -> bytes:
    """Return a label as a message."""
    return orjson.dumps({"schema": "fraudstream.label/v1", "label": what, name: of})


def day(number: int, hour: int = 8) -> str:
    """Return a time."""
    return f"2026-03-{number:02d}T{hour:02d}:00:00Z"


def ruleset(model: bytes | None = MODEL) -> Ruleset:
    """Return rules that count labels, and a model that learns them."""
    return build_ruleset(
        rule_files(COUNTS, EVERY, **({} if model is None else {"models/learned.yml": model}))
    )


def told(engine: Engine, *labels: bytes) -> dict[str, int]:
    """Return what some labels came to, without what did not occur."""
    return {what: number for what, number in engine.learn(labels).labels.items() if number}


def hits(engine: Engine, *events: bytes) -> int:
    """Return how often the first rule hit."""
    return int(engine.step(events).rule_outcomes[0][0])


def test_the_delay_of_a_label_counts_in_event_time() -> None:
    """From its event to the newest event so far; labels that are not the first of an event have none."""
    engine = Engine(ruleset())
    engine.step([event("a", occurred_at=day(1)), event("b", occurred_at=day(3))])
    result = engine.learn([label("a"), label("b"), label("a"), label("nobody")])
    assert (result.label_delay_us / 1e6).tolist() == [2 * 86_400, 0]


def test_a_fraud_counts_from_the_moment_it_is_known() -> None:
    """Not before its label, within the window of that moment, and for its own entity alone."""
    engine = engine_of(COUNTS)
    other = event("x", day(1), debtor={"id": "c2"})
    assert hits(engine, event("a", day(1)), other, event("b", day(2))) == 0
    assert told(engine, label("a")) == {"fraud": 1}
    assert hits(engine, event("c", day(2, 9)), event("d", day(9, 7))) == 2
    assert hits(engine, event("e", day(9, 9))) == 0
    assert hits(engine, event("f", day(9, 9), debtor={"id": "c2"})) == 0


def test_a_label_is_dated_by_the_watermark() -> None:
    """An event that is late by the watermark, though not too late, does not read what was known after it."""
    engine = engine_of(COUNTS)
    hits(engine, event("a", day(1)), event("b", "2026-03-02T08:04:00Z"))
    told(engine, label("a"))
    assert hits(engine, event("c", "2026-03-02T08:03:59Z")) == 0
    assert hits(engine, event("d", "2026-03-02T08:04:00Z")) == 1


def test_an_alert_names_the_known_frauds() -> None:
    """They are the contributing events of the feature."""
    engine = engine_of(COUNTS)
    hits(engine, event("a", day(1)), event("b", day(1)))
    told(engine, label("b"))
    (alert,) = engine.step([event("c", day(2))]).alerts
    assert orjson.loads(alert.value)["rules"][0]["contributing_event_ids"] == ["b"]


def test_genuine_labels_are_labels() -> None:
    """`count: labels` counts both, `count: frauds` one of them."""
    engine = engine_of(rule_file("told >= 2 and frauds == 1", features=FEATURES, cases="[]"))
    hits(engine, event("a", day(1)), event("b", day(1)))
    assert told(engine, label("a", "genuine"), label("b")) == {"fraud": 1, "genuine": 1}
    assert hits(engine, event("c", day(2))) == 1


def test_an_event_may_be_named_by_its_alert() -> None:
    """Whoever works on alerts need not know the ids of events."""
    engine = engine_of(COUNTS, EVERY)
    alert, *_ = engine.step([event("a", day(1)), event("b", day(1))]).alerts
    assert told(engine, label(alert.alert_id, name="alert_id"), label("a")) == {"fraud": 1, "repeated": 1}
    assert hits(engine, event("c", day(2))) == 1


def test_the_first_label_of_an_event_counts() -> None:
    """A repeated one, and one that takes it back, change nothing."""
    engine = engine_of(COUNTS)
    hits(engine, event("a", day(1)))
    assert told(engine, label("a"), label("a")) == {"fraud": 1, "repeated": 1}
    assert told(engine, label("a", "genuine")) == {"repeated": 1}
    assert hits(engine, event("b", day(2))) == 1


def test_events_wait_so_long_and_so_many() -> None:
    """A label that comes later than that, or of an event that was never seen, is unknown."""
    engine = engine_of(COUNTS, settings=Settings(labels=Wait(wait_us=DAY_US, events_max=1_000)))
    hits(engine, event("a", day(1)), event("b", day(2, 7)), event("c", day(2, 9)))
    assert told(engine, label("a"), label("b"), label("nobody's")) == {"fraud": 1, "unknown": 2}
    hits(engine, *(event(f"n{number}", day(2, 10)) for number in range(999)))
    assert told(engine, label("b"), label("c"), label("n0")) == {"fraud": 2, "unknown": 1}
    hits(engine, event("one too many", day(2, 10)))
    assert told(engine, label("c"), label("n998")) == {"fraud": 1, "unknown": 1}


@pytest.mark.parametrize(
    ("message", "reason", "detail"),
    [
        (b"{", "not_json", "send one JSON object per message"),
        (None, "not_json", "send one JSON object per message"),
        (b"[]", "not_a_label", "send what docs/label.schema.json says"),
        (label("a", "maybe"), "not_a_label", "label: "),
        (label(""), "not_a_label", "event_id: "),
        (
            b'{"schema": "fraudstream.label/v1", "label": "fraud"}',
            "not_a_label",
            "give either event_id or alert",
        ),
        (b'{"schema": "fraudstream.label/v2", "label": "fraud", "event_id": "a"}', "not_a_label", "schema: "),
    ],
)
def test_what_is_no_label_becomes_a_dead_letter(message: bytes | None, reason: str, detail: str) -> None:
    """It says what is wrong; the labels around it count."""
    engine = engine_of(COUNTS)
    hits(engine, event("a", day(1)))
    result = engine.learn([message, label("a")])
    (letter,) = result.dead_letters
    assert (letter.row, letter.reason) == (0, reason)
    assert detail in letter.detail
    assert result.labels["fraud"] == 1
    assert result.events_in == 2


def test_a_model_learns_what_its_events_were() -> None:
    """It scores once it has learned enough, and then high what is like the known frauds."""
    engine = Engine(ruleset())
    assert taught(engine, 150, start=0) == 0
    scores = engine.step([*_payments(4, start=150), _payment(900, 5_000)]).model_scores["learned"]
    assert len(scores) == 3
    assert scores[-1] > max(scores[:-1])


def _payment(number: int, amount: float) -> bytes:
    return event(f"p{number}", f"2026-03-03T{number // 60:02d}:{number % 60:02d}:00Z", amount=amount)


def _payments(count: int, start: int) -> list[bytes]:
    """Return payments of which every tenth is large."""
    return [
        _payment(number, 5_000 if number % 10 == 0 else 20 + number % 7)
        for number in range(start, start + count)
    ]


def taught(engine: Engine, count: int, start: int) -> int:
    """Have payments judged, and say which were fraud: the large ones. Return how many scores were given."""
    result = engine.step(_payments(count, start))
    engine.learn(
        [label(f"p{each}", "fraud" if each % 10 == 0 else "genuine") for each in range(start, start + count)]
    )
    return len(result.model_scores["learned"])


def test_a_model_is_measured_by_the_labels_of_what_it_scored() -> None:
    """By its scores at their time; events that it could not score yet say nothing."""
    engine = Engine(ruleset())
    taught(engine, 150, start=0)
    assert engine.stats().skills["learned"] == Skill(None, None)
    taught(engine, 150, start=150)
    skill = engine.stats().skills["learned"]
    assert skill.auc is not None
    assert skill.auc > 0.9
    restored = Engine(ruleset())
    restored.restore(engine.snapshot())
    assert restored.stats().skills == engine.stats().skills
    engine.reload(engine.prepare(ruleset(MODEL.replace(b"warm_up: 2", b"warm_up: 3"))))
    assert engine.stats().skills["learned"] == Skill(None, None)


def test_a_reload_keeps_what_was_learned_and_what_waits() -> None:
    """A model whose file says the same goes on; another begins anew with the events from then on."""
    engine = Engine(ruleset())
    taught(engine, 150, start=0)
    engine.step(_payments(20, start=150))
    engine.reload(engine.prepare(build_ruleset(rule_files(COUNTS, **{"models/learned.yml": MODEL}))))
    assert told(engine, label("p150")) == {"fraud": 1}
    assert len(engine.step(_payments(5, start=170)).model_scores["learned"]) == 5
    wider = MODEL.replace(b"features: {", b"features: {more: amount_usd, ")
    engine.reload(engine.prepare(ruleset(wider)))
    assert told(engine, label("p151", "genuine")) == {"genuine": 1}
    assert len(engine.step(_payments(5, start=200)).model_scores["learned"]) == 0
    assert taught(engine, 150, start=210) == 0
    assert len(engine.step(_payments(5, start=400)).model_scores["learned"]) == 3


def test_without_a_labels_topic_nothing_may_wait_for_labels() -> None:
    """Rules and models that would wait for ever are refused, each at its place."""
    with pytest.raises(RulesetError) as refused:
        Engine(ruleset(), Settings(labels=None))
    messages = str(refused.value)
    assert "x/0.yml:14:20: frauds counts labels, but no labels come: name their topic" in messages
    assert "models/learned.yml:4:19: frauds counts labels" in messages
    assert "models/learned.yml:6:12: learned learns from labels" in messages
    assert told(engine_of(EVERY, settings=Settings(labels=None)), label("a")) == {"unknown": 1}


def test_a_window_of_labels_takes_no_condition() -> None:
    """Which events are labelled is not for the rule to choose."""
    features = '{f: {count: frauds, where: kind == "transfer", by: debtor.id, window: 7d}}'
    with pytest.raises(RulesetError, match="count: frauds takes no where"):
        engine_of(rule_file("f > 0", features=features, cases="[]"))


class Told:
    """The same in plain Python: what is known of an entity, and when it became known."""

    def __init__(self) -> None:
        self._customer: dict[str, str] = {}
        self._known: list[tuple[str, int, bool]] = []
        self._labelled: set[str] = set()
        self._watermark = -1

    def judged(self, message: bytes) -> tuple[int, int]:
        """Return the frauds and labels of the last seven days that are known of the customer."""
        content = orjson.loads(message)
        at = _seconds(content)
        self._watermark = max(self._watermark, at)
        customer = content["debtor"]["id"]
        self._customer[content["id"]] = customer
        known = [
            fraud for who, when, fraud in self._known if who == customer and at - 7 * 86_400 < when <= at
        ]
        return sum(known), len(known)

    def learn(self, message: bytes) -> None:
        """Take note of a label."""
        content = orjson.loads(message)
        name = content["event_id"]
        if name in self._customer and name not in self._labelled:
            self._labelled.add(name)
            self._known.append((self._customer[name], self._watermark, content["label"] == "fraud"))


def _seconds(content: dict[str, Any]) -> int:
    return int(np.datetime64(content["occurred_at"].removesuffix("Z")).astype("datetime64[s]").astype(int))


@st.composite
def _streams(draw: st.DrawFn) -> list[Message]:
    """Draw events of three customers, an hour or a day apart, and labels of some of them in between."""
    found: list[Message] = []
    seconds, events = 0, 0
    base = np.datetime64("2026-03-01T00:00:00")
    for step in draw(st.lists(st.sampled_from("hhhdfg"), min_size=1, max_size=40)):
        if step in "fg" and events:
            of = draw(st.integers(0, events - 1))
            found.append(("learn", label(f"e{of}", "fraud" if step == "f" else "genuine")))
            continue
        seconds += 3_600 if step == "h" else 86_400
        customer = draw(st.sampled_from(["c1", "c2", "c3"]))
        at = str(base + np.timedelta64(seconds, "s")) + "Z"
        found.append(("step", event(f"e{events}", at, debtor={"id": customer})))
        events += 1
    return found


def _run(engine: Engine, messages: Sequence[Message]) -> list[bytes]:
    """Return the alerts of a stream, message by message."""
    found: list[bytes] = []
    for kind, message in messages:
        result = engine.step([message]) if kind == "step" else engine.learn([message])
        found += [alert.value for alert in result.alerts]
    return found


@cache
def _counting() -> Ruleset:
    """Return rules that tell of each event what is known, and a model."""
    tells = [
        rule_file(
            f"{name} >= {least}", features=FEATURES, cases="[]", rule_id=f"TST-{name.upper()}-{least:03d}"
        )
        for name in ("frauds", "told")
        for least in (1, 2, 3)
    ]
    return build_ruleset(rule_files(*tells, **{"models/learned.yml": MODEL}))


@hypothesis_settings(max_examples=60, deadline=None)
@given(_streams())
def test_what_is_counted_is_what_a_simple_count_finds(messages: list[Message]) -> None:
    """Whatever the order of events and labels."""
    engine, simple = Engine(_counting()), Told()
    for kind, message in messages:
        if kind == "learn":
            engine.learn([message])
            simple.learn(message)
            continue
        hit = engine.step([message]).rule_outcomes[:, 0].tolist()
        frauds, labels = simple.judged(message)
        assert hit == [frauds >= 1, frauds >= 2, frauds >= 3, labels >= 1, labels >= 2, labels >= 3]


@hypothesis_settings(max_examples=40, deadline=None)
@given(_streams(), st.data())
def test_batches_and_snapshots_do_not_show(messages: list[Message], data: st.DataObject) -> None:
    """One message after the other, by the batch, and from a snapshot in between: the same bytes."""
    whole, batched = Engine(_counting()), Engine(_counting())
    expected = _run(whole, messages)
    found: list[bytes] = []
    start = 0
    while start < len(messages):
        kind = messages[start][0]
        stop = start
        while (
            stop < len(messages) and messages[stop][0] == kind and (stop == start or data.draw(st.booleans()))
        ):
            stop += 1
        values = [message for _, message in messages[start:stop]]
        result = batched.step(values) if kind == "step" else batched.learn(values)
        found += [alert.value for alert in result.alerts]
        start = stop
        if data.draw(st.booleans()):
            snapshot = batched.snapshot()
            batched = Engine(_counting())
            batched.restore(snapshot)
    assert found == expected


@hypothesis_settings(max_examples=40, deadline=None)
@given(_streams(), st.integers(0, 40))
def test_no_label_is_read_before_it_is_known(messages: list[Message], known: int) -> None:
    """Whatever the labels from some moment on say, what was judged before is the same."""
    flipped = [
        (kind, _flipped(message) if kind == "learn" and at >= known else message)
        for at, (kind, message) in enumerate(messages)
    ]
    before = [_run(Engine(_counting()), stream[:known]) for stream in (messages, flipped)]
    assert before[0] == before[1]
    first = next(
        (at for at, pair in enumerate(zip(messages, flipped, strict=True)) if pair[0] != pair[1]), None
    )
    if first is not None:
        whole = [_run(Engine(_counting()), stream[:first]) for stream in (messages, flipped)]
        assert whole[0] == whole[1]


def _flipped(message: bytes) -> bytes:
    content = orjson.loads(message)
    return label(content["event_id"], "genuine" if content["label"] == "fraud" else "fraud")


def test_a_snapshot_of_a_full_ring_goes_on_the_same() -> None:
    """Events that wait are found again though their places have moved, by their ids and by their alerts."""
    settings = replace(Settings(), labels=Wait(events_max=1_000))
    engine = Engine(ruleset(), settings)
    alerts = [alert for start in range(0, 1_440, 240) for alert in engine.step(_payments(240, start)).alerts]
    other = Engine(ruleset(), settings)
    other.restore(engine.snapshot())
    by_alert = {orjson.loads(alert.value)["event"]["id"]: alert.alert_id for alert in alerts}
    told_now = [
        label("p439"),
        label("p440"),
        label(by_alert["p439"], name="alert_id"),
        label(by_alert["p441"], name="alert_id"),
        label(by_alert["p1439"], name="alert_id"),
        label("p1439"),
    ]
    assert told(engine, *told_now) == told(other, *told_now) == {"fraud": 3, "repeated": 1, "unknown": 2}


def test_the_schema_of_labels_is_written_down() -> None:
    """docs/label.schema.json is what `make docs` makes of the type."""
    page = Path(__file__).parents[3] / "docs" / "label.schema.json"
    assert orjson.loads(page.read_bytes()) == Label.model_json_schema()

"""What is personal does not leave a worker: canaries in all that it reads, and none in what it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from fraudstream.cli.service import kept_by
from fraudstream.config import load_topology
from fraudstream.events.nesting import put
from fraudstream.events.schema import ColumnType, Schema, Sensitivity
from loadtest.waiting import until
from tests.collector import Collector, collector
from tests.integration.rule_rig import RuleRig
from tests.integration.stream_rig import headers_of, set_limit
from tests.unit.rule_files import rule_file, rule_files

pytestmark = pytest.mark.integration

KEY = "5a" * 32
WORD = "zyzzyva"
"""The canary's name, which stands in no file and in no topic's name."""
CARD = "4111 1111 1111 1111"
POLICY = """
  personal: token
  columns: {purpose: encrypt, device.ip: withhold}
  active_key: now
  keys: {before: {env: CANARY_KEY_BEFORE}, now: {file: now.key}}"""
SOURCE = """rules: rules
audit: audit.jsonl
labels: {topic: %s}
columns:
  note: {type: text}
  desk: {type: text, sensitivity: internal}
  pin: {type: text, sensitivity: secret}
checkpoints: {url: state, every: 1s, key_file: state.key}
tracing: {endpoint: '%s', share: 1}"""
READING = rule_file(
    " and ".join(f'{name} != "x"' for name in ("debtor.id", "device.ip", "note", "desk", "pin"))
    + f' and not (last_name == "x") and starts_with(debtor.name, "{WORD[:4]}")'
    + " and device.lat > 1 and count >= 1",
    features="{last_name: {last: debtor.name, by: debtor.id, include_current: true},"
    " count: {count: events, by: [debtor.id, note], window: 1h}}",
    then="{action: review, score: 10, reason_code: ANY, suppress: {by: note, for: 1h}}",
    cases="[]",
)
LIMITED = rule_file(
    "amount_usd >= 1",
    rule_id="TST-ANY-002",
    then="{action: report, score: 10, reason_code: ANY, alerts_per_hour_max: 2}",
    cases="[]",
)
LAT, LON = 48.1371234, 11.5755432
HOUR_LATER = "2026-03-02T10:00:00Z"
ALERT_BYTES_MAX, EVENT_BYTES_MAX = 6_000, 1_500_000


def canaries(schema: Schema, *sensitivities: Sensitivity) -> list[str]:
    """Return what stands in the text columns of these classes in every event."""
    wanted = [each for each in schema.columns if each.type is ColumnType.TEXT and not each.choices]
    return [
        f"{WORD}.{each.name}"
        for each in wanted
        if each.sensitivity in sensitivities and each.name not in ("id", "currency")
    ]


def payment(schema: Schema, identity: str, **fields: Any) -> dict[str, Any]:
    """Return a payment with a canary in every text; fields are put in by their dotted names."""
    found: dict[str, Any] = {}
    for canary in canaries(schema, *Sensitivity):
        put(found, canary.removeprefix(f"{WORD}."), canary)
    put(found, "purpose", f"{WORD}.purpose {CARD}")
    plain = {"id": identity, "kind": "transfer", "occurred_at": "2026-03-02T08:00:00Z", "amount": 100}
    given = {**plain, "currency": "USD", "device.lat": LAT, "device.lon": LON, **fields}
    for name, value in given.items():
        put(found, name, value)
    return found


def poison(schema: Schema) -> Mapping[str, bytes | None]:
    """Return a message for every reason to refuse one, by the reason; canaries stand in all of them."""
    faults: dict[str, dict[str, Any]] = {
        "missing_field": {"kind": None},
        "wrong_type": {"debtor.name": [f"{WORD}.wrong"]},
        "text_too_long": {"purpose": f"{WORD}.long" * 1_000},
        "unknown_kind": {"kind": f"{WORD}.kind"},
        "unknown_currency": {"currency": f"{WORD}.currency"},
        "unknown_status": {"status": f"{WORD}.status"},
        "unknown_channel": {"channel": f"{WORD}.channel"},
        "bad_time": {"occurred_at": f"{WORD}.time"},
        "out_of_bounds": {"device.lat": 4_813_712.34},
        "bad_amount": {"amount": f"{WORD}.amount"},
        "negative_amount": {"amount": -4_813_712.34},
        "absurd_amount": {"amount": 4_813_712.34e14},
        "ahead_of_time": {"occurred_at": "2199-01-01T00:00:00Z"},
        "step_failed": {"id": "POISON"},
    }
    whole = orjson.dumps(payment(schema, f"{WORD}.id"))
    deep: Any = f"{WORD}.deep"
    for _ in range(40):
        deep = [deep]
    return {
        **{
            reason: orjson.dumps(payment(schema, f"p-{reason}", **fields))
            for reason, fields in faults.items()
        },
        "not_json": whole[:-1],
        "invalid_utf8": whole + b"\xff",
        "not_an_object": b"[" + whole + b"]",
        "too_deep": orjson.dumps({**payment(schema, "p-deep"), "deep": deep}),
        "too_large": b" " * 1_048_576 + whole,
        "tombstone": None,
        # Its text is encrypted, and then too long for the topic of alerts.
        "alert_too_large": orjson.dumps(
            payment(schema, "p-large", purpose=f"{WORD}.large" + "\U0001f424" * 1_000)
        ),
    }


BAD_LABELS = [
    f"{WORD}.label no JSON".encode(),
    orjson.dumps({"schema": "fraudstream.label/v1", "label": f"{WORD}.label", "event_id": "e-0"}),
    orjson.dumps({"schema": "fraudstream.label/v1", "label": "fraud", f"{WORD}.label": f"{WORD}.label"}),
]


@pytest.fixture
def traces() -> Iterator[Collector]:
    """A collector of traces."""
    with collector() as found:
        yield found


@pytest.fixture
def rig(
    kafka: str,
    topic_names: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    traces: Collector,
) -> RuleRig:
    """A worker under a strict policy, whose engine quotes events where it fails."""
    monkeypatch.setenv("CANARY_KEY_BEFORE", KEY[::-1])
    (tmp_path / "now.key").write_text(KEY)
    (tmp_path / "state.key").write_text(KEY)
    files = rule_files(READING, LIMITED)
    source = SOURCE % (topic_names("labels"), traces.endpoint)
    made = RuleRig(kafka, tmp_path, topic_names, files, source, POLICY, "tests.integration.talkative")
    set_limit(kafka, made.topology.output.alerts, ALERT_BYTES_MAX)
    set_limit(kafka, made.topology.input.topic, EVENT_BYTES_MAX)
    return made


def fed(rig: RuleRig, schema: Schema) -> str:
    """Run the worker on events and labels, good ones and bad ones; return its page of metrics."""
    good = [orjson.dumps(payment(schema, f"e-{number}", note=f"{WORD}.note{number}")) for number in range(6)]
    last = orjson.dumps(payment(schema, "last", occurred_at=HOUR_LATER))
    events = [*good, *poison(schema).values(), last]
    assert rig.topology.labels is not None
    labels = [orjson.dumps({"schema": "fraudstream.label/v1", "label": "fraud", "event_id": "e-0"})]
    with rig.worker as worker, closing(_producer(rig.kafka)) as producer:
        for event in events:
            producer.send(rig.topology.input.topic, event, key=f"{WORD}.key".encode())
        producer.flush()
        until(lambda: rig.total("fraudstream_events_total") >= len(events), "all are judged")
        for label in [*BAD_LABELS, *labels]:
            producer.send(rig.topology.labels.topic, label, key=f"{WORD}.key".encode())
        producer.flush()
        until(lambda: rig.total("fraudstream_labels_total", "unknown") == 1, "the labels are read")
        return worker.page()


def _producer(kafka: str) -> Any:
    return KafkaProducer(bootstrap_servers=kafka, max_request_size=EVENT_BYTES_MAX, linger_ms=50)


def messages(kafka: str, topic: str) -> Iterator[Any]:
    """Yield all messages of a topic of one partition."""
    partition = TopicPartition(topic, 0)
    with closing(KafkaConsumer(bootstrap_servers=kafka)) as consumer:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        while consumer.position(partition) < end:
            for records in consumer.poll(timeout_ms=1_000).values():
                yield from records


def content(record: Any) -> bytes:
    """Return all that stands in a message."""
    return repr((record.key, record.headers)).encode() + (record.value or b"")


def kept(file: Path) -> bytes:
    """Return what a worker knows of its newest checkpoint, opened with its key."""
    store = kept_by(load_topology(file))
    assert store is not None
    loaded = store.store_of(0).load()
    assert loaded is not None
    return b"".join(_bytes_of(loaded.snapshot))


def _bytes_of(part: Any) -> Iterator[bytes]:
    match part:
        case Mapping():
            for each in part.values():
                yield from _bytes_of(each)
        case list():
            for each in part:
                yield from _bytes_of(each)
        case np.ndarray():
            yield part.tobytes()
        case bytes():
            yield part


def test_no_canary_leaves(rig: RuleRig, tmp_path: Path, traces: Collector) -> None:
    """Neither in alerts, dead letters, journal, log, metrics, traces, checkpoints nor the audit log."""
    schema = rig.topology.event_schema()
    page = fed(rig, schema)
    output = rig.topology.output
    alerts = list(messages(rig.kafka, output.alerts))
    letters = list(messages(rig.kafka, output.dead_letters))
    reasons = [headers_of(each)["reason"] for each in letters]
    assert sorted(reasons) == sorted([*poison(schema), "not_json", "not_a_label", "not_a_label"])
    kinds = [headers_of(each)["alert_kind"] for each in alerts]
    assert (kinds.count("event"), kinds.count("overflow")) == (7, 1)

    written = {
        "alerts": b"".join(map(content, alerts)),
        "dead letters": b"".join(map(content, letters)),
        "journal": b"".join(map(content, messages(rig.kafka, output.journal))),
        "log": (tmp_path / "worker.log").read_bytes(),
        "metrics": page.encode(),
        "traces": b"".join(traces.bodies),
        "audit": (tmp_path / "audit.jsonl").read_bytes(),
        "checkpoints": b"".join(
            each.read_bytes() for each in (tmp_path / "state").rglob("*") if each.is_file()
        ),
    }
    assert all(written.values())
    shown = written["alerts"]
    internal = {each.encode() for each in canaries(schema, Sensitivity.INTERNAL)}
    for each in internal:
        assert each in shown
        shown = shown.replace(each, b"")
    written["alerts"] = shown
    spelled = [WORD.encode(), CARD.encode(), CARD.replace(" ", "").encode(), b"48.137", b"11.575", b"48137"]
    found = {(name, each) for name, all_of_it in written.items() for each in spelled if each in all_of_it}
    assert not found
    # The state has them, so that only the key keeps them in.
    assert f"{WORD}.debtor.name".encode() in kept(rig.file)
    assert_opens(rig, alerts[0])


def assert_opens(rig: RuleRig, alert: Any) -> None:
    """Raise AssertionError unless the holder of the keys knows the tokens, and can open the rest."""
    keys = rig.topology.privacy.keyring()
    assert keys is not None
    event = orjson.loads(alert.value)["event"]
    assert alert.key.decode() == event["debtor"]["id"] == keys.token(f"{WORD}.debtor.id")
    assert keys.revealed(event["purpose"], {}) == f"{WORD}.purpose {CARD}"
    assert "ip" not in event["device"]
    assert "pin" not in event

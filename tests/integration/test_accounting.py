"""Every offset of the input is accounted for: a decision, a duplicate, or a dead letter that says it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer

from fraudstream.stream.letter_schema import LetterHeaders
from loadtest.crash_rig import CrashRig, headers_of, total
from loadtest.load.observed import accounted
from loadtest.waiting import until
from tests.integration.poisoned import IN_MERGE, IN_SHARE, POISON
from tests.integration.stream_rig import set_limit
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration

ROUNDS = 40
TOO_LARGE = 1_100_000
FEATURES = "{n: {count: events, by: debtor.id, window: 1h}}"
RULE = rule_file("amount_usd > 0 or n > 1000000", features=FEATURES, cases="[]")
"""Hits on every event, and has the shares count."""


class Message(NamedTuple):
    """A message, and what must become of it: decision, duplicate, or the reason of a dead letter."""

    value: bytes | None
    fate: str


def messages(shares: int) -> list[Message]:
    """Return every kind of good and bad message, many times, in turns.

    Some have stages fail that only a topology of shares has.
    """
    now = datetime.now(UTC)
    today, tomorrow = now.isoformat(), (now + timedelta(days=1)).isoformat()
    found: list[Message] = []
    for turn in range(ROUNDS):
        good = event(f"{turn}", today)
        found += [
            Message(good, "decision"),
            Message(None, "tombstone"),
            Message(good, "duplicate"),
            Message(b"not json", "not_json"),
            Message(b"\xff\xfe", "invalid_utf8"),
            Message(event(f"late {turn}", "2020-01-01T00:00:00Z"), "decision"),
            Message(event(f"ahead {turn}", tomorrow), "ahead_of_time"),
            Message(event(f"typed {turn}", today, amount="much"), "bad_amount"),
            Message(event(f"less {turn}", today, kind=None), "missing_field"),
        ]
    poisoned = Message(event("poisoned", today, purpose=POISON.decode()), "step_failed")
    large = Message(event("large", today, purpose="x" * TOO_LARGE), "too_large")
    later = [event(f"{stage} {turn}", today) for turn in range(2) for stage in (IN_SHARE, IN_MERGE)] * 2
    behind = [Message(each, "step_failed") for each in later[:4]] + [
        Message(each, "duplicate") for each in later[4:]
    ]
    found[150:150] = behind if shares else []
    return [*found[:100], poisoned, *found[100:200], large, poisoned, *found[200:]]


def send(rig: CrashRig, sent: list[Message]) -> dict[int, Message]:
    """Send messages with keys; return them by their offset."""
    options = {"linger_ms": 5, "max_request_size": 2 * TOO_LARGE}
    with closing(KafkaProducer(bootstrap_servers=rig.kafka, **options)) as producer:
        topic = rig.topology.input.topic
        futures = [
            producer.send(topic, each.value, key=b"key %d" % row, partition=0)
            for row, each in enumerate(sent)
        ]
        producer.flush()
        return {future.get(10).offset: each for future, each in zip(futures, sent, strict=True)}


def check_letter(rig: CrashRig, letter: Any, source: Message, payloads: str) -> None:
    """Raise AssertionError where a dead letter does not say all that is known of its source."""
    headers = headers_of(letter)
    told: Mapping[str, Any] = LetterHeaders.model_validate(headers).model_dump(exclude_none=True)
    number = int(headers["source_offset"])
    assert (told["source_topic"], told["source_partition"]) == (rig.topology.input.topic, 0)
    assert told["reason"] == source.fate
    assert told["detail"]
    assert told.get("exception") == ("PoisonError" if source.fate == "step_failed" else None)
    assert told["stage"] == ("step" if source.fate == "step_failed" else told["stage"])
    size = len(source.value or b"") + len(b"key %d" % number)
    if payloads == "withheld" or source.fate == "too_large":
        why = "policy" if payloads == "withheld" else "too_large"
        assert (told["left_behind"], told["left_behind_bytes"]) == (why, size)
        assert (letter.key, letter.value) == (None, None)
    else:
        assert "left_behind" not in told
        assert (letter.key, letter.value) == (b"key %d" % number, source.value)


@pytest.mark.parametrize(
    ("guarantee", "shares", "payloads"),
    [("at_least_once", 0, "kept"), ("exactly_once", 0, "withheld"), ("exactly_once", 2, "kept")],
    ids=["at_least_once", "exactly_once", "keyed"],
)
def test_every_offset_is_accounted_for(
    kafka: str,
    topic_names: Callable[[str], str],
    tmp_path: Path,
    guarantee: str,
    shares: int,
    payloads: str,
) -> None:
    """Good, late, repeated, broken, empty, huge, of tomorrow, and two on which the engine fails."""
    names = {word: topic_names(word) for word in ("events", "alerts", "dead", "journal", "parts", "found")}
    rules = write_files(tmp_path / "rules", rule_files(RULE))
    rig = CrashRig(kafka, tmp_path, names, rules, guarantee=guarantee, shares=shares, payloads=payloads)
    set_limit(kafka, names["events"], 2 * TOO_LARGE)
    by_offset = send(rig, messages(shares))
    fates = Counter(each.fate for each in by_offset.values())
    with rig.worker(module="tests.integration.poisoned") as worker:
        rig.drain()
        until(lambda: accounted(worker.metrics()).total() == len(by_offset), "all are accounted for")
        assert accounted(worker.metrics()) == fates
        assert total(worker, "fraudstream_events_total") == len(by_offset)
    decided = {offset for offset, each in by_offset.items() if each.fate == "decision"}
    alerts = [int(headers_of(each)["source_offset"]) for each in rig.read(names["alerts"])]
    assert sorted(alerts) == sorted(decided)
    letters = {int(headers_of(each)["source_offset"]): each for each in rig.read(names["dead"])}
    bad = {offset: each for offset, each in by_offset.items() if each.fate not in ("decision", "duplicate")}
    assert letters.keys() == bad.keys()
    for offset, source in bad.items():
        check_letter(rig, letters[offset], source, payloads)

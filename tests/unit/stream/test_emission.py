"""Alerts and dead letters carry where they come from, and none is too large for its topic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudstream.engine.result import Alert, Shadow
from fraudstream.events.batch import DeadLetter
from fraudstream.stream.batch import Batch
from fraudstream.stream.emission import ALERT_TOO_LARGE, Outlet, emission, quoted
from fraudstream.stream.producer import Outgoing
from tests.unit.stream.fakes import record, step_result

OUTLET = Outlet("alerts", "dead", "journal")
SMALL = Outlet("alerts", "dead", "journal", 1_000, 1_000)
SOURCE = [("source_topic", b"events"), ("source_partition", b"3"), ("source_offset", b"17")]


@pytest.fixture
def batch() -> Batch:
    """Two messages, with a gap between their offsets."""
    return Batch(("events", 3), [record(10, b"ten", b"k"), record(17, b"seventeen", b"key")])


def test_an_alert_names_its_source(batch: Batch) -> None:
    """The headers give id, ruleset and the source's own offset, not its row."""
    result = step_result(2, alerts=[Alert(1, "a-1", b"debtor", b"{}")])
    emitted = emission(batch, result, "rules-7", OUTLET)
    headers = [("alert_id", b"a-1"), ("alert_kind", b"event"), ("ruleset_version", b"rules-7"), *SOURCE]
    assert emitted.messages == [Outgoing("alerts", b"debtor", b"{}", headers)]
    assert emitted.result == result


def test_a_dead_letter_can_be_sent_again(batch: Batch) -> None:
    """It keeps the key and the payload of its source; the headers say what is wrong, and where."""
    result = step_result(2, letters=[DeadLetter(1, "bad_amount", "validate", "amount is -1")])
    (message,) = emission(batch, result, "rules-7", OUTLET).messages
    reason = [("reason", b"bad_amount"), ("stage", b"validate"), ("detail", b"amount is -1")]
    assert message == Outgoing("dead", b"key", b"seventeen", [*reason, *SOURCE])


def test_card_numbers_in_a_dead_letter_are_masked() -> None:
    """In key and payload, with a header that says that it is not the message as it came."""
    batch = Batch(("events", 3), [record(17, b'{"p": "4111 1111 1111 1111"', b"5500000000000004")])
    result = step_result(1, letters=[DeadLetter(0, "not_json", "decode", "no JSON")])
    (message,) = emission(batch, result, "rules-7", OUTLET).messages
    assert (message.key, message.value) == (b"550000******0004", b'{"p": "4111 11** **** 1111"')
    assert message.headers[-1] == ("cards_masked", b"true")


@pytest.mark.parametrize(
    ("quotes", "words"),
    [
        (True, "no 'card 411111******1111'"),
        (False, "what was raised is not quoted, it may repeat an event (privacy of the topology)"),
    ],
)
def test_an_error_is_quoted_as_far_as_it_may_be(quotes: bool, words: str) -> None:
    """Card numbers never, the rest where whole messages may leave."""
    assert quoted(ValueError("no 'card 4111111111111111'"), quotes=quotes) == words


def test_a_tombstone_without_key_becomes_a_dead_letter() -> None:
    """A message of nothing at all still has a dead letter, which is as empty."""
    batch = Batch(("events", 3), [record(17, None, None)])
    result = step_result(1, letters=[DeadLetter(0, "tombstone", "decode", "no payload")])
    (message,) = emission(batch, result, "rules-7", OUTLET).messages
    assert (message.key, message.value) == (None, None)
    assert message.headers[-3:] == SOURCE


def test_order_is_that_of_the_source(batch: Batch) -> None:
    """Alerts come in their order, several of one event too, then the dead letters in theirs."""
    alerts = [Alert(0, "a", b"k", b"1"), Alert(0, "b", b"k", b"2"), Alert(1, "c", b"k", b"3")]
    letters = [DeadLetter(0, "r", "s", "d"), DeadLetter(1, "r", "s", "d")]
    messages = emission(batch, step_result(2, alerts, letters), "rules-7", OUTLET).messages
    assert [message.value for message in messages] == [b"1", b"2", b"3", b"ten", b"seventeen"]


def test_an_alert_too_large_becomes_a_dead_letter_of_its_event(batch: Batch) -> None:
    """What the alert topic would refuse goes to the dead letters, with the sizes and the remedy."""
    alerts = [Alert(0, "small", b"k", b"{}"), Alert(1, "large", b"k", b"x" * 5_000)]
    emitted = emission(
        batch, step_result(2, alerts), "rules-7", Outlet("alerts", "dead", "journal", 1_000, 1_000)
    )
    kept, letter = emitted.messages
    assert kept.value == b"{}"
    assert (letter.topic, letter.value) == ("dead", b"seventeen")
    assert ("reason", ALERT_TOO_LARGE.encode()) in letter.headers
    detail = dict(letter.headers)["detail"].decode()
    assert detail.startswith("alert large has 5")
    assert detail.endswith("alerts takes 1000: raise its max.message.bytes")
    assert len(emitted.alerts_too_large) == 1
    assert [alert.alert_id for alert in emitted.result.alerts] == ["small"]


def test_a_shadow_alert_goes_to_the_shadow_topic(batch: Batch) -> None:
    """With the same headers, behind the alerts; one too large becomes a dead letter that names that topic."""
    outlet = Outlet("alerts", "dead", "journal", shadow="shadow", shadow_bytes_max=1_000)
    alerts = [Alert(1, "small", b"debtor", b"{}"), Alert(0, "large", b"k", b"x" * 5_000)]
    result = replace(step_result(2, [Alert(1, "a", b"k", b"1")]), shadow=Shadow(alerts, [(1, "R-1")]))
    emitted = emission(batch, result, "rules-7", outlet)
    live, shadow, letter = emitted.messages
    headers = [("alert_id", b"small"), ("alert_kind", b"event"), ("ruleset_version", b"rules-7"), *SOURCE]
    assert (live.topic, shadow) == ("alerts", Outgoing("shadow", b"debtor", b"{}", headers))
    assert dict(letter.headers)["detail"].endswith(b"shadow takes 1000: raise its max.message.bytes")
    assert (emitted.alerts_too_large, emitted.letter_rows) == (alerts[1:], [0])
    assert emitted.result.shadow == Shadow(alerts[:1], [(1, "R-1")])


def test_a_payload_too_large_stays_behind() -> None:
    """A dead letter that its topic would refuse goes without key and payload, and says how large they are."""
    batch = Batch(("events", 3), [record(17, b"x" * 5_000, b"key")])
    result = step_result(1, letters=[DeadLetter(0, "too_large", "decode", "5000 bytes")])
    (message,) = emission(
        batch, result, "rules-7", Outlet("alerts", "dead", "journal", 1_000, 1_000)
    ).messages
    assert (message.key, message.value) == (None, None)
    left_behind = [("left_behind", b"too_large"), ("left_behind_bytes", b"5003")]
    assert message.headers[-5:] == [*SOURCE, *left_behind]
    assert message.size_bytes() <= 1_000


def test_a_detail_may_hold_anything(batch: Batch) -> None:
    """Words of half a character or without end are cut and escaped, and do not stop the stream."""
    letters = [DeadLetter(0, "r", "s", "bad name \ud800"), DeadLetter(1, "r", "s", "x" * 2_000_000)]
    first, second = emission(batch, step_result(2, letters=letters), "rules-7", OUTLET).messages
    assert dict(first.headers)["detail"] == b"bad name \\ud800"
    assert dict(second.headers)["detail"] == b"x" * 1_000


def test_a_payload_may_be_withheld(batch: Batch) -> None:
    """Where the topology says so no dead letter holds key or payload, and each says why."""
    result = step_result(2, letters=[DeadLetter(1, "bad_amount", "validate", "amount is -1")])
    outlet = Outlet("alerts", "dead", "journal", payloads_kept=False)
    (message,) = emission(batch, result, "rules-7", outlet).messages
    assert (message.key, message.value) == (None, None)
    assert message.headers[-5:] == [*SOURCE, ("left_behind", b"policy"), ("left_behind_bytes", b"12")]


def test_a_dead_letter_names_what_was_raised(batch: Batch) -> None:
    """The class of the exception has a header of its own."""
    letter = DeadLetter(1, "step_failed", "step", "KeyError: 'x'", "KeyError")
    (message,) = emission(batch, step_result(2, letters=[letter]), "rules-7", OUTLET).messages
    assert dict(message.headers)["exception"] == b"KeyError"

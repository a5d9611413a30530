"""What the records of the dead-letter topic are, and which of its letters are listed or sent back."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from kafka.errors import KafkaTimeoutError

from fraudstream.events.batch import DeadLetter
from fraudstream.stream.batch import Batch
from fraudstream.stream.emission import Outlet, dead_letter_message
from fraudstream.stream.letter_summary import summarised
from fraudstream.stream.letters import REDRIVEN_OFFSET, Letter, Position, Redriven, entry_of
from fraudstream.stream.producer import Headers
from fraudstream.stream.redriving import planned, refusal, within
from tests.unit.stream.fakes import record
from tests.unit.stream.letters import letter

KEPT, WITHHELD = Outlet("alerts", "dead", "journal"), Outlet("alerts", "dead", "journal", payloads_kept=False)


def entry(headers: Headers, value: bytes | None = b"", key: bytes | None = None) -> Letter | Redriven | None:
    """Return what a record at 1:9 of the dead-letter topic is."""
    return entry_of(
        SimpleNamespace(partition=1, offset=9, timestamp=5, key=key, value=value, headers=headers)
    )


def buried(outlet: Outlet) -> Letter | Redriven | None:
    """Return the letter that a worker writes of one message."""
    batch = Batch(("events", 3), [record(17, b"bad", b"key")])
    message = dead_letter_message(batch, DeadLetter(0, "r", "s", "d \ud800", "KeyError"), outlet)
    return entry(message.headers, message.value, message.key)


def test_a_letter_is_read_as_it_was_written() -> None:
    """Every header comes back, and so do key and payload."""
    assert buried(KEPT) == Letter(
        Position(1, 9), 5, "r", "s", "KeyError", "d \\ud800", "events", 3, 17, b"key", b"bad", None, None
    )


def test_a_withheld_payload_is_known_as_one() -> None:
    """With its size; a letter of the time before reasons were given was too large."""
    found = buried(WITHHELD)
    assert isinstance(found, Letter)
    assert (found.key, found.value, found.left_behind, found.left_behind_bytes) == (None, None, "policy", 6)
    source: Headers = [("source_topic", b"e"), ("source_partition", b"0"), ("source_offset", b"0")]
    older = entry([("reason", b"r"), *source, ("left_behind_bytes", b"7")], None)
    assert isinstance(older, Letter)
    assert older.left_behind == "too_large"


def test_notes_and_strangers_are_no_letters() -> None:
    """A note names the letter of its own partition; a record without our headers is left alone."""
    assert entry([(REDRIVEN_OFFSET, b"4")]) == Redriven(Position(1, 4))
    assert entry([("trace", b"x")]) is None
    assert entry([]) is None


@pytest.mark.parametrize("text", ["", "7", "0:", ":7", "a:b", "0:-1", "0:7:1"])
def test_a_position_that_is_none_is_told(text: str) -> None:
    """With the form that it should have."""
    assert Position.parse("3:17") == (3, 17)
    with pytest.raises(ValueError, match=r"is no position: write partition:offset"):
        Position.parse(text)


def test_a_list_holds_the_newest_and_counts_all() -> None:
    """By the time of writing, whatever the partition; notes are kept apart."""
    letters = [letter(0, 1, appended_ms=30), letter(0, 2, appended_ms=20), letter(1, 0, appended_ms=10)]
    found = summarised([*letters, Redriven(Position(0, 1))], None, None, 2)
    assert [each.position for each in found.newest] == [(0, 2), (0, 1)]
    assert (found.by_reason, found.redriven) == ({"not_json": 3}, {Position(0, 1)})
    assert summarised(letters, None, None, 0).newest == []


def test_a_list_is_filtered_by_reason_and_time() -> None:
    """The time itself is included."""
    letters = [letter(0, 1, appended_ms=9), letter(0, 2, appended_ms=10), letter(0, 3, reason="tombstone")]
    assert summarised(letters, "not_json", 10, 9).newest == [letters[1]]
    assert summarised(letters, "tombstone", None, 9).by_reason == {"tombstone": 1}


def test_a_plan_leaves_out_what_was_sent_or_cannot_be() -> None:
    """Unless it is asked for again; a letter without payload never goes."""
    letters = [letter(0, 1), letter(0, 2), letter(0, 3, value=None), letter(1, 1, reason="tombstone")]
    notes = [Redriven(Position(0, 1)), Redriven(Position(1, 1)), Redriven(Position(0, 3))]
    entries: list[Letter | Redriven] = [*letters, *notes]
    plan = planned(entries, lambda each: each.reason == "not_json", again=False)
    assert (plan.to_send, plan.sent_before) == ({Position(0, 2)}, {Position(0, 1)})
    assert plan.refused.keys() == {Position(0, 3)}
    again = planned(entries, lambda each: each.reason == "not_json", again=True)
    assert (again.to_send, again.sent_before) == ({Position(0, 1), Position(0, 2)}, set())


def test_a_refusal_says_why() -> None:
    """Withheld, too large, gone, changed, or never there."""
    assert refusal(letter(0, 1)) is None
    withheld = letter(0, 1, value=None, left_behind="policy", left_behind_bytes=3)
    large = letter(0, 1, value=None, left_behind="too_large", left_behind_bytes=3)
    gone = letter(0, 1, value=None, left_behind="gone", left_behind_bytes=0)
    why = [refusal(each) or "" for each in (withheld, large, letter(0, 1, value=None), gone)]
    assert "left behind (by policy): send the message itself again" in why[0]
    assert "left behind (it was too large for the dead-letter topic)" in why[1]
    assert why[2] == "its message was a tombstone: there is nothing to send"
    masked = "card numbers in its payload are masked: send the message itself again, from its source"
    assert refusal(letter(0, 1, cards_masked=True)) == masked
    assert why[3] == "its message had left the input by then: send it again, from where it came from"


def test_a_task_of_the_client_is_not_waited_for_without_end() -> None:
    """What it raises is raised; that it hangs, too."""
    done: list[int] = []
    within(5, lambda: done.append(1))
    assert done == [1]
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: done.append(1 // 0))
    hanging = threading.Event()
    with pytest.raises(KafkaTimeoutError, match=r"no answer within 0\.01 s"):
        within(0.01, hanging.wait)
    hanging.set()

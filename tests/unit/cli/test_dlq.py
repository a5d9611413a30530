"""How dead letters are shown, and how the commands fail."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from fraudstream.cli.letters import (
    letter_json,
    letter_lines,
    letter_table,
    outcome_lines,
    plan_lines,
    positions,
    reason_table,
    since_ms,
)
from fraudstream.stream.letter_summary import Summary, summarised
from fraudstream.stream.letters import Position
from fraudstream.stream.redriving import Plan, Redrive
from tests.unit.cli.commands import error_line, error_lines
from tests.unit.stream.letters import letter

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def printed(found: Summary) -> str:
    """Return the tables of a summary as a wide terminal shows them."""
    console = Console(file=io.StringIO(), width=200)
    console.print(letter_table(found), reason_table(found))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_a_table_says_all_but_the_payload() -> None:
    """A detail that looks like markup is shown as it is."""
    text = printed(summarised([letter(0, 7, detail="[red]x[/red]")], None, None, 9))
    row = next(line for line in text.splitlines() if "0:7" in line)
    source = ["events[3]", "17"]
    assert row.split() == ["0:7", "2026-03-02T08:00:00.123Z", "not_json", "decode", *source, "[red]x[/red]"]
    assert "bad" not in text


def test_reasons_are_counted_the_most_first() -> None:
    """One line each."""
    letters = [letter(0, 1), letter(0, 2, reason="tombstone"), letter(0, 3, reason="tombstone")]
    lines = [line.split() for line in printed(summarised(letters, None, None, 0)).splitlines()]
    assert lines[-2:] == [["tombstone", "2"], ["not_json", "1"]]


def test_a_letter_in_full() -> None:
    """Whatever its bytes are; the exception has a line where there was one."""
    shown = list(letter_lines(letter(0, 7, exception="KeyError", value=b"\xff{", key=None), redriven=True))
    assert shown == [
        "letter     0:7, written 2026-03-02T08:00:00.123Z",
        "reason     not_json, at stage decode",
        "exception  KeyError",
        "detail     no JSON",
        "source     events[3] 17",
        "sent back  yes",
        "key        none",
        "payload    \\xff{",
    ]


@pytest.mark.parametrize(
    ("left_behind", "why"), [("policy", "withholds payloads"), ("too_large", "too large")]
)
def test_a_withheld_payload_says_why(left_behind: str, why: str) -> None:
    """And that it stands at the source."""
    withheld = letter(0, 7, value=None, key=None, left_behind=left_behind, left_behind_bytes=9)
    *_, line = letter_lines(withheld, redriven=False)
    assert line.startswith("payload    withheld, 9 bytes with the key: ")
    assert why in line
    assert line.endswith("it stands at the source")
    assert letter_json(withheld, False)["left_behind"] == left_behind


def test_a_payload_that_was_gone_says_so() -> None:
    """It stands nowhere any more, and its size is not known."""
    gone = letter(0, 7, value=None, key=None, left_behind="gone", left_behind_bytes=0)
    *_, line = letter_lines(gone, redriven=False)
    assert line == "payload    gone from the input before the letter was written"


def test_many_positions_are_cut() -> None:
    """After ten, in order; none is a word."""
    assert positions([]) == "none"
    assert positions([Position(1, 0), Position(0, 5)]) == "2 (0:5 1:0)"
    assert positions([Position(0, offset) for offset in range(1_012)]).endswith(" 0:9 and 1,002 more)")


def test_a_redrive_that_failed_says_what_is_not_known() -> None:
    """Sent, perhaps sent, and surely not sent are told apart, with what to do."""
    one, two, three = (Position(0, offset) for offset in (1, 2, 3))
    done = Redrive(Plan(to_send={one, two, three}), [one], [two], "the commit: no answer within 30 s")
    assert list(outcome_lines(done)) == [
        "sent and acknowledged: 1 (0:1)",
        "not known whether sent: 1 (0:2)",
        "not sent: 1 (0:3)",
        "stopped at the commit: no answer within 30 s: "
        "mend that and run it again, what was sent is not sent twice",
    ]


def test_what_is_left_out_is_said_once_per_cause() -> None:
    """With how many letters each concerns."""
    plan = Plan(sent_before={Position(0, 1)}, refused={Position(0, 2): "why", Position(0, 3): "why"})
    assert list(plan_lines(plan)) == [
        "sent back before, left alone (--again sends them): 1 (0:1)",
        "2 cannot be sent, why: 2 (0:2 0:3)",
    ]


def test_since_is_a_time_or_a_while_ago() -> None:
    """A duration counts back from now."""
    eight_ms = 1_772_438_400_000
    assert since_ms("2026-03-02T08:00:00Z", NOW) == eight_ms
    assert since_ms("2h", NOW) == eight_ms - 7_200_000
    for text in ("yesterday", "2026-03-02T08:00:00", "5x"):
        with pytest.raises(ValueError, match=r"no ISO 8601|no time zone|no duration"):
            since_ms(text, NOW)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--since", "yesterday"], "'yesterday' is no ISO 8601 date and time"),
        (
            ["show", "7"],
            "'7' is no position: write partition:offset as `dlq list` does, such as 0:17",
        ),
        (["redrive"], "which letters? Name them by partition:offset, or give --reason"),
        (
            ["redrive", "0:1", "--reason", "r"],
            "which letters? Name them by partition:offset, or give --reason",
        ),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[object], message: str) -> None:
    """Before any broker is asked."""
    assert error_lines("dlq", *arguments) == [message]


@pytest.mark.parametrize("arguments", [["list"], ["show", "0:1"], ["redrive", "0:1"]])
def test_a_broker_out_of_reach_is_one_line(arguments: list[str]) -> None:
    """With where it was looked for."""
    command, *rest = arguments
    line = error_line("dlq", command, *rest, "--kafka", "127.0.0.1:1")
    assert line.startswith("127.0.0.1:1: no Kafka broker there")

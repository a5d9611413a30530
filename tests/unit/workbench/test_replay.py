"""Replays of history through the engine."""

from __future__ import annotations

import io
from pathlib import Path

import orjson

from fraudstream.workbench.replay import replay
from fraudstream.workbench.sources import open_source
from tests.unit.rule_files import engine_of, event, rule_file

SPENT = rule_file("spent > 100", features="{spent: {sum: amount_usd, by: debtor.id, window: 24h}}")


def lines(path: Path, *messages: bytes) -> Path:
    """Write messages as a file of lines."""
    path.write_bytes(b"".join(message + b"\n" for message in messages))
    return path


def test_a_replay_sums_up_what_the_engine_said(tmp_path: Path) -> None:
    """Every message is accounted for, and the alerts are written one a line."""
    path = lines(
        tmp_path / "a.jsonl",
        event("a", amount=90),
        event("b", amount=20),
        event("b"),
        b"x",
        event("c", amount=-1),
    )
    sink = io.BytesIO()
    seen: list[int] = []
    summary = replay(engine_of(SPENT), [open_source(path)], sink, seen.append)
    assert summary.events_in == 5
    assert summary.decisions == {"allow": 1, "review": 1, "report": 0, "hold": 0, "block": 0}
    assert summary.dead_letters == {"not_json": 1, "negative_amount": 1}
    assert (summary.duplicates, summary.alerts, summary.hits) == (1, 1, {"TST-ANY-001": 1})
    assert [orjson.loads(line)["event"]["id"] for line in sink.getvalue().splitlines()] == ["b"]
    assert sum(seen) == 5


def test_files_are_one_history(tmp_path: Path) -> None:
    """State goes on from file to file, in the order given."""
    first = lines(tmp_path / "1.jsonl", event("a", amount=90))
    second = lines(tmp_path / "2.jsonl", event("b", amount=20))
    assert replay(engine_of(SPENT), [open_source(first), open_source(second)]).alerts == 1


def test_a_replay_says_what_a_step_says(tmp_path: Path) -> None:
    """The alerts of a file are, to the byte, those of the same events in one batch."""
    events = [event(f"e{number}", amount=number % 50) for number in range(5_000)]
    sink = io.BytesIO()
    replay(engine_of(SPENT), [open_source(lines(tmp_path / "a.jsonl", *events))], sink)
    alerts = engine_of(SPENT).step(events).alerts
    assert alerts
    assert sink.getvalue() == b"".join(alert.value + b"\n" for alert in alerts)

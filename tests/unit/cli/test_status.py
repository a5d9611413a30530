"""The service at a glance: what is shown, and what it means for a script."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from fraudstream.cli.keys import Keys
from fraudstream.cli.overview import Overview, overview_json, pace
from fraudstream.cli.overview_view import screen, seconds
from fraudstream.stream.behind import Backlog, Behind
from fraudstream.telemetry.status import CheckpointStatus, WorkerStatus
from tests.unit.cli.commands import fraudstream

ROOT = Path(__file__).parents[3]
NOWHERE = "127.0.0.1:1"
FIRST = WorkerStatus(
    "http://a:9464",
    read_at=1_000.0,
    version="0.1.0",
    ruleset="0123456789abcdef",
    rules=25,
    bundle=7,
    partitions=2,
    uptime_s=100.0,
    memory_bytes=345e6,
    events=5_000,
    checkpoints=(CheckpointStatus("0", 7.0, 1e6),),
    latency={0.01: 0.0, 0.02: 100.0, float("inf"): 100.0},
    hits={("FRD-ONE-001", "live"): 3, ("FRD-TWO-002", "shadow"): 9, ("FRD-NIL-003", "live"): 0},
    dead_letters={"not_json": 2},
)
SECOND = replace(FIRST, url="http://b:9464", partitions=0, is_standby=True, hits={("FRD-ONE-001", "live"): 4})
BACKLOG = Backlog("Stable", 2, (Behind("events", 0, 1_200, 75.0), Behind("events", 1, 0, 0.0)))
WELL = Overview("single", "broker:9092", "fraudstream", (FIRST, SECOND), BACKLOG)


def of(*workers: WorkerStatus) -> Overview:
    """Return the same with other workers."""
    return replace(WELL, workers=workers)


def shown(found: Overview, before: Overview | None = None) -> str:
    """Return the screen on a wide terminal."""
    console = Console(file=io.StringIO(), width=200)
    console.print(screen(found, before))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_one_screen_shows_all() -> None:
    """Workers, lag in messages and time, rules of all workers together, dead letters, age of checkpoints."""
    text = shown(WELL)
    assert "single on broker:9092, group fraudstream: Stable, 2 members" in text
    lines = text.splitlines()
    first, second = (next(line for line in lines if each.url in line) for each in (FIRST, SECOND))
    figures = "ready 0123456789ab, bundle 7 2 5,000 50 20 ms 0 7.0 s ago 345 MB 1 min 40 s"
    assert " ".join(first.split()[1:]) == figures
    assert "standby" in second
    assert any(" ".join(line.split()).startswith("events[0] 1,200 1 min 15 s") for line in lines)
    assert text.index("FRD-TWO-002") < text.index("FRD-ONE-001")
    assert "FRD-NIL-003" not in text
    assert any(line.split()[-2:] == ["not_json", "4"] for line in lines)


def test_rates_are_those_since_the_last_look() -> None:
    """Of events, and of the latency of those alone; a worker that was started anew counts from its start."""
    later = replace(
        FIRST, read_at=1_010.0, events=5_500, latency={0.01: 50.0, 0.02: 150.0, float("inf"): 150.0}
    )
    now = pace(later, FIRST)
    assert now.events_per_s == 50
    assert now.latency_s_p99 == pytest.approx(0.0099)
    assert pace(FIRST, later).events_per_s == 50
    assert pace(replace(FIRST, trouble="gone"), FIRST).events_per_s is None


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (replace(WELL, backlog=None, trouble="broker:9092: nobody"), "broker:9092: nobody"),
        (of(replace(FIRST, trouble="refused"), SECOND), "http://a:9464: refused"),
        (of(replace(FIRST, not_ready={"ruleset": "old rules"})), "http://a:9464: old rules"),
        (of(FIRST, replace(SECOND, ruleset="other")), "the workers run 2 different rulesets"),
    ],
)
def test_what_is_amiss_is_said_first(found: Overview, line: str) -> None:
    """Right under the heading."""
    assert WELL.is_well
    assert not found.is_well
    assert shown(found).splitlines()[1] == line


def test_long_lists_are_cut_and_summed() -> None:
    """A screen has so many lines."""
    many = tuple(Behind("events", number, number, 1.0) for number in range(30))
    hits = {(f"FRD-N-{number:03}", "live"): float(number + 1) for number in range(30)}
    found = replace(WELL, backlog=replace(BACKLOG, partitions=many), workers=(replace(FIRST, hits=hits),))
    text = shown(found)
    assert "and 20 more  190" in text
    assert "and 20 more           210" in text
    assert len(text.splitlines()) < 24


def test_the_whole_is_one_json_object() -> None:
    """With plain numbers, for scripts."""
    told = json.loads(json.dumps(overview_json(WELL)))
    assert (told["schema"], told["is_well"]) == ("fraudstream.status/v1", True)
    assert told["lag"][0] == {"topic": "events", "partition": 0, "events": 1_200, "seconds": 75.0}
    assert told["rules"][0] == {"rule": "FRD-TWO-002", "status": "shadow", "hits": 9}
    assert told["workers"][0]["checkpoints"] == [{"shard": "0", "age_s": 7.0, "state_bytes": 1_000_000}]
    assert told["rulesets"] == {"0123456789abcdef": 2}
    assert told["dead_letters"] == {"not_json": 4}


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0123, "12 ms"), (7.0, "7.0 s"), (75, "1 min 15 s"), (7_500, "2 h 5 min"), (100_000, "1 d 3 h")],
)
def test_times_are_written_for_readers(number: float, text: str) -> None:
    """In two units at most."""
    assert seconds(number) == text


def test_where_nothing_answers_the_status_says_so_and_ends_with_one() -> None:
    """Neither the cluster nor the worker; the JSON is there all the same."""
    arguments = ("--kafka", NOWHERE, "--worker", NOWHERE)
    ran = fraudstream("status", *arguments, "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["is_well"], told["lag"]) == (1, False, [])
    assert "no Kafka broker there" in told["kafka"]["trouble"]
    assert told["workers"][0]["trouble"] == "Connection refused"
    assert "http://127.0.0.1:1: Connection refused" in fraudstream("status", *arguments).out


def test_top_needs_a_terminal() -> None:
    """It would fill a file with screens."""
    ran = fraudstream("top", "--kafka", NOWHERE)
    assert (ran.code, "needs a terminal" in ran.err) == (1, True)


def test_q_ends_top() -> None:
    """At once and in order; until then it shows what it can."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fraudstream.cli", "top", "--kafka", NOWHERE]
    command += ["--worker", NOWHERE, "--every", "600"]
    wide = {"COLUMNS": "200", "LINES": "50", "TERM": "xterm"}
    top = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **wide}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    with top, os.fdopen(ours, "r+b", buffering=0) as terminal:
        text = b""
        while b"unreachable" not in text:
            text += terminal.read(65_536)
        terminal.write(b"xq")
        assert top.wait(30) == 0


def test_ctrl_c_ends_top_in_order() -> None:
    """Without a traceback; any other error is told."""
    with Keys():
        raise KeyboardInterrupt
    with pytest.raises(ZeroDivisionError), Keys():
        raise ZeroDivisionError

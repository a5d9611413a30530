"""`fraudstream tune` from the command line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.unit.cli.commands import error_lines, fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files

SWEEP = ("tune", "TST-ANY-001", "--param", "over_usd", "--range", "1,5,100")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule directory with one rule, and three events of which a column tells two labels."""
    write_files(tmp_path / "rules", rule_files(rule_file("amount_usd > over_usd", params="{over_usd: 5}")))
    events = [event("a", amount=3, fraud=1), event("b", amount=50, fraud=0), event("c", amount=500)]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(events[:2]))
    (tmp_path / "b.jsonl").write_bytes(events[2])
    return tmp_path


def given(folder: Path) -> tuple[object, ...]:
    """Return the options that name the rules and both files."""
    return ("--rules", folder / "rules", "--data", folder / "a.jsonl", folder / "b.jsonl")


def test_a_table_by_value_and_one_by_week(folder: Path) -> None:
    """What is in force is marked, and it is said what the figures count."""
    ran = fraudstream(*SWEEP, *given(folder))
    assert (ran.code, ran.err) == (0, "")
    assert [line.rstrip() for line in ran.out.splitlines()] == [
        "TST-ANY-001 v1: over_usd is 5; 3 events on 1 days",
        " over_usd  Hits  Entities  Alerts a day",
        "        1     3         1         3.000",
        "        5     2         1         2.000  current",
        "      100     1         1         1.000",
        " Week from   Events  Hits, current  Precision, current",
        " 2026-03-02       3              2                   -",
        "alerts a day are hits a day before suppression and alert budgets, so fewer may be told",
    ]


def test_labels_and_a_budget_give_a_suggestion(folder: Path) -> None:
    """Labels come from a column and from a file; without an event's label it counts for neither."""
    label = {"schema": "fraudstream.label/v1", "event_id": "c", "label": "fraud"}
    (folder / "labels.jsonl").write_bytes(orjson.dumps(label))
    labels = ("--label-column", "fraud", "--labels", folder / "labels.jsonl")
    ran = fraudstream(*SWEEP, *given(folder), *labels, "--alerts-a-day", 2)
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert lines[2].split() == ["1", "3", "1", "3.000", "0.667", "1.000", "1.000"]
    assert lines[4].split() == ["100", "1", "1", "1.000", "1.000", "0.500", "0.994", "suggested"]
    assert lines[-2:] == [
        "labels: 2 fraud, 1 genuine",
        "suggested: over_usd 100, the most recall within 2 alerts a day",
    ]
    ran = fraudstream(*SWEEP, *given(folder), "--alerts-a-day", 0.5)
    remedy = "extend the range, or raise the budget"
    assert ran.out.splitlines()[-1] == f"no value gives at most 0.5 alerts a day: {remedy}"


def test_json_for_a_program(folder: Path) -> None:
    """One object with its schema, all values and weeks; suggestions where a budget is given."""
    ran = fraudstream(*SWEEP, *given(folder), "--alerts-a-day", 1, "--json")
    content = orjson.loads(ran.out)
    assert content["schema"] == "fraudstream.tune/v1"
    assert (content["param"]["current"], content["suggested"]) == ("5", "100")
    assert [each["hits"] for each in content["values"]] == [3, 2, 1]


def test_files_for_a_reviewer_and_for_a_reader(folder: Path) -> None:
    """The sample below the line, with how it was drawn, and a page."""
    below, html = folder / "below.csv", folder / "page.html"
    ran = fraudstream(*SWEEP, *given(folder), "--below", below, "--seed", 3, "--html", html)
    assert ran.err == f"1 events of 1 bands below the line in {below}, drawn by seed 3\n"
    assert below.read_text().splitlines() == [
        "hits_at,band_events,seed,event_id,occurred_at,entity,amount,currency,amount_usd,label",
        "1,1,3,a,2026-03-02T08:00:00Z,c1,3.00,USD,3.00,",
    ]
    assert html.read_text().startswith("<!DOCTYPE html>")
    tighter = (*SWEEP[:-1], "5,100")
    ran = fraudstream(*tighter, *given(folder), "--below", below)
    assert ran.err == f"no value of the range hits more than the current one: {below} is empty\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "gone.jsonl: there is no such file: check the path"),
        (
            ("--others-genuine",),
            "--others-genuine: there are no labels: give --labels or --label-column too",
        ),
        (
            ("--topology", "gone.yml"),
            "gone.yml:1:1: cannot be read (No such file or directory): check the path",
        ),
    ],
)
def test_what_is_missing_is_one_line(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    """What, where and what to do."""
    assert error_lines(*SWEEP, "--rules", folder / "rules", "--data", "gone.jsonl", *arguments) == [message]


def test_what_cannot_be_swept_is_one_line(folder: Path) -> None:
    """An unknown rule, an unknown parameter, a wrong range, and a path that cannot be written."""
    rules = given(folder)
    assert error_lines("tune", "TST-ANY-002", *SWEEP[2:], *rules) == [
        "TST-ANY-002: there is no such rule: did you mean TST-ANY-001?"
    ]
    assert error_lines("tune", "TST-ANY-001", "--param", "over", "--range", "1", *rules) == [
        "x/0.yml:12:9: TST-ANY-001 has no parameter over: did you mean over_usd?"
    ]
    assert error_lines(*SWEEP[:-1], "1:2", *rules) == [
        "--range: '1:2' is no range: write LOW:HIGH:STEP, or values such as 1,2,5"
    ]
    assert error_lines(*SWEEP, *rules, "--html", folder) == [
        f"{folder}: cannot be written (Is a directory): choose another path"
    ]
    assert error_lines(*SWEEP, *rules, "--below", folder) == [
        f"{folder}: cannot be written (Is a directory): choose another path"
    ]

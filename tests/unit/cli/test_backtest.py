"""`fraudstream backtest` from the command line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.unit.cli.commands import error_lines, fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files

LABEL = b'{"schema":"fraudstream.label/v1","event_id":"b","label":"fraud"}\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with rules and two files of history."""
    monkeypatch.chdir(tmp_path)
    rules = rule_files(rule_file(), rule_file("amount_usd > 900", rule_id="TST-SHD-001", status="shadow"))
    write_files(tmp_path / "rules", rules)
    first, second = event("a"), event("b", at="2026-03-03T08:00:00Z", amount=1_000, truth={"fraud": 1})
    return write_files(tmp_path, {"a.jsonl": first, "b.jsonl": second, "labels.jsonl": LABEL})


@pytest.mark.usefixtures("place")
def test_the_report_as_json() -> None:
    """The last line is one object: every figure by rule and for all live rules."""
    arguments = ("--labels", "labels.jsonl", "--others-genuine", "--alerts-a-day", 1, "--json")
    ran = fraudstream("backtest", "--data", "a.jsonl", "b.jsonl", *arguments)
    assert (ran.code, ran.err) == (0, "")
    found = orjson.loads(ran.out.splitlines()[-1])
    assert found["schema"] == "fraudstream.backtest/v1"
    assert found["events"] == {"in": 2, "judged": 2, "late": 0, "duplicates": 0, "dead_letters": {}}
    assert found["labels"] == {"fraud": 1, "genuine": 1, "unknown": 0, "fraud_value": "1000.00"}
    assert found["days"] == ["2026-03-02", "2026-03-03"]
    rule, shadow = found["rules"]
    assert (rule["id"], rule["hits"], rule["alerts"], rule["alerts_per_day"]) == ("TST-ANY-001", 1, 1, 0.5)
    assert (rule["value_at_risk"], rule["entity"], rule["entities"]) == ("1000.00", ["debtor.id"], 1)
    assert rule["hits_labelled"]["precision"] == rule["hits_labelled"]["value_recall"] == 1.0
    assert rule["within_budget"] == {"alerts": 1, "fraud": 1, "genuine": 0, "precision": 1.0}
    assert (shadow["shadow"], shadow["alerts"], shadow["within_budget"]) == (True, 1, None)
    assert found["overlap"] == {"rules": ["TST-ANY-001", "TST-SHD-001"], "events": [[1, 1], [1, 1]]}
    assert found["alerts_by_day"]["overall"] == found["alerts_by_day"]["rules"]["TST-SHD-001"] == [0, 1]
    assert found["overall"]["hits_labelled"]["recall"] == 1.0


@pytest.mark.usefixtures("place")
def test_the_report_on_the_terminal() -> None:
    """A table of figures, one by labels, and what rules have in common."""
    ran = fraudstream("backtest", "--data", "a.jsonl", "--data", "b.jsonl", "--label-column", "truth.fraud")
    assert ran.code == 0
    words = ran.out.split()
    assert words.count("TST-ANY-001") == 3
    assert "TST-SHD-001 (shadow)" in ran.out
    assert "labels: 1 frauds, 0 genuine" in ran.out


def test_the_report_as_a_page(place: Path) -> None:
    """It is written where it is asked for."""
    assert fraudstream("backtest", "--data", "a.jsonl", "--html", "page.html").code == 0
    assert (place / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_rules_that_learn_from_labels_are_named(place: Path) -> None:
    """Who reads the figures must know whether anything was taught, and what."""
    taught = rule_file("known > 0", features="{known: {count: frauds, by: debtor.id, window: 7d}}")
    write_files(place / "taught", rule_files(taught))
    arguments = ("backtest", "--rules", "taught", "--data", "a.jsonl", "b.jsonl")
    assert "labels would teach TST-ANY-001, and none are taught here: give" in fraudstream(*arguments).out
    ran = fraudstream(*arguments, "--labels", "labels.jsonl", "--label-delay", "7d", "--json")
    assert "labels taught to TST-ANY-001 when they were known: 0 frauds, 0 genuine" in ran.out
    assert "not taught: 1 not known before the history ends" in ran.out
    assert orjson.loads(ran.out.splitlines()[-1])["taught"]["not_yet_known"] == 1


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.jsonl"], "gone.jsonl: there is no such file: check the path"),
        (
            ["s3://events"],
            "s3://events: s3 is not read: give files (.jsonl, .ndjson, .json, .csv, .parquet) or kafka://",
        ),
        (
            ["a.jsonl", "b.jsonl", "--data", "c.jsonl"],
            "b.jsonl: stands behind one of several --data, so that the order is unclear: use one",
        ),
        (
            ["a.jsonl", "--others-genuine"],
            "--others-genuine: there are no labels: give --labels or --label-column too",
        ),
        (
            ["a.jsonl", "--label-column", "frod"],
            "no event has a label: check the label file and the name of the label column",
        ),
        (["a.jsonl", "--labels", "gone.jsonl"], "gone.jsonl: there is no such file: check the path"),
        (
            ["a.jsonl", "--html", "gone/page.html"],
            "gone/page.html: cannot be written (No such file or directory): choose another path",
        ),
        (["a.jsonl", "--html", "a.jsonl"], "a.jsonl: is also read: choose another path for the page"),
    ],
)
def test_each_mistake_is_one_line(arguments: list[str], message: str) -> None:
    """Which file or option, what is wrong, what to do."""
    assert list(error_lines("backtest", "--data", *arguments)) == [message]

"""`fraudstream explain` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from tests.unit.cli.commands import error_line, fraudstream
from tests.unit.rule_files import rule_files, write_files
from tests.unit.workbench.casefile.cases import CHINESE, MESSAGES, RULE, alert

ID = alert().content["alert_id"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with rules, a history and the alerts that a replay writes of it."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "rules", rule_files(RULE, **{"texts/zh.yml": CHINESE}))
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(MESSAGES))
    assert fraudstream("replay", "events.jsonl", "--alerts", "alerts.jsonl").code == 0
    return tmp_path


@pytest.mark.usefixtures("place")
def test_the_evidence_on_the_terminal() -> None:
    """What the alert is, why, by which figures, when, from where, and what cannot be told."""
    ran = fraudstream("explain", ID[:8], "--alerts", "alerts.jsonl", "--history", "events.jsonl")
    assert (ran.code, ran.err) == (0, "")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert any(f"Alert {ID} · hold · Score 40 · Severity high" in line for line in lines)
    assert "✓ n >= least 2 >= 2 (least) +0 (1x)" in lines
    assert "✗ amount_usd > 900 80.00 USD > 900.00 USD -820.00 USD (0.0889x)" in lines
    assert "Why it is suspicious Shows one thing" in lines
    assert "2026-03-01T08:00:00Z 1d 1h a transfer 120.50 USD debtor c1 TST-ANY-001" in lines
    assert "Alert found at alerts.jsonl:1" in lines
    assert any(line.startswith("• Where the event lies:") for line in lines)


@pytest.mark.usefixtures("place")
def test_the_evidence_in_chinese() -> None:
    """The same, in the words of the rule pack's texts and our own."""
    ran = fraudstream("explain", ID, "--alerts", "alerts.jsonl", "--language", "zh")
    assert ran.code == 0
    assert "测试规则" in ran.out
    assert "不低于 least 2" in ran.out


def test_the_evidence_as_a_page_and_as_json(place: Path) -> None:
    """The page goes into a file, the object to the standard output; both at once if asked for."""
    assert fraudstream("explain", ID, "--alerts", "alerts.jsonl", "--html", "case.html").out == ""
    page = (place / "case.html").read_text(encoding="utf-8")
    ran = fraudstream("explain", ID, "--alerts", "alerts.jsonl", "--html", "case.html", "--json")
    assert page == (place / "case.html").read_text(encoding="utf-8")
    found = orjson.loads(ran.out)
    assert (found["schema"], found["alert_id"], found["versions"]["is_exact"]) == (
        "fraudstream.evidence/v1",
        ID,
        True,
    )


def test_the_columns_of_a_topology_and_the_rules_that_it_names(place: Path) -> None:
    """They are taken from there, the alert from the file; what it archived goes before its directory."""
    topology = {
        "schema": "fraudstream.topology/v1",
        "name": "t",
        "kafka": {"bootstrap": "localhost:1"},
        "input": {"topic": "events"},
        "output": {"alerts": "alerts", "dead_letters": "dead", "journal": "journal"},
        "rules": "changed",
        "checkpoints": {"url": "state"},
    }
    (place / "t.yml").write_text(json.dumps(topology))
    write_files(place / "changed", rule_files(RULE.replace(b"version: 1", b"version: 2")))
    arguments = ("explain", ID, "--alerts", "alerts.jsonl", "--topology", "t.yml", "--json")
    found = orjson.loads(fraudstream(*arguments).out)
    assert [each["code"] for each in found["cannot_tell"]][:2] == ["other_ruleset", "rule_changed"]
    found = orjson.loads(fraudstream(*arguments, "--rules", "rules").out)
    assert found["versions"]["texts_from"] == "in rules"


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([ID], "where is the alert? Give --topology for its topics, or --alerts FILE"),
        (
            ["123456", "--alerts", "alerts.jsonl"],
            "123456: there is no such alert in alerts.jsonl: check the id, ",
        ),
        ([ID, "--alerts", "none"], "none: cannot be read (No such file or directory): check the path"),
        (
            [ID, "--alerts", "alerts.jsonl", "--rules", "events.jsonl"],
            "events.jsonl: is no bundle: ",
        ),
        (
            [ID, "--alerts", "alerts.jsonl", "--history", "x.csv"],
            "x.csv: there is no such file: check the path",
        ),
        (
            [ID, "--alerts", "alerts.jsonl", "--html", "no/x"],
            "no/x: cannot be written (No such file or directory): ",
        ),
    ],
)
def test_each_mistake_is_one_line(arguments: list[str], message: str) -> None:
    """What is wrong, and what to do."""
    line = error_line("explain", *arguments)
    assert line.startswith(message)

"""`fraudstream replay` from the command line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.unit.cli.commands import error_lines, fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A rule directory with one rule."""
    return write_files(tmp_path / "rules", rule_files(rule_file()))


def figures(text: str) -> dict[str, str]:
    """Return the two columns of the summary."""
    rows = (line.strip().rsplit(maxsplit=1) for line in text.splitlines() if line.strip())
    return {row[0].strip(): row[-1] for row in rows}


def test_a_file_of_lines(tmp_path: Path, rules: Path) -> None:
    """The summary accounts for every message, and the alerts are written one a line."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([event("a"), event("b", amount=500), event("b"), b"x"]))
    ran = fraudstream("replay", path, "--rules", rules, "--alerts", tmp_path / "alerts.jsonl")
    assert ran.code == 0
    shown = figures(ran.out)
    assert (shown["events in"], shown["decided: allow"], shown["decided: review"]) == ("4", "1", "1")
    assert (shown["duplicates"], shown["dead letters: not_json"], shown["alerts"]) == ("1", "1", "1")
    assert shown["hits of TST-ANY-001"] == "1"
    (line,) = (tmp_path / "alerts.jsonl").read_bytes().splitlines()
    assert orjson.loads(line)["event"]["id"] == "b"


def test_a_table_under_other_names_and_out_of_order(tmp_path: Path, rules: Path) -> None:
    """A map names the columns, and a column gives the order."""
    table, names = tmp_path / "a.csv", tmp_path / "names.yml"
    table.write_text("no,when,eur,arrived\n2,2026-03-02T09:00:00Z,500.00,2\n1,2026-03-02T08:00:00Z,5.25,1\n")
    names.write_text(
        "map: {id: no, kind: {const: transfer}, occurred_at: when, amount: eur, currency: {const: EUR}}\n"
    )
    ran = fraudstream("replay", table, "--rules", rules, "--map", names, "--order-by", "arrived")
    assert ran.code == 0
    shown = figures(ran.out)
    assert (shown["events in"], shown["late"], shown["hits of TST-ANY-001"]) == ("2", "0", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.jsonl"], "gone.jsonl: there is no such file: check the path"),
        (["a.jsonl", "--rules", "gone"], "gone:1:1: there is no such directory: give the rule directory"),
        (
            ["a.jsonl", "--map", "gone.yml"],
            "gone.yml:1:1: cannot be read (No such file or directory): check the path",
        ),
        (
            ["a.jsonl", "--order-by", "t"],
            "a.jsonl: only .csv and .parquet files can be ordered: sort the lines beforehand",
        ),
        (
            ["a.jsonl", "--alerts", "gone/alerts.jsonl"],
            "gone/alerts.jsonl: cannot be written (No such file or directory): choose another path",
        ),
        (["a.csv", "--order-by", "t"], "a.csv: has no column 't': order by one of id"),
        (["a.jsonl", "--map", "bad.yml"], "bad.yml:1:11: map.id: "),
    ],
)
def test_each_mistake_is_one_line(
    tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """Which file, what is wrong, what to do, and an exit code that a script notices."""
    monkeypatch.chdir(tmp_path)
    write_files(
        tmp_path,
        {"a.jsonl": event("a"), "a.csv": b"id\n1\n", "bad.yml": b"map: {id: 5, kind: k, occurred_at: w}\n"},
    )
    lines = [line for line in error_lines("replay", *arguments) if line.strip() and "replay" not in line]
    assert len(lines) == 1
    assert lines[0].startswith(message)

"""`fraudstream rules coverage` from the command line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.unit.cli.commands import error_lines, fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two rules of which one implies the other, one that never fires, and a file of events."""
    rules = [
        rule_file(f"amount_usd > {limit}", rule_id=f"TST-{name}-001", status=status)
        for name, limit, status in (("A", 1, "live"), ("B", 50, "shadow"), ("C", 900, "live"))
    ]
    files = rule_files(*rules)
    files["typologies.yml"] += b"  \n"
    files["typologies.yml"] = files["typologies.yml"].replace(
        b"typologies: {", b"typologies: {other: {title: Other, description: Nobody looks for it}, "
    )
    write_files(tmp_path / "rules", files)
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([event("a", amount=3), event("b", amount=70)]))
    return tmp_path


def test_without_data_it_lists_typologies(folder: Path) -> None:
    """Those that no live rule looks for are told, and nothing fails."""
    ran = fraudstream("rules", "coverage", "--rules", folder / "rules")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split() for line in ran.out.splitlines()] == [
        ["Typology", "Live", "rules"],
        ["other", "none"],
        ["any", "TST-A-001,", "TST-C-001"],
    ]


def test_with_data_it_also_lists_what_fired(folder: Path) -> None:
    """How often, and with which others always."""
    data = ("--data", folder / "a.jsonl")
    ran = fraudstream("rules", "coverage", "--rules", folder / "rules", *data)
    assert ran.code == 0
    assert [line.split() for line in ran.out.splitlines()[3:]] == [
        ["Rule", "Hits"],
        ["TST-A-001", "2"],
        ["TST-B-001", "1", "only", "with", "TST-A-001"],
        ["TST-C-001", "0", "never", "fired"],
        ["2", "events"],
    ]


def test_json_for_a_program(folder: Path) -> None:
    """One object with its schema."""
    ran = fraudstream("rules", "coverage", "--rules", folder / "rules", "--json")
    content = orjson.loads(ran.out)
    assert content["schema"] == "fraudstream.coverage/v1"
    assert content["without_live_rule"] == ["other"]


def test_a_missing_file_is_one_line(folder: Path) -> None:
    """The path that was given, and what to do."""
    assert error_lines("rules", "coverage", "--rules", folder / "rules", "--data", "gone.csv") == [
        "gone.csv: there is no such file: check the path"
    ]

"""`fraudstream diff` from the command line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.unit.cli.commands import error_lines, fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with two rule directories and a history of four events."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "old", rule_files(rule_file()))
    write_files(tmp_path / "new", rule_files(rule_file("amount_usd > 50", version=2)))
    amounts = (20, 60, 70, 120)
    messages = [event(f"e{number}", amount=amount) for number, amount in enumerate(amounts)]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(messages[:2]))
    (tmp_path / "b.jsonl").write_bytes(b"\n".join(messages[2:]))


def test_the_comparison_on_the_terminal() -> None:
    """How many decisions change, by which rule, and examples with their values."""
    ran = fraudstream("diff", "old", "new", "--data", "a.jsonl", "b.jsonl", "--examples", 1)
    assert (ran.code, ran.err) == (0, "")
    assert "2 decisions change (50.0000%); alerts 1 to 3" in ran.out
    assert "2 new alerts, 0 lost alerts, 2 changed actions" in ran.out
    assert "allow to review: 2" in ran.out
    row = next(line.split() for line in ran.out.splitlines() if line.split()[:1] == ["TST-ANY-001"])
    assert row == ["TST-ANY-001", "v1", "to", "v2", "1", "3", "2", "0", "2", "0", "2"]
    assert "e1 at 2026-03-02T08:00:00Z, 60.00 USD, debtor c1" in ran.out
    assert "old: allow, score 0, no alert" in ran.out
    assert "TST-ANY-001: amount_usd 60.00 USD > 50" in ran.out
    assert "e2" not in ran.out


def test_the_comparison_as_json() -> None:
    """The last line is one object."""
    ran = fraudstream("diff", "old", "new", "--data", "a.jsonl", "--json")
    found = orjson.loads(ran.out.splitlines()[-1])
    assert found["schema"] == "fraudstream.diff/v1"
    assert (found["changed_decisions"], found["changed_share"]) == (1, 0.5)
    assert (found["new_alerts"], found["lost_alerts"], found["changed_actions"]) == (1, 0, 1)
    assert found["actions"] == [{"from": "allow", "to": "review", "events": 1}]
    (example,) = found["examples"]["new_alert"]
    assert example["event_id"] == "e1"
    assert example["new"]["reasons"] == [{"rule": "TST-ANY-001", "reason": "amount_usd 60.00 USD > 50"}]
    assert found["rules"][0]["change"] == "v1 to v2"


@pytest.mark.parametrize(("allowed", "code"), [(0.4, 3), (0.5, 0), (0, 3), (1, 0)])
def test_too_many_changes_end_with_three(allowed: float, code: int) -> None:
    """A share that is reached is allowed, one that is passed is not."""
    ran = fraudstream("diff", "old", "new", "--data", "a.jsonl", "b.jsonl", "--max-change", allowed)
    assert ran.code == code
    assert ("of the decisions change, more than the" in ran.err) is (code == 3)


def test_nothing_changes_between_equals() -> None:
    """Not even where no change is allowed."""
    ran = fraudstream("diff", "old", "old", "--data", "a.jsonl", "--max-change", 0)
    assert (ran.code, "0 decisions change" in ran.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["old", "gone", "--data", "a.jsonl"],
            "gone:1:1: there is no such directory: give the rule directory",
        ),
        (["old", "new", "--data", "gone.csv"], "gone.csv: there is no such file: check the path"),
    ],
)
def test_each_mistake_is_one_line(arguments: list[str], message: str) -> None:
    """Which place, what is wrong, what to do."""
    lines = error_lines("diff", *arguments)
    assert len(lines) == 1
    assert lines[0].startswith(message)

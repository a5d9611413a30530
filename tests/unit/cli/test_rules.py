"""`fraudstream rules`: lint, test and lock, from an officer's point of view."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from fraudstream.rules.lock import LOCK_FILE
from tests.unit.cli.commands import error_line, error_lines, fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, ruleset_of, write_files


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A locked rule directory with one rule."""
    directory = write_files(tmp_path / "rules", rule_files(rule_file()))
    assert fraudstream("rules", "lock", directory).code == 0
    return directory


def test_a_sound_directory(rules: Path) -> None:
    """Lint says how many rules there are and which version they make up."""
    ran = fraudstream("rules", "lint", rules)
    version = ruleset_of(rule_file()).version
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"1 rules, ruleset {version}: no problems\n"


def test_each_problem_is_one_line_with_its_place_and_remedy(rules: Path) -> None:
    """All of them at once, sorted by file."""
    write_files(
        rules,
        {"x/0.yml": rule_file("amont_usd > 5", version=2), "x/1.yml": rule_file("a ="), "x/2.yml": b"a: [\n"},
    )
    assert error_lines("rules", "lint", rules) == [
        "x/1.yml:13:9: cannot read '=': compare with ==",
        "x/2.yml:2:1: not well-formed YAML: expected the node content, but found '<stream end>'",
    ]
    write_files(rules, {"x/1.yml": b"", "x/2.yml": rule_file(rule_id="TST-ANY-002", cases="[]")})
    (rules / "x" / "1.yml").unlink()
    assert error_lines("rules", "lint", rules) == [
        "x/0.yml:3:10: TST-ANY-001 is not locked as it is: run `fraudstream rules lock`",
        "x/0.yml:13:7: amont_usd is unknown: did you mean amount_usd?",
        "x/2.yml:3:10: TST-ANY-002 is not locked as it is: run `fraudstream rules lock`",
        "x/2.yml:16:16: TST-ANY-002 is live and has no case that expects hit: add one",
        "x/2.yml:16:16: TST-ANY-002 is live and has no case that expects miss: add one",
    ]


def test_tests_are_run_and_counted(rules: Path) -> None:
    """A table by rule, and one line at the end."""
    ran = fraudstream("rules", "test", rules)
    assert (ran.code, ran.err) == (0, "")
    assert "TST-ANY-001" in ran.out
    assert ran.out.splitlines()[-1] == "2 cases of 1 rules passed"


def test_a_failed_case_is_one_line(rules: Path) -> None:
    """Its place, what it expects, what it got; then how many failed."""
    write_files(rules, {"x/0.yml": rule_file("amount_usd > 1000")})
    assert error_lines("rules", "test", rules) == [
        "x/0.yml:16:17: TST-ANY-001: case 'over' expects hit, got miss",
        "1 of 2 cases failed",
    ]


def test_an_edit_is_not_locked_without_a_new_version(rules: Path) -> None:
    """The lock file stays as it was, until the version is raised."""
    before = (rules / LOCK_FILE).read_bytes()
    write_files(rules, {"x/0.yml": rule_file("amount_usd > 101")})
    remedy = "raise its version, then run `fraudstream rules lock`"
    line = f"x/0.yml:3:10: TST-ANY-001 was edited but is still version 1: {remedy}"
    assert error_lines("rules", "lint", rules) == [line]
    assert error_lines("rules", "lock", rules) == [line]
    assert (rules / LOCK_FILE).read_bytes() == before
    write_files(rules, {"x/0.yml": rule_file("amount_usd > 101", version=2)})
    assert fraudstream("rules", "lock", rules).out == "1 rules locked\n"
    assert fraudstream("rules", "lint", rules).code == 0
    assert orjson.loads((rules / LOCK_FILE).read_bytes())["TST-ANY-001"]["version"] == 2


def test_the_id_of_a_removed_rule_is_not_used_again(rules: Path) -> None:
    """Removed, locked, and written anew: refused."""
    (rules / "x" / "0.yml").unlink()
    assert fraudstream("rules", "lock", rules).code == 0
    write_files(rules, {"x/0.yml": rule_file("amount_usd > 7", version=5)})
    assert error_lines("rules", "lock", rules) == [
        "x/0.yml:2:5: TST-ANY-001 was retired, and ids are never used again: choose a new id"
    ]


@pytest.mark.parametrize("command", ["lint", "test", "lock"])
def test_a_missing_directory_is_one_line(tmp_path: Path, command: str) -> None:
    """The path that was given, and what to do."""
    path = tmp_path / "nowhere"
    assert error_lines("rules", command, path) == [
        f"{path}:1:1: there is no such directory: give the rule directory"
    ]


def test_brackets_in_a_message_are_kept(rules: Path) -> None:
    """A message is text, not markup."""
    write_files(rules, {"x/0.yml": rule_file("{all: []}")})
    line = error_line("rules", "lint", rules)
    assert line.endswith("when: write an expression, or one of all: [...], any: [...], not: ...")


def test_changes_that_cases_notice_pass(rules: Path) -> None:
    """How many were tried, and that none passed."""
    cases = (
        "[{name: at, event: {kind: transfer, amount_usd: 100}, expect: miss},"
        " {name: just above, event: {kind: transfer, amount_usd: 100.01}, expect: hit},"
        " {name: just below, event: {kind: transfer, amount_usd: 99.5}, expect: miss}]"
    )
    write_files(rules, {"x/0.yml": rule_file(cases=cases)})
    ran = fraudstream("rules", "mutate", rules)
    assert (ran.code, ran.out) == (0, "3 changes of 1 rules: no live rule lets one pass\n")


def test_a_change_that_no_case_notices_fails(rules: Path) -> None:
    """One line each with its place and the case to add, then how many."""
    lines = error_lines("rules", "mutate", rules, "--rule", "TST-ANY-001")
    assert [line.split(": add a case")[0] for line in lines[:-1]] == [
        "x/0.yml:13:7: TST-ANY-001: no case notices amount_usd > 100 as >=",
        "x/0.yml:13:20: TST-ANY-001: no case notices 100 as 99",
        "x/0.yml:13:20: TST-ANY-001: no case notices 100 as 101",
    ]
    assert lines[-1] == "3 faults of live rules in 3 changes of 1 rules"


def test_a_rule_that_is_not_there_is_told(rules: Path) -> None:
    """With the nearest that is."""
    assert error_lines("rules", "mutate", rules, "--rule", "TST-ANY-002") == [
        "TST-ANY-002: there is no such rule: did you mean TST-ANY-001?"
    ]


@pytest.mark.parametrize("command", ["lint", "test", "mutate"])
def test_rules_may_name_the_columns_of_a_topology(rules: Path, command: str) -> None:
    """A deployment's own columns are known where its topology is given, and unknown elsewhere."""
    topology = rules.parent / "topology.yml"
    topology.write_text(
        "schema: fraudstream.topology/v1\nname: t\nkafka: {bootstrap: 'localhost:9092'}\n"
        "input: {topic: i}\noutput: {alerts: a, dead_letters: d, journal: j}\nrules: rules\n"
        "columns: {vip: {type: text}}\n"
    )
    cases = (
        '[{name: a, event: {kind: transfer, amount_usd: 1, vip: "yes"}, expect: hit},'
        ' {name: b, event: {kind: transfer, amount_usd: 1, vip: "no"}, expect: miss}]'
    )
    write_files(rules, {"x/0.yml": rule_file('"vip == \\"yes\\""', cases=cases, version=2)})
    assert fraudstream("rules", "lock", rules).code == 0
    assert fraudstream("rules", command, rules, "--topology", topology).code == 0
    assert "vip" in error_lines("rules", command, rules)[0]


def test_an_explanation_is_a_tree(rules: Path) -> None:
    """On the terminal for a reader, as JSON for a program."""
    path = rules.parent / "event.json"
    path.write_bytes(event("e", amount=250))
    ran = fraudstream("rules", "explain", "TST-ANY-001", "--event", path, "--rules", rules)
    assert ran.out.splitlines() == [
        "TST-ANY-001 v1 at event e, 2026-03-02T08:00:00Z: hit",
        "└── true  amount_usd > 100  +150.00 USD (2.5x)",
        "    └── amount_usd = 250.00 USD",
    ]
    ran = fraudstream("rules", "explain", "TST-ANY-001", "--event", path, "--rules", rules, "--json")
    assert orjson.loads(ran.out)["condition"]["operands"] == [{"expression": "amount_usd", "value": "250.00"}]


def test_an_explanation_reads_the_history(rules: Path) -> None:
    """What is missing stands on top, what was counted at the end."""
    write_files(
        rules,
        {
            "x/0.yml": rule_file(
                "n > 2 or device.lat > 1", features="{n: {count: events, by: debtor.id, window: 1h}}"
            )
        },
    )
    (rules.parent / "event.json").write_bytes(event("e"))
    (rules.parent / "before.jsonl").write_bytes(event("h", "2026-03-02T07:30:00Z") + b"\n")
    arguments = ("--event", rules.parent / "event.json", "--history", rules.parent / "before.jsonl")
    ran = fraudstream("rules", "explain", "TST-ANY-001", *arguments, "--rules", rules)
    assert ran.out.splitlines() == [
        "TST-ANY-001 v1 at event e, 2026-03-02T08:00:00Z: not_evaluated",
        "├── no value: device.lat",
        "├── unknown  at least one of these",
        "│   ├── false  n > 2  +0 (1x)",
        "│   │   └── n = 2  (count: events by debtor.id in 1h)",
        "│   └── unknown  device.lat > 1",
        "│       └── device.lat = no value",
        "└── counted events: e, h",
    ]

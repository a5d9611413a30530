"""A worker does not begin with rules that it may not trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.cli.rule_sources import rules_of
from fraudstream.config import load_topology
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.bundles.bundle import Draft
from fraudstream.stores.bundles.keys import read_signing_key
from tests.unit.cli.commands import error_line, error_lines, fraudstream
from tests.unit.cli.test_publishing import Office
from tests.unit.rule_files import rule_file, rule_files, write_files
from tests.unit.stores.bundles.bundles import FileShelf

TOPOLOGY = """schema: fraudstream.topology/v1
name: n
kafka: {bootstrap: "h:1"}
input: {topic: a}
output: {alerts: b, dead_letters: c, journal: d}
audit: worker.jsonl
metrics: {port: 0}
"""
BUNDLE = "rules: {bundle: rules.bundle, trust: [ann.pub, bob.pub]}\n"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return an office with a topology of its bundle."""
    (tmp_path / "t.yml").write_text(TOPOLOGY + BUNDLE)
    return Office(tmp_path)


def refused(office: Office) -> str:
    """Return the one line with which a worker ends at its start, which its log has too."""
    line = error_line("run", "--topology", office.to.with_name("t.yml"))
    entry = AuditLog(office.to.with_name("worker.jsonl")).entries()[-1]
    assert (entry.event, entry.details["why"]) == ("refuse", line)
    assert entry.actor.startswith("n on ")
    return f"{entry.details['reason']}: {line.replace(str(office.to), 'b')}"


def test_a_worker_does_not_begin_without_a_trusted_bundle(office: Office) -> None:
    """Nothing there, nobody has approved it, tampered, and by a stranger."""
    assert refused(office).startswith("unreadable: b: there is no such file")
    office.publish()
    assert refused(office).startswith("unapproved: b: nobody has approved bundle 1, ruleset ")
    content = office.to.read_bytes()
    office.to.write_bytes(content.replace(b"> 100", b"> 900"))
    assert refused(office).startswith("tampered: b: x/0.yml is not what its manifest says: ")
    stranger = office.to.with_name("stranger")
    fraudstream("rules", "keygen", stranger)
    office.publish("--key", stranger)
    assert refused(office).startswith("wrong_key: b: bundle 2, ruleset ")


def test_a_worker_runs_the_tests_of_a_bundle_itself(office: Office) -> None:
    """A publisher may have another version, or have gone around the command."""
    files = rule_files(rule_file("amount_usd > 900"))
    draft = Draft(ruleset=build_ruleset(files).version, published_at="2026-03-02T08:00:00Z", author="Ann")
    FileShelf(office.to).publish(files, draft, read_signing_key(office.ann))
    assert fraudstream("rules", "approve", office.to, "--key", office.bob, "--approver", "Bob").code == 0
    assert refused(office).startswith("unfit: x/0.yml:16:17: TST-ANY-001: case 'over' expects hit, got miss")


def test_a_worker_does_not_begin_with_faulty_rules_of_a_directory(office: Office) -> None:
    """A directory of rules has an audit log too."""
    office.to.with_name("t.yml").write_text(f"{TOPOLOGY}rules: rules\n")
    write_files(office.rules, {"x/0.yml": rule_file("amount_usd > 900")})
    assert refused(office).startswith("unfit: x/0.yml:16:17: TST-ANY-001: case 'over' expects hit, got miss")


def test_rules_of_a_directory_are_noted_as_they_are_taken(office: Office) -> None:
    """By their version."""
    office.to.with_name("t.yml").write_text(f"{TOPOLOGY}rules: rules\n")
    rules = rules_of(load_topology(office.to.with_name("t.yml")))
    files = rules.read()
    ruleset = build_ruleset(files)
    rules.record.take(ruleset)
    assert rules.watch(files).changed() is None
    (entry,) = AuditLog(office.to.with_name("worker.jsonl")).entries()
    assert (entry.event, entry.details) == (
        "load",
        {"directory": str(office.rules), "ruleset": ruleset.version},
    )


def test_a_log_that_cannot_be_written_does_not_hide_the_refusal(office: Office) -> None:
    """Both are told."""
    office.to.with_name("worker.jsonl").mkdir()
    office.to.with_name("t.yml").write_text(f"{TOPOLOGY}rules: rules\n")
    write_files(office.rules, {"x/0.yml": rule_file("amount_usd >")})
    first, second = error_lines("run", "--topology", office.to.with_name("t.yml"))
    assert "worker.jsonl: cannot be read or written (Is a directory): give the audit log a place" in first
    assert second.startswith("x/0.yml:13:")

"""The log says which lists have changed, and with which ruleset."""

from __future__ import annotations

from pathlib import Path

from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.rule_record import DirectoryRecord, RuleRecord
from tests.unit.rule_files import rule_file, rule_files


def listed(name: str, *values: str, note: str = "") -> dict[str, bytes]:
    """Return a list as a file."""
    head = (
        f"schema: fraudstream.list/v1\nid: {name}\ntitle: {name}\nsource: invented\nretrieved: 2026-03-01\n"
    )
    entries = ", ".join(f"{{value: {value}}}" for value in values)
    return {f"lists/{name}.yml": f"{head}entries: [{entries}]\n{note}".encode()}


def ruleset(**files: bytes) -> Ruleset:
    """Return a ruleset with some lists."""
    return build_ruleset(rule_files(rule_file(), **files))


class Setup:
    """Workers with one log."""

    def __init__(self, folder: Path) -> None:
        self.log = AuditLog(folder / "audit.jsonl")

    def take(self, files: dict[str, bytes], directory: str = "rules") -> list[tuple[str, ...]]:
        """Load as a new worker; return what the log says more than before, after the load itself."""
        before = len(self.log.entries())
        made = ruleset(**files)
        DirectoryRecord(Path(directory), RuleRecord("worker", self.log)).take(made)
        load, *changes = self.log.entries()[before:]
        assert (load.event, {each.event for each in changes} | {"list_change"}) == ("load", {"list_change"})
        assert all(each.details["ruleset"] == made.version for each in (load, *changes))
        return [(each.details["list"], each.details["change"]) for each in changes]


def test_every_change_of_a_list_is_noted_once(tmp_path: Path) -> None:
    """Added, changed, removed and back again; whoever loads the same after that notes nothing."""
    setup = Setup(tmp_path)
    both = {**listed("mules", "m1"), **listed("peps", "p1", "p2")}
    assert setup.take(both) == [("mules", "added"), ("peps", "added")]
    assert setup.take(both) == []
    assert setup.take({**both, **listed("mules", "m1", "m2")}) == [("mules", "changed")]
    assert setup.log.entries()[-1].details["entries"] == 2
    assert setup.take(listed("peps", "p1", "p2")) == [("mules", "removed")]
    assert setup.take(both) == [("mules", "added")]


def test_a_list_that_is_only_written_otherwise_is_the_same(tmp_path: Path) -> None:
    """What it says counts, and not how."""
    setup = Setup(tmp_path)
    setup.take(listed("mules", "m1"))
    assert setup.take(listed("mules", "m1", note="# a remark\n")) == []


def test_places_do_not_mix(tmp_path: Path) -> None:
    """Workers of several topologies may share a log."""
    setup = Setup(tmp_path)
    setup.take(listed("mules", "m1"))
    assert setup.take(listed("mules", "m2"), "other") == [("mules", "added")]
    assert setup.take(listed("mules", "m1")) == []


def test_without_a_log_nothing_is_kept() -> None:
    """And nothing fails."""
    DirectoryRecord(Path("rules"), RuleRecord("worker", None)).take(ruleset(**listed("mules", "m1")))

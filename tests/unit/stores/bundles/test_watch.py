"""A worker takes a newer bundle that is trusted, and never one that is older than what was in force."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.bundles.approvals import approval_path
from fraudstream.stores.bundles.bundle import pack
from fraudstream.stores.bundles.errors import BundleError
from fraudstream.stores.bundles.gate import Gate
from fraudstream.stores.bundles.trust import Trust
from fraudstream.stores.bundles.watch import BundleWatch
from fraudstream.stores.rule_record import RuleRecord
from tests.unit.rule_files import rule_file, rule_files
from tests.unit.stores.bundles.bundles import APPROVER, PUBLISHER, approval, draft

KEYS = frozenset({PUBLISHER.public, APPROVER.public})


class Setup:
    """A place for a bundle, and the watch of a worker that can be started anew."""

    def __init__(self, folder: Path, *, needs_approval: bool = False, with_log: bool = True) -> None:
        self.path = folder / "b"
        self.log = AuditLog(folder / "audit.jsonl")
        self._trust = Trust(KEYS, needs_approval)
        self._record = RuleRecord("worker", self.log if with_log else None)
        self.restart()

    def restart(self) -> None:
        """Begin as a new process."""
        self.gate = Gate(str(self.path), self._trust, self._record)
        self.watch = BundleWatch(self.path, self.gate)

    def publish(self, sequence: int, limit: int = 100) -> bytes:
        """Write a bundle of one rule, and return it."""
        files = rule_files(rule_file(f"amount_usd > {limit}"))
        content = pack(files, draft(build_ruleset(files).version), sequence, PUBLISHER)
        self.path.write_bytes(content)
        return content

    def start(self) -> None:
        """Take what is there to begin with."""
        self.gate.take(build_ruleset(self.watch.first()))

    def look(self) -> bool:
        """Look until a change has come to rest; return whether one was taken."""
        for _ in range(2):
            files = self.watch.changed()
            if files is not None:
                self.gate.take(build_ruleset(files))
                return True
        return False

    def refusal(self, look: Callable[[], object]) -> str:
        """Return reason and words of a refusal, and note it as the worker does."""
        with pytest.raises(BundleError) as caught:
            look()
        self.gate.refused(caught.value.reason, str(caught.value))
        return f"{caught.value.reason}: {str(caught.value).replace(str(self.path), 'b')}"

    def events(self) -> list[tuple[str, int | None]]:
        """Return what the log says of which sequence."""
        return [(each.event, each.details.get("sequence")) for each in self.log.entries()]


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    """Return a worker that began with bundle 2."""
    made = Setup(tmp_path)
    made.publish(2)
    made.start()
    return made


def test_a_newer_bundle_is_taken_once(setup: Setup) -> None:
    """At the second look that finds it; each load is in the log."""
    assert not setup.look()
    setup.publish(3, limit=200)
    assert setup.look()
    assert not setup.look()
    assert setup.events() == [("load", 2), ("load", 3)]


def test_an_older_bundle_is_refused(setup: Setup) -> None:
    """Once, and the log says of which one."""
    setup.publish(1, limit=200)
    told = setup.refusal(setup.look)
    assert told.startswith("stale: b: bundle 1, ruleset ")
    assert told.endswith(
        "is older than bundle 2, which was in force: go back by `fraudstream rules rollback`"
    )
    assert not setup.look()
    assert setup.events() == [("load", 2), ("refuse", 1)]


def test_another_bundle_of_the_same_sequence_is_refused(setup: Setup) -> None:
    """Two publishers have numbered for themselves."""
    setup.publish(2, limit=200)
    assert "is another than bundle 2, which was in force" in setup.refusal(setup.look)
    setup.publish(2)
    assert not setup.look()


def test_an_older_bundle_is_refused_after_a_restart_too(setup: Setup) -> None:
    """The log remembers what was in force; without a log it is forgotten."""
    setup.publish(1)
    setup.restart()
    assert setup.refusal(setup.watch.first).startswith("stale: b: bundle 1")
    forgetful = Setup(setup.path.parent, with_log=False)
    forgetful.start()
    assert not forgetful.look()


def test_a_tampered_bundle_is_refused_and_the_next_one_taken(setup: Setup) -> None:
    """What cannot be read has no sequence in the log."""
    setup.path.write_bytes(setup.publish(3).replace(b"> 100", b"> 900"))
    assert setup.refusal(setup.look).startswith("tampered: b: x/0.yml is not what its manifest says")
    setup.publish(4, limit=200)
    assert setup.look()
    assert setup.events() == [("load", 2), ("refuse", None), ("load", 4)]


def test_a_bundle_that_goes_away_is_told(setup: Setup) -> None:
    """The rules stay, and when it comes back nothing is new."""
    content = setup.path.read_bytes()
    setup.path.unlink()
    assert setup.refusal(setup.look).startswith("unreadable: b: there is no such file")
    setup.path.write_bytes(content)
    assert not setup.look()


def test_an_approval_that_comes_later_is_noticed(tmp_path: Path) -> None:
    """Until then the bundle is refused; the log names the approver."""
    setup = Setup(tmp_path, needs_approval=True)
    content = setup.publish(1)
    assert setup.refusal(setup.watch.first).startswith("unapproved: b: nobody has approved bundle 1")
    approval_path(setup.path).write_bytes(approval(content))
    setup.start()
    content = setup.publish(2, limit=200)
    assert "the approval is of another bundle (1), not of bundle 2" in setup.refusal(setup.look)
    approval_path(setup.path).write_bytes(approval(content))
    assert setup.look()
    assert setup.log.entries()[-1].details["approver"] == "Bob"
    assert setup.events() == [("refuse", 1), ("load", 1), ("refuse", 2), ("load", 2)]


def test_an_approval_of_what_is_to_come_is_no_trouble(tmp_path: Path) -> None:
    """It may be put in place before its bundle, so that no look finds the bundle without it."""
    setup = Setup(tmp_path, needs_approval=True)
    approval_path(setup.path).write_bytes(approval(setup.publish(1)))
    setup.start()
    content = setup.publish(2, limit=200)
    setup.publish(1)
    approval_path(setup.path).write_bytes(approval(content))
    assert not setup.look()
    setup.path.write_bytes(content)
    assert setup.look()


def test_a_manifest_of_another_ruleset_is_refused(setup: Setup) -> None:
    """What judges is what the log names."""
    setup.path.write_bytes(pack(rule_files(rule_file()), draft("f" * 16), 3, PUBLISHER))
    told = setup.refusal(setup.look)
    assert told.startswith("unfit: b: the files of bundle 3, ruleset ffffffffffffffff make ruleset ")
    assert setup.events() == [("load", 2), ("refuse", 3)]

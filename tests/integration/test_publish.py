"""A running worker takes what is published and approved, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.bundles.approvals import approval_path
from fraudstream.stores.bundles.bundle import Draft
from fraudstream.stores.bundles.keys import write_key_pair
from loadtest.waiting import until
from tests.integration.rule_rig import RuleRig
from tests.unit.rule_files import event, rule_file, rule_files
from tests.unit.stores.bundles.bundles import FileShelf

pytestmark = pytest.mark.integration

SOURCE = "rules: {bundle: rules.bundle, trust: [ann.pub, bob.pub]}\naudit: worker.jsonl"
NOW = "2026-03-02T08:00:00Z"


class Office:
    """Ann publishes, Bob approves."""

    def __init__(self, folder: Path) -> None:
        self._ann, self._bob = write_key_pair(folder / "ann"), write_key_pair(folder / "bob")
        self.shelf = FileShelf(folder / "rules.bundle")

    def publish(self, files: Mapping[str, bytes], repeats: int | None = None) -> None:
        """Publish as Ann."""
        version = build_ruleset(files).version
        draft = Draft(ruleset=version, published_at=NOW, author="Ann", repeats=repeats)
        self.shelf.publish(files, draft, self._ann)

    def approve(self) -> None:
        """Approve as Bob."""
        self.shelf.approve("Bob", NOW, self._bob)


def rules(when: str) -> dict[str, bytes]:
    """Return the files of one rule without cases."""
    return rule_files(rule_file(when, cases="[]"))


def test_a_worker_takes_what_is_published_and_approved(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Tampered and stale bundles are refused while the old rules judge on; a rollback is taken."""
    office = Office(tmp_path)
    office.publish(rules('creditor.account == "m1"'))
    office.approve()
    path = office.shelf.path
    first = path.read_bytes(), approval_path(path).read_bytes()
    setup = RuleRig(kafka, tmp_path, topic_names, {}, SOURCE)

    def send(name: str) -> None:
        setup.send(*(event(f"{name}-{to}", creditor={"account": to}) for to in ("m1", "m2")))

    def refused(reason: str) -> bool:
        return setup.total("fraudstream_ruleset_refusals_total", reason) == 1

    def loaded(number: int) -> bool:
        return setup.total("fraudstream_ruleset_changes_total", "loaded") == number

    with setup.worker:
        send("a")
        office.publish(rules('creditor.account == "m2"'))
        until(lambda: refused("unapproved"), "nobody has approved it yet")
        send("b")
        office.approve()
        until(lambda: loaded(1), "what is approved is taken up")
        send("c")
        second = path.read_bytes()
        path.write_bytes(second.replace(b'"m2"', b'"m1"'))
        until(lambda: refused("tampered"), "what is tampered with is refused")
        send("d")
        path.write_bytes(first[0])
        approval_path(path).write_bytes(first[1])
        until(lambda: refused("stale"), "what is older is refused")
        send("e")
        office.publish(office.shelf.earlier(1).files, repeats=1)
        office.approve()
        until(lambda: loaded(2), "what is rolled back is taken up")
        send("f")
        assert setup.alerts() == ["a-m1", "b-m1", "c-m2", "d-m2", "e-m2", "f-m1"]

    entries = AuditLog(tmp_path / "worker.jsonl").verify().entries
    told = [(each.event, each.details.get("reason") or each.details["sequence"]) for each in entries]
    assert told[1] == ("refuse", "unapproved")
    # Looks may fall between the last publication and its approval too.
    assert [each for each in told if each[1] != "unapproved"] == [
        ("load", 1),
        ("load", 2),
        ("refuse", "tampered"),
        ("refuse", "stale"),
        ("load", 3),
    ]

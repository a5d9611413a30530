"""`fraudstream rules publish` and what goes with it, as a person sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.stores.bundles.bundle import Bundle
from tests.unit.cli.commands import Ran, error_line, error_lines, fraudstream
from tests.unit.rule_files import rule_file, rule_files, write_files
from tests.unit.stores.bundles.bundles import read_bundle


class Office:
    """A locked rule directory, the keys of Ann and Bob, and a place for bundles."""

    def __init__(self, folder: Path) -> None:
        self.rules = write_files(folder / "rules", rule_files(rule_file()))
        self.to = folder / "rules.bundle"
        self.audit = folder / "rules.bundle.audit.jsonl"
        self.ann, self.bob = folder / "ann", folder / "bob"
        for key in (self.ann, self.bob):
            assert fraudstream("rules", "keygen", key).code == 0
        fraudstream("rules", "lock", self.rules)

    def publish(self, *more: object) -> Ran:
        """Publish as Ann."""
        options = ("--rules", self.rules, "--to", self.to, "--key", self.ann, "--author", "Ann")
        return fraudstream("rules", "publish", *options, *more)

    def write(self, rule: bytes) -> None:
        """Change the rule and lock it."""
        write_files(self.rules, {"x/0.yml": rule})
        assert fraudstream("rules", "lock", self.rules).code == 0

    def bundle(self) -> Bundle:
        """Return what is published."""
        return read_bundle(self.to)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return an office in which nothing is published yet."""
    return Office(tmp_path)


def test_a_fit_directory_is_published(office: Office) -> None:
    """One line says where, which, by whom and with which key."""
    ran = office.publish("--comment", "Lower limit")
    assert (ran.code, ran.err) == (0, "")
    manifest = office.bundle().manifest
    assert ran.out.startswith(f"{office.to}: bundle 1, ruleset {manifest.ruleset}, published by Ann at 20")
    assert (manifest.author, manifest.comment, manifest.sequence) == ("Ann", "Lower limit", 1)
    assert office.bundle().files["x/0.yml"] == rule_file()
    assert "bundle 2, ruleset" in office.publish().out


def test_what_is_not_fit_is_not_published(office: Office) -> None:
    """A rule that was not locked, and one that fails its own tests."""
    write_files(office.rules, {"x/0.yml": rule_file("amount_usd > 200")})
    ran = office.publish()
    assert ran.code == 1
    assert "x/0.yml" in ran.err
    office.write(rule_file("amount_usd > 900", version=2))
    ran = office.publish()
    assert (ran.code, "case 'over' expects hit, got miss" in ran.err) == (1, True)
    assert not office.to.exists()
    assert not office.audit.exists()


def test_the_author_may_come_from_the_environment(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so may the key itself."""
    monkeypatch.setenv("FRAUDSTREAM_AUTHOR", "Cyd")
    monkeypatch.setenv("FRAUDSTREAM_SIGNING_KEY", office.ann.read_text())
    assert fraudstream("rules", "publish", "--rules", office.rules, "--to", office.to).code == 0
    assert office.bundle().manifest.author == "Cyd"


def test_slips_are_told_in_one_line(office: Office) -> None:
    """A key that is none, a name that is none, a comment without end, and a bundle that is none."""
    publish = ("rules", "publish", "--rules", office.rules, "--to", office.to, "--author")
    assert error_lines(*publish, "Ann") == [
        "--key: there is no key to sign with: name a file, or set FRAUDSTREAM_SIGNING_KEY to what it holds"
    ]
    line = error_line(*publish, "A\nB", "--key", office.ann)
    assert line == r"--author: 'A\nB' is no name: write 1 to 200 characters on one line"
    line = error_line(*publish, "Ann", "--key", office.ann, "--comment", "x" * 2_001)
    assert line.startswith("--comment: has more than 2,000 characters")
    line = error_line("rules", "approve", office.to, "--key", office.bob, "--approver", "Bob")
    assert line.endswith("rules.bundle: nothing is published there: publish to it, or correct the path")
    line = error_line("rules", "keygen", office.ann)
    assert line.endswith("ann: is there already: choose another path")


def test_somebody_else_approves(office: Office) -> None:
    """The publisher's own key is refused."""
    office.publish()
    ran = fraudstream("rules", "approve", office.to, "--key", office.bob, "--approver", "Bob")
    assert ran.code == 0
    assert "rules.bundle.approval: bundle 1, ruleset" in ran.out
    line = error_line("rules", "approve", office.to, "--key", office.ann, "--approver", "Bob")
    assert "the approval is by the publisher's own key: have somebody else approve the bundle" in line


def test_a_rollback_is_a_new_bundle_of_an_old_ruleset(office: Office) -> None:
    """No worker takes it for an older one."""
    office.publish()
    first = office.bundle()
    office.write(rule_file("amount_usd > 200", version=2))
    office.publish()
    back = ("rules", "rollback", "--to", office.to, "--key", office.ann, "--author", "Ann")
    ran = fraudstream(*back, "--comment", "Too few alerts")
    assert ran.code == 0
    assert f"bundle 3, ruleset {first.manifest.ruleset}, bundle 1 again" in ran.out
    assert office.bundle().files == first.files
    assert (
        "there is no bundle 9: choose of those that are kept: 1, 2, 3"
        in fraudstream(*back, "--sequence", 9).err
    )
    assert fraudstream(*back, "--sequence", 2).code == 0
    assert office.bundle().manifest.repeats == 2


def test_a_bundle_can_be_read_before_it_is_approved(office: Office, tmp_path: Path) -> None:
    """As a rule directory, which every other command takes."""
    office.publish()
    ran = fraudstream("rules", "unpack", office.to, "--to", tmp_path / "out")
    assert ran.out.startswith(f"{tmp_path / 'out'}: 4 files of bundle 1, ruleset")
    assert fraudstream("rules", "test", tmp_path / "out").code == 0
    line = error_line("rules", "unpack", office.to, "--to", tmp_path / "out")
    assert line.endswith("out: cannot be written (File exists): choose a new directory")


def test_an_earlier_bundle_can_be_read(office: Office, tmp_path: Path) -> None:
    """Of the history, by its sequence."""
    office.publish()
    office.write(rule_file("amount_usd > 200", version=2))
    office.publish()
    ran = fraudstream("rules", "unpack", office.to, "--sequence", 1, "--to", tmp_path / "out")
    assert ": 4 files of bundle 1, ruleset" in ran.out
    assert (tmp_path / "out" / "x" / "0.yml").read_bytes() == rule_file()
    line = error_line("rules", "unpack", office.to, "--sequence", 3, "--to", tmp_path / "3")
    assert line.endswith("there is no bundle 3: choose of those that are kept: 1, 2")


def test_a_topology_may_name_the_bundle(office: Office, tmp_path: Path) -> None:
    """It is published to where its workers look; one of a directory takes no bundles."""
    topology = tmp_path / "t.yml"
    head = "schema: fraudstream.topology/v1\nname: n\nkafka: {bootstrap: 'h:1'}\ninput: {topic: a}\n"
    head += "output: {alerts: b, dead_letters: c, journal: d}\n"
    topology.write_text(f"{head}rules: {{bundle: rules.bundle, trust: [ann.pub], approval: none}}\n")
    assert office.publish("--to", topology).out.startswith(f"{office.to}: bundle 1, ruleset ")
    assert office.audit.exists()
    topology.write_text(f"{head}rules: rules\n")
    line = error_line("rules", "unpack", topology, "--to", tmp_path / "out")
    assert "t.yml: its rules are a directory, which takes no bundles: write `rules: {topic: ...}`" in line


def test_the_log_tells_who_did_what(office: Office) -> None:
    """Every publication, approval and rollback, in a chain."""
    office.publish("--comment", "Lower limit")
    fraudstream("rules", "approve", office.to, "--key", office.bob, "--approver", "Bob")
    shown = fraudstream("audit", "show", office.audit).out.splitlines()
    assert [line.split()[2:4] for line in shown] == [["Ann:", "publish"], ["Bob:", "approve"]]
    assert "comment=Lower limit" in shown[0]
    verified = fraudstream("audit", "verify", office.audit)
    assert (verified.code, ": 2 entries, none changed; the last has the hash " in verified.out) == (0, True)
    head = verified.out.split()[-1]
    assert fraudstream("audit", "verify", office.audit, "--holds", head).code == 0
    assert fraudstream("audit", "show", office.audit, "--json").out == office.audit.read_text()


def test_a_changed_log_is_told(office: Office) -> None:
    """The first broken entry is named; a cut one, and one that lost its end, are told apart from it."""
    for _ in range(3):
        office.publish()
    whole = office.audit.read_bytes()
    head = fraudstream("audit", "verify", office.audit).out.split()[-1]
    office.audit.write_bytes(whole.replace(b'"sequence":2', b'"sequence":4'))
    for command in ("verify", "show"):
        line = error_line("audit", command, office.audit)
        assert "entry 2 is no entry as it was written, so the log was changed there: keep the file" in line
    line = error_line("rules", "publish", "--rules", office.rules, "--to", office.to, "--key", office.ann,
                          "--author", "Ann")  # fmt: skip
    assert "entry 2 is no entry" in line
    office.audit.write_bytes(whole[:-20])
    line = error_line("audit", "verify", office.audit)
    assert line.endswith("a writer died in the last line, behind entry 2: the next closes it")
    office.audit.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    line = error_line("audit", "verify", office.audit, "--holds", head)
    assert "entries were taken off its end, or all made anew" in line

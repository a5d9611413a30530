"""Rule directories on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.stores.rule_directory import load_ruleset, read_files
from tests.unit.rule_files import rule_file, rule_files, write_files


def test_a_directory_is_a_ruleset(tmp_path: Path) -> None:
    """Rules in any folder below it, shared files at its top; other files do not matter."""
    others = {"README.md": b"x", "aml/deep/r.yaml": rule_file(rule_id="TST-ANY-002"), "x/notes.txt": b"\xff"}
    write_files(tmp_path, {**rule_files(rule_file()), **others})
    assert [rule.id for rule in load_ruleset(tmp_path).rules] == ["TST-ANY-001", "TST-ANY-002"]


def test_names_are_relative(tmp_path: Path) -> None:
    """Where the directory lies changes neither messages nor version."""
    write_files(tmp_path / "here", rule_files(rule_file()))
    write_files(tmp_path / "there", rule_files(rule_file()))
    assert set(read_files(tmp_path / "here")) == {
        "typologies.yml",
        "reason_codes.yml",
        "rates.yml",
        "x/0.yml",
    }
    assert load_ruleset(tmp_path / "here").version == load_ruleset(tmp_path / "there").version


def test_a_link_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    """What decides lies inside; a link within the directory is fine."""
    outside = tmp_path / "outside.yml"
    outside.write_bytes(rule_file(rule_id="TST-ANY-002"))
    rules = write_files(tmp_path / "rules", rule_files(rule_file()))
    (rules / "x" / "shared.yml").symlink_to(rules / "rates.yml")
    assert "x/shared.yml" in read_files(rules)
    (rules / "x" / "1.yml").symlink_to(outside)
    with pytest.raises(
        RulesetError, match=r"^x/1\.yml:1:1: the link leads out of the rule directory: copy the file$"
    ):
        load_ruleset(rules)


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    """The message names the path that was given."""
    with pytest.raises(
        RulesetError, match="nowhere:1:1: there is no such directory: give the rule directory"
    ):
        load_ruleset(tmp_path / "nowhere")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A directory with the name of a rule file is no rule file."""
    rules = write_files(tmp_path, rule_files(rule_file()))
    (rules / "x" / "folder.yml").mkdir()
    with pytest.raises(RulesetError, match=r"^x/folder\.yml:1:1: cannot be read: Is a directory$"):
        load_ruleset(rules)

"""Rule directories on disk."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    """A directory or a pipe with the name of a rule file is no rule file, and no reason to wait."""
    rules = write_files(tmp_path, rule_files(rule_file()))
    path = rules / "x" / "y.yml"
    if kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    assert refusal(rules) == "x/y.yml:1:1: is no file: rename it, or take it out of the rule directory"


def test_a_link_to_a_directory_is_refused(tmp_path: Path) -> None:
    """Rules that would silently not be read are told."""
    rules = write_files(tmp_path, rule_files(rule_file()))
    (rules / "y").symlink_to(rules / "x")
    assert refusal(rules) == "y:1:1: links to directories are not followed: copy the directory"


def test_a_link_to_nothing_or_in_a_circle_is_told(tmp_path: Path) -> None:
    """The link is named, not what it should have led to."""
    rules = write_files(tmp_path, rule_files(rule_file()))
    link = rules / "x" / "1.yml"
    link.symlink_to(rules / "x" / "2.yml")
    remedy = "correct the link or its permissions"
    assert refusal(rules) == f"x/1.yml:1:1: cannot be read (No such file or directory): {remedy}"
    (rules / "x" / "2.yml").symlink_to(link)
    assert refusal(rules) == "x/1.yml:1:1: the link leads in a circle: copy the file"


def test_names_that_begin_with_a_dot_are_left_out(tmp_path: Path) -> None:
    """A volume that is swapped by a link `..data` shows each file once."""
    rules = write_files(tmp_path, {f"..2026/{name}": text for name, text in rule_files(rule_file()).items()})
    (rules / "..data").symlink_to(rules / "..2026")
    for name in ("typologies.yml", "reason_codes.yml", "rates.yml"):
        (rules / name).symlink_to(rules / "..data" / name)
    (rules / ".hidden.yml").write_bytes(b"[")
    assert set(read_files(rules)) == {"typologies.yml", "reason_codes.yml", "rates.yml"}


def test_a_directory_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that cannot be seen are not rules that are not there."""
    rules = write_files(tmp_path, rule_files(rule_file()))
    scan = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("/x"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    assert refusal(rules) == f"{rules}/x:1:1: cannot be read: Permission denied: correct its permissions"


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    """Its size is enough to refuse it."""
    rules = write_files(tmp_path, rule_files(b"#" * 262_145))
    assert refusal(rules) == "x/0.yml:1:1: the file has 262145 bytes, at most 262144 are read: split it"


def test_lists_may_be_tables(tmp_path: Path) -> None:
    """A CSV file is a list where lists are, and nothing elsewhere."""
    rules = write_files(tmp_path, {**rule_files(rule_file()), "lists/a.csv": b"x", "x/a.csv": b"x"})
    assert {"lists/a.csv", "x/a.csv"} & set(read_files(rules)) == {"lists/a.csv"}


def refusal(rules: Path) -> str:
    """Return the one problem of a directory that cannot be read."""
    with pytest.raises(RulesetError) as caught:
        load_ruleset(rules)
    return str(caught.value)

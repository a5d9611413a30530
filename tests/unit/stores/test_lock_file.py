"""The lock on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lock import LOCK_FILE, new_lock
from fraudstream.stores.lock_file import read_lock, write_lock
from tests.unit.rule_files import rule_file, ruleset_of


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Sorted, one value a line, so that a change is small in a diff."""
    lock = new_lock(ruleset_of(rule_file(rule_id="TST-B-001"), rule_file(rule_id="TST-A-001")), {})
    write_lock(tmp_path, lock)
    assert read_lock(tmp_path) == lock
    text = (tmp_path / LOCK_FILE).read_text()
    assert text.index("TST-A-001") < text.index("TST-B-001")
    assert text.endswith("}\n")


def test_without_a_file_the_lock_is_empty(tmp_path: Path) -> None:
    """A new directory is locked for the first time."""
    assert read_lock(tmp_path) == {}


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"', b"\xff"])
def test_a_damaged_lock_is_told(tmp_path: Path, content: bytes) -> None:
    """One line names the file."""
    (tmp_path / LOCK_FILE).write_bytes(content)
    with pytest.raises(RulesetError, match=r"rules\.lock\.json:1:1: "):
        read_lock(tmp_path)

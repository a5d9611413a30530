"""A change of the rule directory is noticed once, and only when it has come to rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.stores.rule_directory import read_files
from fraudstream.stores.rule_watch import RuleWatch


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory with one file."""
    write(tmp_path / "a.yml", "one", 1)
    return tmp_path


def write(path: Path, text: str, at: int) -> None:
    """Write a file, dated so that the clock of the file system does not matter."""
    path.write_text(text)
    os.utime(path, ns=(at, at))


def watch(directory: Path) -> RuleWatch:
    """Return a watch that knows the directory as it is."""
    return RuleWatch(directory, read_files(directory))


def test_what_stays_the_same_is_no_change(directory: Path) -> None:
    """However often one looks."""
    looking = watch(directory)
    assert [looking.changed() for _ in range(3)] == [None, None, None]


def test_a_change_is_told_once_it_rests(directory: Path) -> None:
    """At the second look that finds it, and not again."""
    looking = watch(directory)
    looking.changed()
    write(directory / "a.yml", "two", 2)
    assert looking.changed() is None
    assert looking.changed() == {"a.yml": b"two"}
    assert looking.changed() is None


def test_while_files_go_on_changing_nothing_is_told(directory: Path) -> None:
    """Half a deployment is not loaded."""
    looking = watch(directory)
    for at in range(2, 6):
        write(directory / "a.yml", f"text {at}", at)
        assert looking.changed() is None
    assert looking.changed() == {"a.yml": b"text 5"}


def test_a_change_before_the_first_look_is_seen(directory: Path) -> None:
    """What came between the start's reading and the first look is not missed."""
    looking = watch(directory)
    write(directory / "b.yml", "new", 2)
    assert [looking.changed(), looking.changed()] == [None, {"a.yml": b"one", "b.yml": b"new"}]


def test_a_touched_file_is_no_change(directory: Path) -> None:
    """The content counts, not the time."""
    looking = watch(directory)
    write(directory / "a.yml", "one", 9)
    assert [looking.changed() for _ in range(3)] == [None, None, None]


def test_trouble_is_told_once(directory: Path) -> None:
    """A link that leads out is refused at one look, and not told again at each."""
    looking = watch(directory)
    (directory / "out.yml").symlink_to("/etc/hostname")
    assert looking.changed() is None
    with pytest.raises(RulesetError, match=r"out\.yml:1:1: the link leads out"):
        looking.changed()
    assert looking.changed() is None

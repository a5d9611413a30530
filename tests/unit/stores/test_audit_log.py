"""The audit log is only added to, and tells where anything in it was changed."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path

import pytest

from fraudstream.stores import audit_log as module
from fraudstream.stores.audit_chain import FIRST
from fraudstream.stores.audit_log import TEXT_CHARS_MAX, AuditError, AuditLog

TIME = "2026-03-02T08:00:00Z"


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """Return a log with three entries."""
    made = AuditLog(tmp_path / "audit.jsonl", lambda: TIME)
    for number in range(3):
        made.append("Ann", "publish", {"sequence": number, "comment": "Grüße, \n\r\t"})
    return made


def broken(log: AuditLog) -> str:
    """Return what is wrong with a log, which nobody adds to then."""
    with pytest.raises(AuditError) as caught:
        log.verify()
    before = log.path.read_bytes()
    with pytest.raises(AuditError):
        log.append("Ann", "publish", {})
    assert log.path.read_bytes() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change(log: AuditLog, old: bytes, new: bytes) -> None:
    """Change the bytes of a log once."""
    log.path.write_bytes(log.path.read_bytes().replace(old, new, 1))


def test_entries_are_chained(log: AuditLog) -> None:
    """Each has the hash of the one before it, and strangers do not read the file."""
    found = log.verify()
    assert [each.number for each in found.entries] == [1, 2, 3]
    assert [each.previous for each in found.entries] == [FIRST, *(each.hash for each in found.entries[:2])]
    assert (found.head, found.is_torn) == (found.entries[2].hash, False)
    assert found.entries[1].details == {"sequence": 1, "comment": "Grüße, \n\r\t"}
    assert log.path.stat().st_mode & 0o007 == 0


def test_a_log_that_is_not_there_yet_has_no_entries(tmp_path: Path) -> None:
    """The first entry makes the file; verifying one that is not there is told."""
    log = AuditLog(tmp_path / "audit.jsonl")
    assert log.entries() == []
    with pytest.raises(AuditError, match=r"cannot be read or written \(No such file or directory\): give"):
        log.verify()


@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        (b'"sequence":0', b'"sequence":7', 1),
        (b'"sequence":1', b'"sequence": 1', 2),
        (b"publish", b"approve", 1),
        (b'"number":3', b'"number":4', 3),
        (b'"actor":"Ann"', b'"actor":"Ann","actor":"Ann"', 1),
    ],
)
def test_a_changed_entry_is_named(log: AuditLog, old: bytes, new: bytes, entry: int) -> None:
    """Also one that says the same in another spelling."""
    change(log, old, new)
    assert f"entry {entry} is no entry as it was written, so the log was changed there: keep" in broken(log)


@pytest.mark.parametrize("without", [0, 1])
def test_a_missing_entry_is_noticed(log: AuditLog, without: int) -> None:
    """The one behind it does not follow."""
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:without] + lines[without + 1 :]))
    assert f"entry {without + 1} does not follow the entry before it" in broken(log)


def test_every_cut_is_torn_and_closed_by_an_entry(log: AuditLog) -> None:
    """Wherever a writer dies, the log tells of it for good, and the chain goes on."""
    whole = log.path.read_bytes()
    begin = len(b"".join(whole.splitlines(keepends=True)[:2]))
    for cut in range(begin + 1, len(whole)):
        log.path.write_bytes(whole[:cut])
        assert log.verify().is_torn
        log.append("Bob", "approve", {})
        found = log.verify()
        assert [each.event for each in found.entries] == ["publish", "publish", "torn", "approve"]
        assert found.entries[2].details["lines"] == 1
        assert not found.is_torn
        assert log.path.read_bytes().startswith(whole[:cut] + b" #torn\n")


def test_a_writer_may_die_again_while_it_closes(log: AuditLog) -> None:
    """Also in the middle of the mark; what both have left is covered by one entry."""
    torn = log.path.read_bytes()[:-40]
    log.path.write_bytes(torn)
    log.append("Bob", "approve", {})
    whole = log.path.read_bytes()
    for cut in range(len(torn), len(torn) + 120):
        log.path.write_bytes(whole[:cut])
        log.append("Cyd", "publish", {})
        found = log.verify()
        assert [each.event for each in found.entries[2:]] == ["torn", "publish"]
        assert log.path.read_bytes().startswith(whole[:cut])


def test_zeros_behind_a_torn_line_are_torn_too(log: AuditLog) -> None:
    """A file system may keep the length and lose the bytes."""
    log.path.write_bytes(log.path.read_bytes()[:-40] + bytes(40))
    assert log.verify().is_torn
    log.append("Bob", "approve", {})
    assert [each.event for each in log.verify().entries[2:]] == ["torn", "approve"]


def test_a_torn_line_cannot_be_changed_or_taken_out_later(log: AuditLog) -> None:
    """The entry that closes it has its hash."""
    log.path.write_bytes(log.path.read_bytes()[:-40])
    log.append("Bob", "approve", {})
    whole = log.path.read_bytes()
    change(log, b'"sequence":2', b'"sequence":9')
    assert "entry 3 does not tell of the torn line before it" in broken(log)
    lines = whole.splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert "entry 3 tells of no torn line" in broken(log)


def test_a_line_without_an_end_that_is_no_begin_is_broken(log: AuditLog) -> None:
    """What nobody was about to write is no accident."""
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + b'{"number":9')
    assert "entry 4 has no end, and is not the begin of an entry that follows" in broken(log)
    log.path.write_bytes(whole[:-1] + b"x")
    assert "entry 3 is no entry as it was written" in broken(log)


def test_a_failed_write_is_told_and_closed_later(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk takes half an entry."""

    def half(file: int, content: bytes) -> None:
        os.write(file, content[:50])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_write", half)
        with pytest.raises(AuditError, match="No space left on device"):
            log.append("Bob", "approve", {})
    log.append("Bob", "approve", {})
    assert [each.event for each in log.verify().entries[3:]] == ["torn", "approve"]


def test_long_texts_are_cut(log: AuditLog) -> None:
    """A refusal with a thousand lines is no reason for a log of gigabytes."""
    log.append("Ann", "refuse", {"why": "x" * 100_000})
    assert log.verify().entries[3].details["why"] == "x" * TEXT_CHARS_MAX


def add_some(path: Path, name: str) -> None:
    """Add twenty entries."""
    for number in range(20):
        AuditLog(path).append(name, "load", {"number": number})


def test_processes_may_share_a_log(tmp_path: Path) -> None:
    """No entry is lost or torn."""
    path = tmp_path / "audit.jsonl"
    writers = [get_context("fork").Process(target=add_some, args=(path, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = AuditLog(path).verify()
    assert sorted(each.actor for each in found.entries) == ["a"] * 20 + ["b"] * 20

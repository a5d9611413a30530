"""An audit log: a file of chained entries that is only ever added to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fcntl import LOCK_EX, LOCK_SH, flock
from pathlib import Path
from typing import Any, NamedTuple

from fraudstream.errors import UserError
from fraudstream.stores.audit_chain import BrokenError, Chain, Entry
from fraudstream.stores.whole_file import sync_folder

TEXT_CHARS_MAX = 4_000
"""Longer texts are cut: a refusal may have a thousand lines."""


class AuditError(UserError):
    """An audit log that cannot be used: where, what, and the remedy, in one line."""

    def __init__(self, where: object, what: str, remedy: str) -> None:
        super().__init__(f"{where}: {what}: {remedy}")


class Verified(NamedTuple):
    """A log without a broken entry; `is_torn` where a writer has died and no entry tells of it yet."""

    entries: list[Entry]
    head: str
    is_torn: bool


def utc_now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class AuditLog:
    """Reads and adds to one file; several processes of a machine may share it."""

    def __init__(self, path: Path, now: Callable[[], str] = utc_now) -> None:
        self.path = path
        self._now = now

    def append(self, actor: str, event: str, details: Mapping[str, Any]) -> None:
        """Add an entry, which outlives a loss of power once this returns; AuditError where that fails.

        Nothing is added behind a broken entry, and what a writer that died has left is closed by an entry.
        """
        short = {
            key: each[:TEXT_CHARS_MAX] if isinstance(each, str) else each for key, each in details.items()
        }
        with self._open(os.O_RDWR | os.O_CREAT | os.O_APPEND, LOCK_EX) as file:
            content = _all_of(file)
            chain, _ = self._read(content)
            _write(file, chain.next(self._now(), actor, event, short))
            os.fsync(file)
            if not content:
                sync_folder(self.path.parent)

    def verify(self) -> Verified:
        """Read the log; AuditError names the first broken entry."""
        with self._open(os.O_RDONLY, LOCK_SH) as file:
            chain, entries = self._read(_all_of(file))
        return Verified(entries, chain.head, chain.is_torn)

    def entries(self) -> list[Entry]:
        """Return all entries, none where there is no log yet; AuditError where one is broken."""
        return self.verify().entries if self.path.exists() else []

    def _read(self, content: bytes) -> tuple[Chain, list[Entry]]:
        chain, entries = Chain(), []
        try:
            for entry in chain.read(content):
                entries.append(entry)
        except BrokenError as error:
            what = f"entry {chain.number + 1} {error}, so the log was changed there"
            raise AuditError(self.path, what, "keep the file as evidence, and begin another") from None
        return chain, entries

    @contextmanager
    def _open(self, flags: int, lock: int) -> Iterator[int]:
        try:
            # Publishers and approvers are several users: their group and umask say who of them may write.
            file = os.open(self.path, flags, 0o660)
            try:
                flock(file, lock)
                yield file
            finally:
                os.close(file)
        except OSError as error:
            what = f"cannot be read or written ({error.strerror})"
            raise AuditError(self.path, what, "give the audit log a place that this user can write") from None


def _all_of(file: int) -> bytes:
    parts = []
    while part := os.read(file, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]

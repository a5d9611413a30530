"""Where a shelf keeps bundles: what any place can do, and files as one."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Protocol

from fraudstream.stores.bundles.approvals import approval_path
from fraudstream.stores.bundles.errors import UNREADABLE, BundleError
from fraudstream.stores.bundles.offers import FileOffer
from fraudstream.stores.whole_file import write_whole

NAME = "rules.bundle"
"""How a bundle is called where only a directory is named."""
_HISTORY, _BUNDLE = ".history", ".bundle"


class Place(Protocol):
    """Holds the newest bundle, its approval, and the history; BundleError from whatever fails."""

    @property
    def where(self) -> object:
        """Where workers look, as people name it."""

    @property
    def history(self) -> object:
        """Where the history is, as people name it."""

    @property
    def beside(self) -> object:
        """Where the approval of the newest bundle is, as people name it."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep other publishers of the same place out; everything that writes happens within."""

    def newest(self) -> bytes | None:
        """Return the newest bundle, None where nothing was published yet."""

    def kept(self) -> Collection[int]:
        """Return the sequences of the history."""

    def read(self, sequence: int) -> bytes:
        """Return a bundle of the history."""

    def prepare(self, sequence: int, content: bytes) -> None:
        """Put a bundle where nobody loads it yet, but no loss of power takes it."""

    def show(self, sequence: int, content: bytes) -> None:
        """Put the bundle that was prepared where workers look."""

    def approve(self, sequence: int, content: bytes) -> None:
        """Put an approval beside the newest bundle, whose sequence that is."""

    def drop(self, sequences: Collection[int]) -> None:
        """Take bundles out of the history."""


class FilePlace:
    """A file, with a folder for the history beside it."""

    def __init__(self, target: Path) -> None:
        self.where = target / NAME if target.is_dir() else target
        self.history = self.where.with_name(self.where.name + _HISTORY)
        self.beside = approval_path(self.where)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other publishers of the same target out."""
        try:
            self.history.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.history, os.O_RDONLY)
            try:
                flock(folder, LOCK_EX)
                yield
            finally:
                os.close(folder)
        except OSError as error:
            where = error.filename or self.where
            what = f"cannot be read or written ({error.strerror})"
            raise BundleError(UNREADABLE, where, what, "mend that, and repeat") from None

    def newest(self) -> bytes | None:
        """Return the newest bundle, None where nothing was published yet."""
        return FileOffer(self.where).content() if self.where.exists() else None

    def kept(self) -> Collection[int]:
        """Return the sequences of the history."""
        return self._kept().keys()

    def read(self, sequence: int) -> bytes:
        """Return a bundle of the history."""
        return FileOffer(self._kept()[sequence]).content()

    def prepare(self, sequence: int, content: bytes) -> None:
        """Put a bundle into the history."""
        write_whole(self.history / f"{sequence:08}{_BUNDLE}", content)

    def show(self, sequence: int, content: bytes) -> None:
        """Put a bundle where workers look."""
        write_whole(self.where, content)

    def approve(self, sequence: int, content: bytes) -> None:
        """Put an approval beside the bundle."""
        write_whole(self.beside, content)

    def drop(self, sequences: Collection[int]) -> None:
        """Take bundles out of the history."""
        kept = self._kept()
        for sequence in sequences:
            kept[sequence].unlink(missing_ok=True)

    def _kept(self) -> dict[int, Path]:
        paths = self.history.glob(f"*{_BUNDLE}")
        return {int(path.stem): path for path in paths if path.stem.isdecimal()}

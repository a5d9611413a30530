"""What a worker is offered: a bundle and the approval beside it, of which nothing is checked yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fraudstream.stores.bundles.approvals import APPROVAL_BYTES_MAX, approval_path
from fraudstream.stores.bundles.bundle import BUNDLE_BYTES_MAX
from fraudstream.stores.bundles.errors import UNREADABLE, BundleError


class Offer(Protocol):
    """A bundle; `where` and `beside` tell people where it and its approval are."""

    @property
    def where(self) -> object:
        """Where the bundle is."""

    @property
    def beside(self) -> object:
        """Where its approval is, or would be."""

    def content(self) -> bytes:
        """Return the bytes of the bundle; BundleError where they cannot be read."""

    def approval(self) -> bytes | None:
        """Return the bytes of the approval, None where there is none; BundleError as above."""


@dataclass(frozen=True)
class FileOffer:
    """A bundle in a file."""

    where: Path

    @property
    def beside(self) -> Path:
        """Where its approval is, or would be."""
        return approval_path(self.where)

    def content(self) -> bytes:
        """Return the bytes of the bundle."""
        return _read(self.where, BUNDLE_BYTES_MAX)

    def approval(self) -> bytes | None:
        """Return the bytes of the approval, None where there is none."""
        return _read(self.beside, APPROVAL_BYTES_MAX) if self.beside.exists() else None


def _read(path: Path, bytes_max: int) -> bytes:
    try:
        if not path.is_file():
            raise BundleError(UNREADABLE, path, "there is no such file", "publish to it, or correct the path")
        with path.open("rb") as file:
            # A byte too many is told of as what it is.
            return file.read(bytes_max + 1)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise BundleError(UNREADABLE, path, what, "correct its permissions") from None

"""Notices that a bundle file changes, and takes only what the gate admits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fraudstream.stores.bundles.gate import Gate
from fraudstream.stores.bundles.offers import FileOffer

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Of the bundle and of its approval: file number, time of the last change and size; None without it."""


class BundleWatch:
    """Looks at a bundle again and again; a change counts once the files have come to rest."""

    def __init__(self, path: Path, gate: Gate) -> None:
        self._offer = FileOffer(path)
        self._gate = gate
        self._seen: Stamp | None = None
        self._taken: Stamp | None = None

    def first(self) -> Mapping[str, bytes]:
        """Return the files to begin with; BundleError where they are refused."""
        self._taken = self._stamp()
        return self._gate.admitted(self._gate.published(self._offer), self._offer).files

    def changed(self) -> Mapping[str, bytes] | None:
        """Return all files of a new bundle that may be taken, None where nothing is new.

        BundleError where it may not; the same trouble is told once.
        """
        stamp = self._stamp()
        resting, self._seen = stamp == self._seen, stamp
        if not resting or stamp == self._taken:
            return None
        self._taken = stamp
        bundle = self._gate.published(self._offer)
        return None if self._gate.is_in_force(bundle) else self._gate.admitted(bundle, self._offer).files

    def _stamp(self) -> Stamp:
        return tuple(map(_stamp_of, (self._offer.where, self._offer.beside)))


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size

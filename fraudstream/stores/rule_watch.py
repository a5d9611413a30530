"""Notices that the files of a rule directory say something new."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fraudstream.stores.rule_directory import read_files, rule_paths

Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of the last change and size of every file."""


class RuleWatch:
    """Looks at a rule directory again and again; a change counts once the directory has come to rest."""

    def __init__(self, directory: Path, files: Mapping[str, bytes]) -> None:
        """Start from what was read last; a change that came in between is seen at the first look."""
        self.directory = directory
        self._files = dict(files)
        self._seen: Stamp | None = None
        self._taken: Stamp | None = None

    def changed(self) -> dict[str, bytes] | None:
        """Return all files where they say something new and did not change since the last look, else None.

        RulesetError where they cannot be read; the same trouble is told once.
        """
        stamp = _stamp(self.directory)
        resting, self._seen = stamp == self._seen, stamp
        if not resting or stamp == self._taken:
            return None
        self._taken = stamp
        files = read_files(self.directory)
        if files == self._files:
            return None
        self._files = files
        return files


def _stamp(directory: Path) -> Stamp:
    stamps = []
    for path in sorted(rule_paths(directory)):
        try:
            status = path.stat()
        except OSError:
            # It went away between the listing and the look: the next look tells.
            continue
        stamps.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(stamps)

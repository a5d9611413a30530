"""A disk of its own for a folder, small enough to be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZE_BYTES = 512 * 2**20
_BALLAST_BYTES = 2**20


class SmallDisk:
    """A mounted folder."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while file.write(bytes(_BALLAST_BYTES)):
                pass

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """Give a disk in memory that is mounted on a folder; None where this user may not mount."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0 or not _succeeds(
        "mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", folder
    ):
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        # A child of a killed worker may still write there.
        _succeeds("umount", "--lazy", folder)


def _succeeds(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False

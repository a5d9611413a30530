"""Writes a file whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that outlives a loss of power; OSError where that fails, and then the old one is there."""
    # A name with a dot in front is no part of a rule directory.
    put_whole(path, content, part=f".{path.name}.part", mode=0o666)
    sync_folder(path.parent)


def put_whole(path: Path, content: bytes, *, part: str, mode: int) -> None:
    """Write a file under the name `part` beside its own first; OSError leaves what was there before.

    `mode` is that of the new file, less what the process masks. Its name outlives a loss of power only once
    its folder is synced.
    """
    beside = path.with_name(part)
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def sync_folder(path: Path) -> None:
    """Return when the names in a folder outlive a loss of power."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

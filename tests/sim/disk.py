"""A place for checkpoints that fsspec reaches as `sim://`, where writes are torn or lost, and files rot."""

from __future__ import annotations

import errno
from random import Random
from typing import Any

import fsspec
from fsspec.spec import AbstractFileSystem

from tests.sim.loop import pause
from tests.sim.processes import PROCESS

URL = "sim://checkpoints"
RULES_URL = "sim://rules"


class Disk:
    """Files by path, in the order in which they were made.

    `trouble` is the share of writes that go wrong: torn, and then the writer dies; lost, though the writer
    is told otherwise; refused, for want of room.
    """

    def __init__(self, rng: Random) -> None:
        self.files: dict[str, bytes] = {}
        self.rng = rng
        self.trouble = 0.0

    def write(self, path: str, content: bytes) -> None:
        """Write a file, or not quite."""
        self._mind_the_dead()
        # A ruleset that is lost is lost: only checkpoints have others behind them.
        fate = self.rng.random() / self.trouble if self.trouble and path.startswith("checkpoints") else 1.0
        if fate >= 1:
            self.files[path] = content
        elif fate < 1 / 3:
            self.files[path] = content[: int(len(content) * self.rng.random())]
            process = PROCESS.get()
            if process is not None:
                process.crash()
            raise OSError(errno.EIO, "the writer died")
        elif fate < 2 / 3:
            raise OSError(errno.ENOSPC, "no space left on device")

    def delete(self, path: str) -> None:
        """Delete a file; FileNotFoundError where there is none."""
        self._mind_the_dead()
        if self.files.pop(path, None) is None:
            raise FileNotFoundError(path)

    def _mind_the_dead(self) -> None:
        process = PROCESS.get()
        if process is not None and process.is_dead:
            raise OSError(errno.EIO, "the writer is dead")

    def rot(self) -> None:
        """Damage a file of a checkpoint, or lose it."""
        paths = [path for path in self.files if path.startswith("checkpoints")]
        if not paths:
            return
        path = self.rng.choice(paths)
        content = self.files.pop(path)
        if content and self.rng.random() < 0.7:
            at = self.rng.randrange(len(content))
            self.files[path] = content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]


_mounted: list[Disk] = []


def mount(disk: Disk) -> None:
    """Put a disk in the place of the last one."""
    _mounted[:] = [disk]


class SimFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The disk of this world; other processes run between any two operations."""

    protocol = "sim"
    cachable = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        (self._disk,) = _mounted

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List a folder."""
        pause()
        folder = self._strip_protocol(path).rstrip("/") + "/"
        sizes: dict[str, int] = {}
        for file, content in self._disk.files.items():
            if file.startswith(folder):
                child, *below = file.removeprefix(folder).split("/", 1)
                sizes[folder + child] = 0 if below else len(content)
        if not sizes:
            raise FileNotFoundError(path)
        return [{"name": name, "size": size} for name, size in sizes.items()]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Tell of a file."""
        pause()
        path = self._strip_protocol(path)
        if path not in self._disk.files:
            raise FileNotFoundError(path)
        return {"name": path, "size": len(self._disk.files[path]), "type": "file"}

    def cat_file(self, path: str, **_: Any) -> bytes:
        """Read a file."""
        pause()
        try:
            return self._disk.files[self._strip_protocol(path)]
        except KeyError:
            raise FileNotFoundError(path) from None

    def pipe_file(self, path: str, value: bytes, **_: Any) -> None:
        """Write a file."""
        pause()
        self._disk.write(self._strip_protocol(path), value)

    def rm_file(self, path: str) -> None:
        """Delete a file."""
        pause()
        self._disk.delete(self._strip_protocol(path))

    def mv(self, path1: str, path2: str, **_: Any) -> None:
        """Rename a file."""
        pause()
        files = self._disk.files
        files[self._strip_protocol(path2)] = files.pop(self._strip_protocol(path1))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Do nothing: folders are there with their files."""


fsspec.register_implementation("sim", SimFileSystem, clobber=True)

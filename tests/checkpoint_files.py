"""A filesystem in memory that fails on demand, for checkpoints, and what the tests save there."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, ClassVar

import fsspec
import numpy as np
from fsspec.implementations.memory import MemoryFileSystem

from fraudstream.stores.checkpoints import Identity, Meta

OWNER = Identity("fraud-workers", "single", 0)
KEY = bytes(range(32))
OTHER_KEY = bytes(32)


class Crash(BaseException):
    """The process is gone; nothing may handle this."""


class FailingFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Counts operations; at the one numbered `fails_at` it does what `how` says.

    `before`: the process dies before it; `torn`: after half of the bytes; `after`: when it is done; a dead
    process does nothing more. `lost`: a write does nothing, and nobody is told; `full`: the disk is full;
    `meanwhile`: somebody else does what `meanwhile` says before it.
    """

    protocol = "failing"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    cachable = False
    operations: ClassVar[int] = 0
    fails_at: ClassVar[int | None] = None
    how: ClassVar[str] = "before"
    meanwhile: ClassVar[Callable[[], object]]

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("failing://")))

    @classmethod
    def set_up(cls, fails_at: int | None = None, how: str = "before") -> None:
        """Count from zero again, and fail at another operation, None for never."""
        cls.operations, cls.fails_at, cls.how = 0, fails_at, how

    @classmethod
    def clear(cls) -> None:
        """Forget all files."""
        cls.store.clear()
        cls.pseudo_dirs[:] = [""]
        cls.set_up()

    def ls(self, path: str, detail: bool = True, **options: Any) -> Any:
        """List, unless it fails."""
        return self._do(lambda: MemoryFileSystem.ls(self, path, detail, **options), _nothing)

    def cat_file(self, path: str, *part: Any, **options: Any) -> Any:
        """Read, unless it fails."""
        return self._do(lambda: MemoryFileSystem.cat_file(self, path, *part, **options), _nothing)

    def _rm(self, path: str) -> None:
        """Delete, unless it fails."""
        self._do(lambda: MemoryFileSystem._rm(self, path), _nothing)

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        """Write, unless it fails."""

        def write(content: bytes) -> None:
            MemoryFileSystem.pipe_file(self, path, content, mode, **options)

        self._do(lambda: write(value), lambda: write(value[: len(value) // 2]))

    def _do(self, whole: Any, half: Any) -> Any:
        kind = type(self)
        number = kind.operations
        kind.operations += 1
        if kind.fails_at is None or number < kind.fails_at:
            return whole()
        if number > kind.fails_at:
            return _die() if kind.how in {"before", "torn", "after"} else whole()
        return self._fail(whole, half)

    def _fail(self, whole: Any, half: Any) -> Any:
        match type(self).how:
            case "after":
                whole()
            case "torn":
                half()
            case "lost":
                # What lists and reads is not lost.
                return whole() if half is _nothing else None
            case "meanwhile":
                type(self).meanwhile()
                return whole()
            case "full":
                raise OSError(errno.ENOSPC, "No space left on device")
        return _die()


def _nothing() -> None:
    return None


def _die() -> None:
    raise Crash


fsspec.register_implementation("failing", FailingFileSystem, clobber=True)


def state(*seeds: int) -> dict[str, Any]:
    """Return a snapshot of a big array per seed; equal seeds have equal bytes."""
    arrays = {f"a{n}": np.random.default_rng(seed).bytes(70_000) for n, seed in enumerate(seeds)}
    return {
        "format": 1,
        "parts": {name: np.frombuffer(data, np.uint8) for name, data in arrays.items()},
        "small": [b"x", None, True, 1.5, "text", {"n": np.arange(3)}],
    }


def meta(offset: int = 0, epoch: int = 1) -> Meta:
    """Return what goes with a snapshot at an offset of partition 0."""
    return Meta({0: offset}, epoch, {"ruleset": "r1"}, {"rules.yml": b"rules"})


def same(left: Any, right: Any) -> bool:
    """Tell whether two snapshots are the same, types and bits included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, np.ndarray):
        return (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
    return bool(repr(left) == repr(right))

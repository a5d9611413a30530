"""Files of one folder in whatever fsspec reaches; what is written there is whole or not there."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from fraudstream.stores.checkpoints.errors import CheckpointError, DamagedError
from fraudstream.stores.whole_file import put_whole, sync_folder

PART = ".part"
"""Ends the names of files that are not complete."""
_REMEDIES = {
    errno.ENOSPC: "free space there, or give checkpoints a larger place",
    errno.EDQUOT: "free space there, or give checkpoints a larger place",
    errno.EFBIG: "raise the limit for file sizes (ulimit -f)",
    errno.EACCES: "let this user read, write and delete there",
    errno.EPERM: "let this user read, write and delete there",
    errno.EROFS: "mount it writable, or give checkpoints another place",
}
_REMEDY = "look whether the place is there and can be reached with this user's rights"


class Files:
    """The files below a folder, named by paths relative to it.

    Makes its filesystem anew in every process: those of fsspec with an event loop do not outlive a fork.
    """

    def __init__(self, url: str, folder: str) -> None:
        self.url = f"{url.rstrip('/')}/{folder}"
        try:
            self._fs, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise CheckpointError(str(error), url, "install its fsspec package or correct the URL") from None
        self._base = root
        self._root = f"{root.rstrip('/')}/{folder}"
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the files and folders of a folder by name, with their sizes in bytes; {} without it."""
        path = f"{self._root}/{folder}"
        with self._told(folder):
            self._fs.invalidate_cache()
            try:
                infos = self._fs.ls(path, detail=True)
            except FileNotFoundError:
                return {}
            # Some list the folder itself.
            names = {info["name"].rstrip("/").rpartition("/")[2]: info["size"] or 0 for info in infos}
            names.pop(path.rpartition("/")[2], None)
            return names

    def read(self, names: Sequence[str]) -> list[bytes]:
        """Return the contents of files; DamagedError where one is gone or its medium cannot be read."""
        with self._told(names[0]):
            try:
                return self._contents([f"{self._root}/{name}" for name in names])
            except FileNotFoundError as error:
                raise DamagedError(f"a file is missing: {error}") from None
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                raise DamagedError(f"a file cannot be read: {error}") from None

    def _contents(self, paths: list[str]) -> list[bytes]:
        if not self._fs.async_impl:
            return [self._fs.cat_file(path) for path in paths]
        # All at once; what comes back has a key for each path.
        found = self._fs.cat(paths)
        return [found[self._fs._strip_protocol(path)] for path in paths]

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write files, each of them whole or not at all."""
        with self._told(next(iter(contents))):
            if self._is_local:
                for name, content in contents.items():
                    _write_whole(Path(f"{self._root}/{name}"), content)
            else:
                self._fs.pipe({f"{self._root}/{name}": content for name, content in contents.items()})

    def settle(self, folder: str) -> None:
        """Return when the names of a folder outlive a loss of power."""
        if self._is_local:
            with self._told(folder):
                path = Path(f"{self._root}/{folder}")
                base = Path(self._base)
                for each in (path, *(parent for parent in path.parents if parent.is_relative_to(base))):
                    sync_folder(each)

    def delete(self, names: Sequence[str]) -> None:
        """Delete files; those that are gone already are fine."""
        for name in names:
            with self._told(name), suppress(FileNotFoundError):
                self._fs.rm_file(f"{self._root}/{name}")

    def delete_folder(self, folder: str) -> None:
        """Delete an empty folder, where the filesystem has folders."""
        with suppress(OSError):
            self._fs.rmdir(f"{self._root}/{folder}")

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Turn whatever a filesystem raises into one clear error."""
        try:
            yield
        except (CheckpointError, DamagedError):
            raise
        except OSError as error:
            remedy = _REMEDIES.get(error.errno or 0, _REMEDY)
            raise CheckpointError(error.strerror or str(error), f"{self.url}/{name}", remedy) from error
        except Exception as error:  # object stores have errors of their own
            what = f"{type(error).__name__}: {error}"
            raise CheckpointError(what, f"{self.url}/{name}", _REMEDY) from error


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name first; only its owner may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    put_whole(path, content, part=path.name + PART, mode=0o600)

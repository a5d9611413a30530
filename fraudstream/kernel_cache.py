"""Where numba keeps compiled kernels: a folder of its own for every state of their sources.

Numba notices a change in the file of a kernel, but not in those of the kernels that are inlined into it, nor
in the constants that it took from elsewhere. A stale kernel would read memory by yesterday's layout. So the
folder's name is a hash of all sources that kernels are made from.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_VARIABLE = "NUMBA_CACHE_DIR"
_PACKAGE = Path(__file__).parent
_COMPILER = b"from fraudstream.events.jit import"
_IMPORT = re.compile(rb"^from (fraudstream(?:\.\w+)+) import", re.MULTILINE)


def set_up_numba() -> None:
    """Tell numba, before it is imported, how to compile kernels and where to keep them, unless the user has.

    Its third level of optimisation takes a sixth more time and gains nothing that a benchmark can see.
    """
    os.environ.setdefault("NUMBA_OPT", "2")
    if _VARIABLE not in os.environ:
        name = f"kernels-{_hash()}"
        os.environ[_VARIABLE] = str(next(_writable(name)))


def is_filled() -> bool:
    """Tell whether a process before this one has left compiled kernels, though it may still lack some."""
    return any(Path(os.environ[_VARIABLE]).rglob("*.nbc"))


def _hash() -> str:
    """Hash the sources of all kernels and of the modules that those import."""
    sources = {path: path.read_bytes() for path in sorted(_PACKAGE.rglob("*.py"))}
    used = {path for path, text in sources.items() if _COMPILER in text}
    for path in tuple(used):
        used |= {_path(module) for module in _IMPORT.findall(sources[path])} & sources.keys()
    digest = hashlib.sha256()
    for path in sorted(used):
        digest.update(sources[path])
    return digest.hexdigest()[:16]


def _path(module: bytes) -> Path:
    return _PACKAGE.parent.joinpath(*module.decode().split(".")).with_suffix(".py")


def _writable(name: str) -> Iterator[Path]:
    """Yield folders to write to: beside the package, in the user's cache, among temporary files."""
    homes = (_PACKAGE / "__pycache__", Path.home() / ".cache" / "fraudstream")
    for home in homes:
        folder = home / name
        try:
            if not folder.exists():
                folder.mkdir(parents=True)
                _remove_others(folder)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            yield folder
    yield Path(tempfile.gettempdir()) / f"fraudstream-{name}"


def _remove_others(folder: Path) -> None:
    """Remove what was compiled from sources that are gone; whoever still runs them has them in memory."""
    for other in folder.parent.glob("kernels-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)

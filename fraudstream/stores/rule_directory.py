"""Reads a rule directory from disk into a ruleset."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from stat import S_ISREG

from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.lists import LIST_BYTES_MAX
from fraudstream.rules.ruleset import LISTS_DIRECTORY, Ruleset, build_ruleset
from fraudstream.rules.states import STATE_SUFFIX, is_state
from fraudstream.rules.yaml_file import FILE_BYTES_MAX
from fraudstream.scorers.state_file import STATE_BYTES_MAX

FILES_MAX = 20_000
BYTES_MAX = 128 * 1_048_576
"""Bound on all files together."""
_SUFFIXES = (".yml", ".yaml")
_BYTES_MAX_OF = {".csv": LIST_BYTES_MAX, STATE_SUFFIX: STATE_BYTES_MAX}


def load_ruleset(directory: Path) -> Ruleset:
    """Read and build the ruleset of a directory; RulesetError lists all problems."""
    return build_ruleset(read_files(directory))


def read_files(directory: Path) -> dict[str, bytes]:
    """Return the content of all rule files by relative name; RulesetError where one cannot be read.

    Names that begin with a dot are left out. Links are followed to files inside the directory, and refused
    otherwise: what decides lies here and nowhere else.
    """
    if not directory.is_dir():
        raise _refusal(str(directory), "there is no such directory: give the rule directory")
    paths = {path.relative_to(directory).as_posix(): path for path in rule_paths(directory)}
    if len(paths) > FILES_MAX:
        raise _refusal(str(directory), f"more than {FILES_MAX} files: split the directory")
    root = directory.resolve()
    files: dict[str, bytes] = {}
    bytes_left = BYTES_MAX
    for name in sorted(paths):
        files[name] = _content(name, paths[name], root)
        bytes_left -= len(files[name])
        if bytes_left < 0:
            raise _refusal(
                name, f"all files up to here have more than {BYTES_MAX} bytes: split the directory"
            )
    return files


def rule_paths(directory: Path) -> Iterator[Path]:
    """Yield what has the name of a rule file, list or state; RulesetError where a folder cannot be read."""

    def unreadable(error: OSError) -> None:
        raise _refusal(str(error.filename), f"cannot be read: {error.strerror}: correct its permissions")

    for folder, folders, names in os.walk(directory, onerror=unreadable):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (here / name).is_symlink():
                where = (here / name).relative_to(directory).as_posix()
                raise _refusal(where, "links to directories are not followed: copy the directory")
        yield from (
            here / name
            for name in (*names, *folders)
            if is_rule_name((here / name).relative_to(directory).as_posix())
        )


def is_rule_name(name: str) -> bool:
    """Tell whether a relative name is that of a rule file, list or state."""
    path = PurePosixPath(name)
    if any(part.startswith(".") for part in path.parts):
        return False
    in_lists = path.parts[0] == LISTS_DIRECTORY
    return path.suffix in _SUFFIXES or (in_lists and path.suffix == ".csv") or is_state(name)


def bytes_max_of(name: str) -> int:
    """Return how large a file of that name may be."""
    return _BYTES_MAX_OF.get(PurePosixPath(name).suffix, FILE_BYTES_MAX)


def _content(name: str, path: Path, root: Path) -> bytes:
    bytes_max = bytes_max_of(name)
    try:
        if not path.resolve(strict=True).is_relative_to(root):
            raise _refusal(name, "the link leads out of the rule directory: copy the file")
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise _refusal(name, "is no file: rename it, or take it out of the rule directory")
        if status.st_size > bytes_max:
            remedy = "take a smaller estimator" if path.suffix == STATE_SUFFIX else "split it"
            message = f"the file has {status.st_size} bytes, at most {bytes_max} are read: {remedy}"
            raise _refusal(name, message)
        return path.read_bytes()
    except RuntimeError:
        raise _refusal(name, "the link leads in a circle: copy the file") from None
    except OSError as error:
        raise _refusal(
            name, f"cannot be read ({error.strerror}): correct the link or its permissions"
        ) from None


def _refusal(name: str, message: str) -> RulesetError:
    return RulesetError([Problem(name, 1, 1, message)])

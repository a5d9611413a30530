"""Reads a rule directory from disk into a ruleset."""

from __future__ import annotations

from pathlib import Path

from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.ruleset import Ruleset, build_ruleset

FILES_MAX = 20_000
_SUFFIXES = (".yml", ".yaml")


def read_files(directory: Path) -> dict[str, bytes]:
    """Return the content of all rule files by relative name; RulesetError where one cannot be read."""
    if not directory.is_dir():
        raise RulesetError(
            [Problem(str(directory), 1, 1, "there is no such directory: give the rule directory")]
        )
    root = directory.resolve()
    files: dict[str, bytes] = {}
    for path in rule_paths(directory):
        name = path.relative_to(directory).as_posix()
        if not _stays_inside(path, root):
            raise RulesetError(
                [Problem(name, 1, 1, "the link leads out of the rule directory: copy the file")]
            )
        try:
            files[name] = path.read_bytes()
        except OSError as error:
            raise RulesetError([Problem(name, 1, 1, f"cannot be read: {error.strerror}")]) from None
        if len(files) > FILES_MAX:
            raise RulesetError(
                [Problem(str(directory), 1, 1, f"more than {FILES_MAX} files: split the directory")]
            )
    return files


def rule_paths(directory: Path) -> list[Path]:
    """Return the paths below a directory that are named like rule files, in order."""
    return sorted(path for path in directory.rglob("*") if path.suffix in _SUFFIXES)


def _stays_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        # A link in a circle leads nowhere.
        return False


def load_ruleset(directory: Path) -> Ruleset:
    """Read and build the ruleset of a directory; RulesetError lists all problems."""
    return build_ruleset(read_files(directory))

"""Reads and writes the lock file of a rule directory."""

from __future__ import annotations

from pathlib import Path

import orjson

from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.lock import LOCK_FILE, Lock


def read_lock(directory: Path) -> Lock:
    """Return the lock of a rule directory, empty where there is none yet."""
    path = directory / LOCK_FILE
    if not path.exists():
        return {}
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise RulesetError([Problem(str(path), 1, 1, f"cannot be read: {error}")]) from None
    if not isinstance(content, dict) or not all(map(_is_entry, content.values())):
        message = "is no lock of rule ids, versions and hashes: restore it from git"
        raise RulesetError([Problem(str(path), 1, 1, message)])
    return content


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("version"), int)
        and isinstance(entry.get("hash"), str)
    )


def write_lock(directory: Path, lock: Lock) -> None:
    """Write the lock, sorted, so that a change is one line in a diff."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    (directory / LOCK_FILE).write_bytes(orjson.dumps(lock, option=options))

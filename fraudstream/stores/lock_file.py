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
    if not isinstance(content, dict):
        raise RulesetError([Problem(str(path), 1, 1, "must be a mapping of rule ids: restore it from git")])
    return content


def write_lock(directory: Path, lock: Lock) -> None:
    """Write the lock, sorted, so that a change is one line in a diff."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    (directory / LOCK_FILE).write_bytes(orjson.dumps(lock, option=options))

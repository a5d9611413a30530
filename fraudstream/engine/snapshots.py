"""Whether a snapshot is one that an engine, or a stage, can go on from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SnapshotError(ValueError):
    """A snapshot that this engine cannot go on from: why, and the remedy."""


def check_snapshot(snapshot: Mapping[str, Any], number: int, ruleset: str) -> None:
    """Raise SnapshotError unless a snapshot has this format and is of this ruleset."""
    if snapshot.get("format") != number:
        raise SnapshotError(
            f"the snapshot has format {snapshot.get('format')!r}, this engine reads {number}: "
            "take one of this version"
        )
    if snapshot["ruleset"] != ruleset:
        raise SnapshotError(
            f"the snapshot is of ruleset {snapshot['ruleset']}, this engine runs {ruleset}: "
            "restore it with its own ruleset, then reload"
        )

"""Dead letters that a test writes down in few words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fraudstream.stream.letters import Letter, Position

LETTER = Letter(
    position=Position(0, 0),
    appended_ms=1_772_438_400_123,
    reason="not_json",
    stage="decode",
    exception=None,
    detail="no JSON",
    source_topic="events",
    source_partition=3,
    source_offset=17,
    key=b"key",
    value=b"bad",
    left_behind=None,
    left_behind_bytes=None,
)


def letter(partition: int, offset: int, **fields: Any) -> Letter:
    """Return a letter at a position; fields are put in."""
    return replace(LETTER, position=Position(partition, offset), **fields)

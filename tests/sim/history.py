"""What a run leaves behind for the auditor, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

Place = tuple[int, int]
"""An input partition and an offset in it."""


class Told(NamedTuple):
    """An alert or a dead letter: what it says, where its source is, and who sent it."""

    source: Place
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]
    by: str


class Commit(NamedTuple):
    """A change of the committed offset, and the sources of everything that was told by then."""

    partition: int
    offset: int
    emitted: frozenset[Place]


@dataclass
class History:
    """A run: input by place, in order and without what was aborted; what was told of it; the commits.

    Attributes
    ----------
    may_repeat
        Whether alerts and dead letters may come again.
    may_differ
        Whether alerts that come again may differ, since the rules changed at that moment.
    has_gap
        Whether a worker said that messages which it needed have left the topic.
    may_have_gap
        Whether any have.
    is_finished
        Whether everything was committed in the end.
    """

    topic: str
    inputs: dict[Place, bytes]
    alerts: list[Told]
    letters: list[Told]
    commits: list[Commit]
    committed: dict[int, int]
    may_repeat: bool
    may_differ: bool
    has_gap: bool
    may_have_gap: bool
    is_finished: bool
    trace: int = 0
    steps: int = 0
    steps_by_process: dict[str, int] = field(default_factory=dict)

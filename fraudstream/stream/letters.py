"""The dead-letter topic, read: its letters, and its notes of which of them were sent back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from fraudstream.stream.emission import CARDS_MASKED
from fraudstream.stream.topic_log import TopicLog

if TYPE_CHECKING:
    from fraudstream.config import Topology

REDRIVEN_OFFSET = "redriven_offset"
"""The one header of a note: the letter at this offset of the note's own partition was sent back."""


class Position(NamedTuple):
    """Where a letter stands in the dead-letter topic; written `partition:offset`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `partition:offset`; ValueError where it is none."""
        partition, colon, offset = text.partition(":")
        if not (colon and partition.isdecimal() and offset.isdecimal()):
            raise ValueError(
                f"{text!r} is no position: write partition:offset as `dlq list` does, such as 0:17"
            )
        return cls(int(partition), int(offset))


@dataclass(frozen=True)
class Letter:
    """A dead letter.

    Attributes
    ----------
    appended_ms
        When it was written, in milliseconds since 1970 UTC.
    exception
        The class of what was raised, None where nothing was.
    source_topic, source_partition, source_offset
        Where the message stands that it is about.
    key, value
        Those of that message; None where it had none, or they were left behind.
    left_behind, left_behind_bytes
        Why they were, `too_large` or `policy`, and their size; None where they were not.
    cards_masked
        Whether card numbers in key or value are masked, so that they are not those of the message.
    """

    position: Position
    appended_ms: int
    reason: str
    stage: str
    exception: str | None
    detail: str
    source_topic: str
    source_partition: int
    source_offset: int
    key: bytes | None
    value: bytes | None
    left_behind: str | None
    left_behind_bytes: int | None
    cards_masked: bool = False


class Redriven(NamedTuple):
    """A note: the letter of this position was sent back."""

    position: Position


def entry_of(record: Any) -> Letter | Redriven | None:
    """Return what a record of the dead-letter topic is, None for one of somebody else."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
    if REDRIVEN_OFFSET in headers:
        return Redriven(Position(record.partition, int(headers[REDRIVEN_OFFSET])))
    if not headers.keys() >= {"reason", "source_topic", "source_partition", "source_offset"}:
        return None
    size = headers.get("left_behind_bytes")
    return Letter(
        Position(record.partition, record.offset),
        record.timestamp,
        headers["reason"],
        headers.get("stage", ""),
        headers.get("exception"),
        headers.get("detail", ""),
        headers["source_topic"],
        int(headers["source_partition"]),
        int(headers["source_offset"]),
        record.key,
        record.value,
        None if size is None else headers.get("left_behind", "too_large"),
        None if size is None else int(size),
        CARDS_MASKED in headers,
    )


class LetterBox:
    """The dead-letter topic of a topology as it is when the box is opened; BrokerError on failure."""

    def __init__(self, topology: Topology) -> None:
        self._log = TopicLog(topology, topology.output.dead_letters)

    def entries(self) -> Iterator[Letter | Redriven]:
        """Yield all letters and notes, those of one partition in their order."""
        return filter(None, map(entry_of, self._log.records()))

    def letters(self) -> Iterator[Letter]:
        """Yield the letters alone."""
        return (entry for entry in self.entries() if isinstance(entry, Letter))

    def entries_from(self, position: Position) -> Iterator[Letter | Redriven]:
        """Yield what stands in a letter's partition from the letter on."""
        return filter(None, map(entry_of, self._log.records_from(position.partition, position.offset)))


def found_at(box: LetterBox, position: Position) -> tuple[Letter | None, bool]:
    """Return the letter at a position, None where there is none, and whether it was ever sent back."""
    found, redriven = None, False
    for entry in box.entries_from(position):
        redriven |= entry == Redriven(position)
        if isinstance(entry, Letter) and entry.position == position:
            found = entry
    return found, redriven

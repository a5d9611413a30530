"""Where in Kafka a history lies, as it is written: `kafka://host:port/topic@100..5000`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fraudstream.events.times import format_time, parse_time

_ADDRESS = re.compile(
    r"kafka://(?:(?P<bootstrap>[^\s/@]+:\d+)/)?(?P<topic>[A-Za-z0-9._-]{1,249})(?:@(?P<ranges>.+))?"
)
_RANGE = re.compile(r"(?:(?P<partition>\d+):)?(?P<start>.*?)\.\.(?P<stop>.*)")
FORM = "write kafka://host:port/topic, or kafka://topic with --topology, and behind it @RANGE for a part"
RANGES = (
    "write @100..5000 (offsets), @2026-11-01..2026-11-08 (append times), or @0:100..200,1:50..90 by "
    "partition; a range ends before its second mark, and either may be left out"
)


class PastError(ValueError):
    """A stretch of a topic that cannot be read: which, why, and the remedy."""


@dataclass(frozen=True)
class Mark:
    """An offset, or an append time in milliseconds since 1970 UTC."""

    value: int
    is_time: bool = False

    def __str__(self) -> str:
        return format_time(self.value * 1_000) if self.is_time else str(self.value)


@dataclass(frozen=True)
class Range:
    """From a mark up to before another; None stands for the begin of the topic, or its end."""

    start: Mark | None = None
    stop: Mark | None = None


@dataclass(frozen=True)
class Address:
    """Some ranges of a topic.

    Attributes
    ----------
    bootstrap
        None where the topology says which cluster.
    ranges
        By partition, or one of all partitions under None.
    """

    bootstrap: str | None
    topic: str
    ranges: Mapping[int | None, Range]

    def over(self, partitions: Iterable[int]) -> dict[int, Range]:
        """Return the ranges of those partitions that are to be read, of all that there are."""
        if None in self.ranges:
            return dict.fromkeys(partitions, self.ranges[None])
        there = set(partitions)
        for number in self.ranges:
            if number not in there:
                raise PastError(f"{self.topic} has no partition {number}: it has 0 to {len(there) - 1}")
        return {number: span for number, span in self.ranges.items() if number is not None}


def parse_address(text: str) -> Address:
    """Read an address; PastError where it is none."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise PastError(f"{text}: is no address of a topic: {FORM}")
    ranges = found["ranges"]
    return Address(
        found["bootstrap"], found["topic"], {None: Range()} if ranges is None else _ranges(text, ranges)
    )


def _ranges(text: str, ranges: str) -> dict[int | None, Range]:
    read: dict[int | None, Range] = {}
    for each in ranges.split(","):
        found = _RANGE.fullmatch(each)
        if found is None:
            raise PastError(f"{text}: {each!r} is no range: {RANGES}")
        partition = None if found["partition"] is None else int(found["partition"])
        if partition in read or (read and None in (partition, *read)):
            raise PastError(f"{text}: {each!r} is one range too many: {RANGES}")
        read[partition] = _range(text, found["start"], found["stop"])
    return read


def _range(text: str, start: str, stop: str) -> Range:
    first, last = _mark(text, start), _mark(text, stop)
    if first and last and first.is_time == last.is_time and first.value >= last.value:
        raise PastError(f"{text}: {first}..{last} holds nothing: a range ends before its second mark")
    return Range(first, last)


def _mark(text: str, mark: str) -> Mark | None:
    """Read an offset or a time, which is in UTC where it names no zone; None where there is neither."""
    if not mark:
        return None
    if mark.isdecimal():
        return Mark(int(mark))
    try:
        # A time within a millisecond begins with the next one.
        return Mark(-(-parse_time(mark, "UTC") // 1_000), is_time=True)
    except ValueError:
        raise PastError(f"{text}: {mark!r} is neither an offset nor an ISO 8601 time: {RANGES}") from None

"""Which offsets an address means, and whether they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from fraudstream.events.times import format_time
from fraudstream.stream.admin import connected, end_offsets, known_topics
from fraudstream.stream.history.address import Address, Mark, PastError, Range

if TYPE_CHECKING:
    from typing import Any

    from fraudstream.config import Kafka
    from fraudstream.stream.batch import Partition

NEVER_MS = -1


@dataclass(frozen=True)
class Span:
    """The messages of a partition with offsets from `start` to before `stop`."""

    partition: Partition
    start: int
    stop: int

    @property
    def messages_max(self) -> int:
        """How many messages there are at most: the ends of transactions have offsets too."""
        return self.stop - self.start


@dataclass(frozen=True)
class Extent:
    """What there is of a partition.

    Attributes
    ----------
    first, first_ms
        Offset and append time of the oldest message; NEVER_MS where there is none.
    end
        The offset before which everything may be read, and in `end_is` what that is.
    at_ms
        By append time in milliseconds the first offset that is not older, for all times that are asked for.
    """

    first: int
    first_ms: int
    end: int
    at_ms: Mapping[int, int]
    end_is: str = "ends at"


@dataclass(frozen=True)
class Cluster:
    """A cluster without a topology."""

    kafka: Kafka


def spans_of(kafka: Kafka, address: Address, ends: Mapping[int, int] | None = None) -> list[Span]:
    """Return what an address means, by partition; PastError, or BrokerError, where that is not there.

    With `ends` a partition is read up to these offsets at most, which are those that are judged.
    """
    at = Cluster(kafka)
    with connected(at) as admin:
        (described,) = known_topics(admin, at, [address.topic])
        ranges = address.over(sorted(each["partition_index"] for each in described["partitions"]))
        partitions = {TopicPartition(address.topic, number): span for number, span in ranges.items()}
        oldest = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        dated = admin.list_partition_offsets(dict.fromkeys(partitions, 0))
        times = {each: _times(admin, each, span) for each, span in partitions.items()}
    last = end_offsets(at, list(partitions))
    spans = []
    for each, span in partitions.items():
        end, end_is = last[each], "ends at"
        if ends is not None:
            end, end_is = min(end, ends.get(each.partition, 0)), "is judged up to"
        extent = Extent(oldest[each].offset, dated[each].timestamp, end, times[each], end_is)
        spans.append(resolved((each.topic, each.partition), span, extent))
    if not any(span.messages_max for span in spans):
        raise PastError(f"{kafka.bootstrap}: {address.topic} holds no message there: give another range")
    return spans


def _times(admin: Any, partition: TopicPartition, span: Range) -> dict[int, int]:
    """Return by time the first offset that is not older, without times behind the newest message."""
    marks = [mark.value for mark in (span.start, span.stop) if mark is not None and mark.is_time]
    found = {ms: admin.list_partition_offsets({partition: ms})[partition].offset for ms in marks}
    return {ms: offset for ms, offset in found.items() if offset >= 0}


def resolved(partition: Partition, wanted: Range, there: Extent) -> Span:
    """Return the offsets of a range; PastError where some of them have left the topic, or are yet to come."""
    name = f"{partition[0]}[{partition[1]}]"
    start = _start(name, wanted.start, there)
    stop = there.end if wanted.stop is None else _offset(wanted.stop, there)
    for mark in (wanted.start, wanted.stop):
        if mark is not None and not mark.is_time and mark.value > there.end:
            raise PastError(f"{name} {there.end_is} offset {there.end}: end the range there at the latest")
    return Span(partition, min(start, there.end), max(min(start, there.end), stop))


def _start(name: str, mark: Mark | None, there: Extent) -> int:
    if mark is None:
        return there.first
    start = _offset(mark, there)
    is_gone = there.first > 0 and (mark.value < there.first_ms if mark.is_time else mark.value < there.first)
    if is_gone:
        first = f"offset {there.first}"
        if there.first_ms != NEVER_MS:
            first += f", appended at {format_time(there.first_ms * 1_000)}"
        raise PastError(f"{name}: what was before {first}, has left the topic: begin the range there")
    return start


def _offset(mark: Mark, there: Extent) -> int:
    return min(there.at_ms.get(mark.value, there.end), there.end) if mark.is_time else mark.value

"""The alert topics, read: each alert with where it lies, and where the message of its event does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from fraudstream.stream.topic_log import TopicLog

if TYPE_CHECKING:
    from fraudstream.config import Topology


class ToldAlert(NamedTuple):
    """A record of an alert topic; `source` is topic, partition and offset of the event's message."""

    value: bytes
    place: str
    source: tuple[str, int, int] | None


def told_alerts(topology: Topology) -> Iterator[ToldAlert]:
    """Yield what stands in the alert topic, and then in the shadow topic if there is one; BrokerError."""
    for topic in topology.output.told:
        for record in TopicLog(topology, topic).records():
            if record.value is not None:
                place = f"{topic}[{record.partition}] offset {record.offset}"
                yield ToldAlert(record.value, place, _source(record))


def _source(record: Any) -> tuple[str, int, int] | None:
    headers = {name: value.decode() for name, value in record.headers if value is not None}
    if not headers.keys() >= {"source_topic", "source_partition", "source_offset"}:
        return None
    return headers["source_topic"], int(headers["source_partition"]), int(headers["source_offset"])

"""How far a topology's group is behind, as its cluster tells it: also where no worker runs to say so."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from fraudstream.stream.admin import (
    BROKER_SECONDS_MAX,
    committed_offsets,
    connected,
    end_offsets,
    known_topics,
    label_partitions,
    reporting,
)
from fraudstream.stream.clients import client_settings

if TYPE_CHECKING:
    from fraudstream.config import Topology

READ_SECONDS_MAX = 5.0
"""How long the oldest messages that wait are read, for their age; what is not read by then has none."""
UNKNOWN = "unknown"


class Behind(NamedTuple):
    """How many messages of a partition the group has yet to commit, and the age of the oldest of them.

    `seconds` is 0 where none waits, None where it could not be read.
    """

    topic: str
    partition: int
    events: int
    seconds: float | None


@dataclass(frozen=True)
class Backlog:
    """The group's state in Kafka's words with the number of its members, and each partition that is read."""

    state: str
    members: int
    partitions: tuple[Behind, ...]


def backlog(topology: Topology) -> Backlog:
    """Return how far the group is behind now; BrokerError on failure."""
    with connected(topology) as admin:
        partitions = _read_partitions(admin, topology)
        state, members = _group(admin, topology.kafka.group)
        committed = committed_offsets(admin, topology.kafka.group, partitions)
        starts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    ends = end_offsets(topology, partitions)
    waiting = {each: max(committed[each], starts[each].offset) for each in partitions}
    ages = _ages(topology, {each: at for each, at in waiting.items() if at < ends[each]})
    found = tuple(
        Behind(each.topic, each.partition, ends[each] - at, ages.get(each) if at < ends[each] else 0.0)
        for each, at in waiting.items()
    )
    return Backlog(state, members, found)


def _read_partitions(admin: Any, topology: Topology) -> list[TopicPartition]:
    """Return the partitions that workers read and commit: of events, labels and parts."""
    names = [topology.input.topic, *label_partitions(topology)]
    names += [] if topology.keyed is None else [topology.keyed.parts]
    described = {each["name"]: each for each in known_topics(admin, topology, names)}
    return [
        TopicPartition(name, number)
        for name in names
        for number in sorted(each["partition_index"] for each in described[name]["partitions"])
    ]


def _group(admin: Any, group: str) -> tuple[str, int]:
    """Return state and members; a group that nobody is in may not be known at all."""
    try:
        told = admin.describe_groups([group])[group]
        return str(told["group_state"]), len(told["members"])
    except (KafkaError, KeyError):
        return UNKNOWN, 0


def _ages(topology: Topology, waiting: Mapping[TopicPartition, int]) -> dict[TopicPartition, float]:
    """Return how long ago the first message at or behind some offsets was appended, in seconds."""
    if not waiting:
        return {}
    found: dict[TopicPartition, float] = {}
    settings = {
        **client_settings(topology.kafka),
        "bootstrap_timeout_ms": BROKER_SECONDS_MAX * 1000,
        "enable_auto_commit": False,
        "max_partition_fetch_bytes": 1,
        "max_poll_records": 1,
    }
    with reporting(topology), closing(KafkaConsumer(**settings)) as consumer:
        consumer.assign(list(waiting))
        for partition, offset in waiting.items():
            consumer.seek(partition, offset)
        deadline = time.monotonic() + READ_SECONDS_MAX
        while len(found) < len(waiting) and time.monotonic() < deadline:
            for partition, records in consumer.poll(timeout_ms=100).items():
                found[partition] = max(0.0, time.time() - records[0].timestamp / 1000)
                consumer.pause(partition)
    return found

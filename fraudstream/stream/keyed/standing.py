"""Where the topics between the stages stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from fraudstream.stream.admin import committed_offsets, connected, known_topics

if TYPE_CHECKING:
    from fraudstream.config import Keyed, Topology


@dataclass(frozen=True)
class StageStanding:
    """The ids of the topics between the stages, and of one partition of the parts where it stands.

    Attributes
    ----------
    first
        The oldest offset that is there.
    committed
        The offset up to which everything is emitted; 0 where that of a topic is left which is no more.
    """

    topic_ids: tuple[str, ...]
    first: int
    committed: int


def stage_standing(topology: Topology, keyed: Keyed, number: int) -> StageStanding:
    """Return where a partition of the parts stands now; BrokerError on failure."""
    partition = TopicPartition(keyed.parts, number)
    with connected(topology) as admin:
        described = known_topics(admin, topology, [keyed.parts, keyed.found])
        ids = {each["name"]: str(each.get("topic_id")) for each in described}
        committed = committed_offsets(admin, topology.kafka.group, [partition])[partition]
        first, end = (
            admin.list_partition_offsets({partition: spec})[partition].offset
            for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
        )
    is_of_this_topic = 0 <= committed <= end
    return StageStanding((ids[keyed.parts], ids[keyed.found]), first, committed if is_of_this_topic else 0)

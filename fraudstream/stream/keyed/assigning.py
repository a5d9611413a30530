"""Which worker of the group runs which stages of a keyed topology: evenly by cost, and moved seldom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

INGEST_COST, SHARES_COST, MERGE_COST = 40, 60, 80
"""What the stages cost of a core, all shares together, as `loadtest/bench_keyed.py` measures them."""
SLACK = 1.25
"""A stage stays where it is as long as its worker has no more than this of its fair share."""

Partitions = tuple[tuple[str, int], ...]


class Stage(NamedTuple):
    """Partitions that belong together, and what folding them costs."""

    partitions: Partitions
    cost: float


class StageAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """Gives each stage to one worker.

    The most expensive ones are given out first, each to its last worker while that one has not too much, else
    to the one with the least. What a worker says it had counts only if no other has been told more since.
    """

    name = "fraudstream.stages"
    version = 0

    def __init__(self, inputs: str, parts: str, shares: int) -> None:
        self._inputs = inputs
        self._parts = parts
        self._shares = shares
        self._number = 0
        self._mine: Partitions = ()

    def metadata(self, topics: Iterable[str]) -> Any:
        """Return what this worker tells when it joins."""
        told = orjson.dumps([self._number, self._mine])
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), told)

    def on_assignment(self, assignment: Any) -> None:
        """Take note of what this worker has."""
        self._number = int(assignment.user_data)
        self._mine = tuple((topic, each) for topic, numbers in assignment.assignment for each in numbers)

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        """Return what every member gets; one of them, chosen by the broker, is asked."""
        told = {member: orjson.loads(each.user_data) for member, each in members.items()}
        newest = max(number for number, _ in told.values())
        held = {
            tuple(partition): member
            for member, (number, partitions) in sorted(told.items())
            if number == newest
            for partition in partitions
        }
        inputs = sorted(cluster.partitions_for_topic(self._inputs) or ())
        given = self.placed(sorted(members), self.stages(inputs), held)
        number = b"%d" % (newest + 1)
        return {
            member: ConsumerProtocolMemberAssignment(self.version, _by_topic(mine), number)
            for member, mine in given.items()
        }

    def stages(self, inputs: Sequence[int]) -> list[Stage]:
        """Return all stages, the most expensive first."""
        merge = Stage(((self._parts, self._shares),), MERGE_COST)
        ingest = Stage(tuple((self._inputs, each) for each in inputs), INGEST_COST)
        shares = [Stage(((self._parts, each),), SHARES_COST / self._shares) for each in range(self._shares)]
        return sorted([merge, ingest, *shares], key=lambda stage: -stage.cost)

    def placed(
        self, members: Sequence[str], stages: Sequence[Stage], held: Mapping[Any, str]
    ) -> dict[str, list[tuple[str, int]]]:
        """Return the partitions of each member; `held` names who had each so far."""
        fair = sum(stage.cost for stage in stages) / len(members)
        loads = dict.fromkeys(members, 0.0)
        given: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
        for stage in stages:
            last = held.get(stage.partitions[0]) if stage.partitions else None
            stays = last in loads and loads[last] + stage.cost <= max(SLACK * fair, stage.cost)
            member = last if stays and last is not None else min(members, key=lambda each: loads[each])
            loads[member] += stage.cost
            given[member] += stage.partitions
        return given


def _by_topic(partitions: Iterable[tuple[str, int]]) -> list[tuple[str, list[int]]]:
    topics: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        topics.setdefault(topic, []).append(number)
    return list(topics.items())

"""Gives all partitions to one worker of the group: a shard has one owner, and the others stand by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata


class Term(NamedTuple):
    """How often the shard has changed hands, as a worker knows, and whether it was the owner then."""

    number: int = 0
    is_owner: bool = False

    def encode(self) -> bytes:
        """Return it as the members of the group tell each other."""
        return b"%d %d" % self

    @classmethod
    def decode(cls, text: bytes) -> Term:
        """Read what `encode` gave."""
        number, is_owner = map(int, text.split())
        return cls(number, bool(is_owner))


class OneOwner(AbstractPartitionAssignor):  # type: ignore[misc]
    """Leaves the partitions where they are, until their owner goes: then one that stands by gets them.

    A worker that was out of touch while the shard changed hands knows an older term, and claims in vain.
    """

    name = "fraudstream.one_owner"
    version = 0

    def __init__(self) -> None:
        self._term = Term()

    def metadata(self, topics: Iterable[str]) -> Any:
        """Return what this worker tells when it joins."""
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), self._term.encode())

    def on_assignment(self, assignment: Any) -> None:
        """Take note of whether this worker is the owner."""
        self._term = Term.decode(assignment.user_data)

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        """Return what every member gets; one of them, chosen by the broker, is asked."""
        terms = {member: Term.decode(each.user_data) for member, each in members.items()}
        owner = max(sorted(terms), key=lambda member: terms[member])
        newest = max(term.number for term in terms.values())
        stays = terms[owner] == (newest, True)
        number = newest if stays else newest + 1
        topics = sorted({topic for each in members.values() for topic in each.subscription})
        everything = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        return {
            member: ConsumerProtocolMemberAssignment(
                self.version, everything if member == owner else [], Term(number, member == owner).encode()
            )
            for member in members
        }

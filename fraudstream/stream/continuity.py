"""Whether what comes in follows what was folded: the same topic, and nothing gone in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraudstream.stores.checkpoints import CheckpointError, Listed
from fraudstream.stream.admin import Standing
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.log_lines import place
from fraudstream.stream.patience import until_answered

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.stream.batch import Batch, Partition
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.shard import Shard

log = logging.getLogger(__name__)


@dataclass
class Continuity:
    """Looks after the input of a shard, and has what comes after a gap marked.

    `standing` looks where topic and group stand, `oldest` for the first offset that a partition still has.
    Both are asked until the broker answers.
    """

    topology: Topology
    shard: Shard
    observer: StreamObserver
    standing: Callable[[Topology], Standing]
    oldest: Callable[[Partition], Awaitable[int]]

    async def unseen(self, batch: Batch) -> Batch | None:
        """Return the part of a batch that is not yet folded, None where all of it is.

        BrokerError where the offsets are those of another topic.
        """
        unseen = self.shard.unseen(batch)
        if unseen is not batch:
            await self._check_topic()
        if unseen is not None:
            await self._mind_the_jump(unseen)
        return unseen

    async def _check_topic(self) -> None:
        now = await until_answered(lambda: asyncio.to_thread(self.standing, self.topology), self.observer)
        if now.topic_id != self.shard.last.topic_id:
            raise BrokerError(made_anew(self.topology), "topics")

    async def _mind_the_jump(self, batch: Batch) -> None:
        number = self.shard.number(batch.partition)
        at = self.shard.positions.get(number)
        # Where nothing has left, a jump is the marker of a transaction, or what compaction has left.
        if at is not None and at < batch.first_offset:
            oldest = await until_answered(lambda: self.oldest(batch.partition), self.observer)
            self.miss(number, at, batch.first_offset, oldest, " unread")

    def miss(self, partition: int, start: int, stop: int, first: int, how: str = "") -> None:
        """Have what comes next marked where offsets from `start` to before `stop` lie before the first."""
        if start >= first:
            return
        topic, number = self.topology.place(partition)
        gone = f"{topic}[{number}] offsets {start} to {min(first, stop) - 1}"
        log.error(
            "%s have left the topic%s: decisions that look back to them are marked as warming",
            gone,
            how,
            extra=place((topic, number), start, min(first, stop) - 1),
        )
        self.observer.on_error("retention")
        self.shard.miss()

    def tell_of_a_new_topic(self) -> None:
        """Say that the input is not the topic that the journal tells of."""
        log.error(
            "%s was deleted and made anew: it is judged from its begin by an empty state, decisions are "
            "marked as warming",
            self.topology.input.topic,
        )
        self.observer.on_error("topics")

    def check_cluster(self, listed: Listed) -> None:
        """Raise CheckpointError where another deployment keeps its state in the same place."""
        theirs, ours = listed.extra.get("cluster_id"), self.shard.cluster_id
        if theirs and ours and theirs != ours:
            what = f"the checkpoints are of a shard on cluster {theirs}, and this worker is on {ours}"
            where = f"group {self.topology.kafka.group!r}, topology {self.topology.name!r}"
            remedy = (
                "give every deployment a place, a group or a name of its own; where the cluster was "
                "replaced, remove them"
            )
            raise CheckpointError(what, where, remedy)


def made_anew(topology: Topology) -> str:
    """Return what is said of an input topic that was deleted and made anew while it was read."""
    return (
        f"{topology.kafka.bootstrap}: {topology.input.topic} was deleted and made anew while it was read: "
        "stopping; start again to read the new one from its begin"
    )

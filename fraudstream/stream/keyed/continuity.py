"""Whether a part follows what its stage has folded; what is gone in between is said, and marked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fraudstream.engine.keyed.part import OutOfStepError, Stretch
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.keyed.standing import StageStanding, stage_standing
from fraudstream.stream.patience import until_answered
from fraudstream.stream.threads import in_thread
from fraudstream.stream.watch import stage_made_anew

if TYPE_CHECKING:
    from fraudstream.config import Keyed, Topology
    from fraudstream.stream.keyed.state import StageState
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)


@dataclass
class StageContinuity:
    """Looks after the parts of one stage; `standing` looks where the topics between the stages stand."""

    topology: Topology
    keyed: Keyed
    state: StageState[Any]
    observer: StreamObserver
    standing: Callable[[Topology, Keyed, int], StageStanding] = stage_standing

    async def now(self) -> StageStanding:
        """Return where the partition stands, once the broker answers; BrokerError elsewhere.

        Or where the topic is no longer that of which the stage has folded the beginning.
        """
        state = self.state

        async def ask() -> StageStanding:
            return await in_thread(self.standing, self.topology, self.keyed, state.partition)

        now = await until_answered(ask, self.observer)
        if now.topic_ids != state.topic_ids:
            raise BrokerError(stage_made_anew(self.topology, self.keyed.parts), "topics")
        return now

    async def follow(self, stretch: Stretch) -> None:
        """Take note of a stretch that comes next; OutOfStepError where it cannot be the next."""
        state = self.state
        if state.follows(stretch):
            return
        now = await self.now()
        is_gone = state.is_elsewhere or now.first > state.positions[state.partition]
        if state.following is None or stretch.first < state.following or not is_gone:
            raise OutOfStepError(
                f"stage {state.partition} has folded the events before {state.following}, and is to go on "
                f"with {stretch.first}: parts were skipped or are there twice: start again, to recover it"
            )
        self._tell(stretch.first - state.following)
        state.miss()

    def _tell(self, events: int) -> None:
        parts, number = self.keyed.parts, self.state.partition
        is_merge = number == self.keyed.partitions
        what = "and what was not judged never is" if is_merge else f"and share {number} does not count them"
        log.error(
            "%s[%d]: %d events have left the topic, %s: decisions that look back to them are marked as "
            "warming; retention.ms of the topics between the stages must be longer than a worker is away",
            parts,
            number,
            events,
            what,
        )
        self.observer.on_error("retention")

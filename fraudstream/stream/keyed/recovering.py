"""Brings a stage to where its last owner left it: a checkpoint, then a silent replay.

There is no journal as for the input: a stage reads one ordered log, which names its rulesets itself.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fraudstream.stream.kept import newest_kept
from fraudstream.stream.keyed.standing import StageStanding, stage_standing
from fraudstream.stream.log_reader import LogReader
from fraudstream.stream.patience import until_answered
from fraudstream.stream.shard import SHARD
from fraudstream.stream.threads import in_thread

if TYPE_CHECKING:
    from fraudstream.config import Keyed, Topology
    from fraudstream.stores.checkpoints import CheckpointStore, Loaded
    from fraudstream.stream.keyed.continuity import StageContinuity
    from fraudstream.stream.keyed.folding import Folding
    from fraudstream.stream.keyed.state import StageState
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.sender import Sender

log = logging.getLogger(__name__)


@dataclass
class StageRecovery:
    """Recovers one stage, again and again.

    Attributes
    ----------
    folding
        Folds one message of the parts after the other, and emits nothing.
    """

    topology: Topology
    keyed: Keyed
    state: StageState[Any]
    store: CheckpointStore | None
    sender: Sender
    observer: StreamObserver
    continuity: StageContinuity
    folding: Folding

    async def take(self) -> None:
        """Make the stage this process's own, and bring it to what the group has committed.

        Raises KafkaError and BrokerError, CheckpointError, UnknownRulesetError, OutOfStepError.
        """
        started, number = time.monotonic(), self.state.partition
        await self.sender.take()
        now = await in_thread(stage_standing, self.topology, self.keyed, number)
        # Also where nothing was folded since: another may have had the stage, and kept it.
        self.state.epoch = await in_thread(self._next_epoch)
        if self._still_right(now):
            log.info("stage %d goes on with the state in memory", number)
            await self.folding.begin()
            return
        replayed = await self._rebuild(now)
        seconds = time.monotonic() - started
        about = {"shard": SHARD + 1 + number, "seconds": round(seconds, 3), "messages": replayed}
        log.info(
            "stage %d recovered in %.1f s: %d messages read again", number, seconds, replayed, extra=about
        )
        self.observer.on_recovered(seconds, replayed)

    async def again(self, upto: int) -> None:
        """Bring the stage to before an offset that it has reached; raises as `take`.

        For whoever has made the state worthless.
        """
        self.state.is_whole = False
        now = replace(await self.continuity.now(), committed=upto)
        # Each time from a checkpoint on, so that it may be begun again.
        await until_answered(lambda: self._rebuild(now), self.observer)

    async def _rebuild(self, now: StageStanding) -> int:
        """Load a checkpoint and replay what comes behind; return the number of messages."""
        loaded = await in_thread(self._load, now)
        self.state.renew(loaded, now.topic_ids)
        await self.folding.begin()
        replayed = await self._replay(now)
        self.state.is_whole = True
        return replayed

    def _still_right(self, now: StageStanding) -> bool:
        """Whether the state in memory is that of the committed offset: it depends on nothing but the log."""
        state = self.state
        same = state.topic_ids == now.topic_ids and state.positions[state.partition] == now.committed
        return state.is_whole and same

    def _next_epoch(self) -> int:
        """Return the number of this owner: one more than that of whoever has kept something."""
        manifests = () if self.store is None else self.store.read_manifests()
        return max((each.epoch for each in manifests), default=-1) + 1

    def _load(self, now: StageStanding) -> Loaded | None:
        return newest_kept(
            self.store,
            lambda listed: self.state.fits(listed, now.committed, now.topic_ids),
            self.observer,
        )

    async def _replay(self, now: StageStanding) -> int:
        """Fold what lies between the state and the committed offset; return the number of messages."""
        number, replayed = self.state.partition, 0
        at = self.state.positions[number]
        if at < now.first and at < now.committed:
            gone = f"{self.keyed.parts}[{number}] offsets {at} to {min(now.first, now.committed) - 1}"
            log.error("%s have left the topic: decisions that look back to them are marked as warming", gone)
            self.observer.on_error("retention")
            self.state.miss()
        name = (self.keyed.parts, number)
        async with LogReader(self.topology.kafka, [name]) as reader:
            async for batch in reader.read(name, at, now.committed):
                for record in batch.records:
                    await self.folding.fold(record)
                replayed += len(batch)
                pending = max(0, now.committed - batch.next_offset)
                self.observer.on_replayed(SHARD + 1 + number, len(batch), pending)
        self.observer.on_replayed(SHARD + 1 + number, 0, 0)
        self.state.positions[number] = max(at, now.committed)
        return replayed

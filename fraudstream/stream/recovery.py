"""Brings a shard to where its last owner left it: a checkpoint, the journal, and a silent replay."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer

from fraudstream.stream.admin import Standing, standing
from fraudstream.stream.continuity import Continuity
from fraudstream.stream.journal import Entry, Poison, Run, last_partition, reach, runs, valid
from fraudstream.stream.journal_reader import entries_in
from fraudstream.stream.kept import newest_kept
from fraudstream.stream.log_reader import LogReader
from fraudstream.stream.rulesets import Rulesets
from fraudstream.stream.shard import SHARD
from fraudstream.stream.threads import in_thread

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.engine.result import StepResult
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stores.checkpoints import CheckpointStore, Listed, Loaded
    from fraudstream.stream.batch import Batch, Partition
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.shard import Fold, Shard

log = logging.getLogger(__name__)

CLAIMS_MAX = 5
"""How often a shard is claimed again when another owner was faster."""

State = tuple["Fold", Mapping[int, int], Iterable[Poison]]
"""An engine, the positions that it has reached, and what it has left out."""
Emit = Callable[["Batch", "StepResult"], Awaitable[None]]
Judge = Callable[["Batch"], Awaitable[None]]
WriteJournal = Callable[[Entry], Awaitable[None]]


class LostShardError(RuntimeError):
    """Another process claims the shard over and over: who."""


@dataclass(frozen=True)
class Means:
    """What a recovery needs of its surroundings.

    Attributes
    ----------
    store
        Where the checkpoints are; without one, everything that the topic holds is read again.
    ruleset_of
        Finds the ruleset that was in force back then, None where it is not kept.
    fence
        Keeps whoever owned the shard before from sending for it.
    write
        Writes an entry to the journal, and returns once the broker has it.
    judge
        Judges a batch that nobody has judged, or of which that is not known.
    emit
        Sends what comes of a batch that was judged before, but perhaps not sent.
    oldest
        Returns the oldest offset that a partition still has.
    commit
        Commits offsets before which all is told.
    set_back
        Commits offsets that may lie before those that are committed, and reads on from there.
    standing
        Looks where the input topic and the group stand; blocks while it does.
    new_consumer
        Makes the Kafka client that reads journal and input again.
    """

    store: CheckpointStore | None
    ruleset_of: Callable[[str], Ruleset | None]
    fence: Callable[[], Awaitable[None]]
    write: WriteJournal
    judge: Judge
    emit: Emit
    oldest: Callable[[Partition], Awaitable[int]]
    commit: Callable[[Mapping[Partition, int]], Awaitable[None]]
    set_back: Callable[[Mapping[Partition, int]], Awaitable[None]]
    standing: Callable[[Topology], Standing] = standing
    new_consumer: Callable[..., Any] = AIOKafkaConsumer


@dataclass
class Recovery:
    """Recovers one shard, again and again: at the start, after a rebalance, and after a failed step."""

    topology: Topology
    shard: Shard
    means: Means
    observer: StreamObserver
    continuity: Continuity = field(init=False)
    _now: Standing = field(init=False)
    _rulesets: Rulesets = field(init=False)
    _entries: Sequence[Entry] = field(init=False, default=())
    _is_made_anew: bool = field(init=False, default=False)
    """Whether the journal tells of another topic of the same name, which is no more."""

    def __post_init__(self) -> None:
        means = self.means
        self.continuity = Continuity(self.topology, self.shard, self.observer, means.standing, means.oldest)
        self._rulesets = Rulesets(self.topology, self.shard, means.ruleset_of, self.observer)

    async def take(self) -> None:
        """Make the shard this process's own, and bring it to the offsets that the group has committed.

        Raises LostShardError, KafkaError and BrokerError, CheckpointError.
        """
        async with self.shard.folding:
            started = time.monotonic()
            replayed = await self._take()
            if self.topology.processing_guarantee == "at_least_once":
                # A transaction tells and commits at once.
                await self._commit_what_was_told()
                await self._finish_the_last_run()
        if replayed is None:
            log.info("going on with the state in memory")
            return
        seconds = time.monotonic() - started
        about = {"shard": SHARD, "seconds": round(seconds, 3), "messages": replayed}
        log.info("recovered in %.1f s: %d messages read again", seconds, replayed, extra=about)
        self.observer.on_recovered(seconds, replayed)

    async def _take(self) -> int | None:
        """Return how many messages were read again, None where the state in memory is that of the shard."""
        async with self.shard.moving:
            await self._look()
            if self._still_ours():
                return None
            # The offsets of a topic that nobody has begun to fold were committed for the one before it.
            is_untold = self._is_made_anew and all(entry.partition is None for entry in self._entries)
            if is_untold:
                self.continuity.tell_of_a_new_topic()
            await self.means.fence()
            # The claim looks again: what the last owner had under way is then there or never was.
            claim = await self._claim()
            upto = self._now.committed
            replayed = await self._rebuild(upto, {} if is_untold else upto)
            self.shard.last = claim
            if is_untold and upto:
                places = {self.topology.place(each): self.shard.positions[each] for each in upto}
                await self.means.set_back(places)
            return replayed

    async def _finish_the_last_run(self) -> None:
        """Judge what the last owner may have told of without having committed it, before anything else.

        It may have gone on in the partition of its last entry, as far as that one says; to go further, or to
        turn to another, it writes one first. Who folds that repeats what was told, in the same order. One
        partition alone has one order.
        """
        last, ends = last_partition(self._entries), self._now.ends
        if last is None or len(ends) == 1:
            return
        number, upto = last
        partition = self.topology.place(number)
        at, end = self.shard.positions.get(number, 0), ends[number]
        end = end if upto is None else min(upto, end)
        async with self._reader([partition]) as reader:
            async for batch in reader.read(partition, at, end):
                await self.means.judge(batch)
                await self._commit_what_was_told()

    async def _commit_what_was_told(self) -> None:
        """Commit what was judged here, of which the consumer knows nothing.

        So a worker that dies soon after has got somewhere, and what it told is not told once more.
        """
        done = self._now.committed
        further = {each: at for each, at in self.shard.positions.items() if at > done.get(each, 0)}
        if further:
            await self.means.commit({self.topology.place(each): at for each, at in further.items()})

    async def again(self, upto: Mapping[int, int]) -> None:
        """Bring the shard back to where it stood before its engine failed."""
        async with self.shard.moving:
            await self._look()
            await self._rebuild(upto, upto)

    async def _look(self) -> None:
        now = await in_thread(self.means.standing, self.topology)
        # A topic that was made anew may be shorter than what was committed for the one before it.
        committed = {each: min(offset, now.ends[each]) for each, offset in now.committed.items()}
        self._now = replace(now, committed=committed)
        self.shard.cluster_id = self._now.cluster_id
        self._entries = await self._read_journal()

    def _still_ours(self) -> bool:
        """Whether the state in memory is that of the committed offsets, and nobody has folded since.

        A recovery that is given up may leave an engine that has raised, or an entry that was never written.
        """
        mine = self.shard.last
        if mine.partition is None or not self.shard.is_whole or not self._entries:
            return False
        return self._entries[-1] == mine and self.shard.positions == dict(self._now.committed)

    async def _claim(self) -> Entry:
        """Claim the next epoch; whatever an older one writes from now on is a zombie's."""
        for _ in range(CLAIMS_MAX):
            epoch = await in_thread(self._newest_epoch) + 1
            claim = Entry(epoch, self.shard.owner, topic_id=self._now.topic_id)
            await self.means.write(claim)
            await self._look()
            if self._entries and self._entries[-1] == claim:
                return claim
        newest = self._entries[-1].owner if self._entries else "nobody"
        raise LostShardError(f"{newest} claims the shard as well: is another group's journal in use?")

    def _newest_epoch(self) -> int:
        """Return the newest epoch of the shard; -1 where it never had an owner.

        The journal may have lost its entries to retention, checkpoints know it still.
        """
        store = self.means.store
        kept = [] if store is None else [listed.epoch for listed in store.read_manifests()]
        return max([entry.epoch for entry in self._entries] + kept, default=-1)

    async def _rebuild(self, upto: Mapping[int, int], told: Mapping[int, int]) -> int:
        """Fold what stands before `upto`, and before `told` without a word; return the number of messages."""
        wanted = self.shard.engine.ruleset
        loaded = await in_thread(self._load)
        # The shard changes hands here, and not in a thread: what is given up leaves it alone.
        self.shard.renew(*await in_thread(self._restored, loaded, wanted))
        if loaded is None and self._is_made_anew:
            self.shard.miss()
        return await self._replay(runs(self._entries, self.shard.positions), upto, told, wanted)

    def _load(self) -> Loaded | None:
        return newest_kept(self.means.store, self._fits, self.observer)

    def _fits(self, listed: Listed) -> bool:
        """Whether a checkpoint is of this very topic, of nothing that is not emitted, and no zombie's."""
        self.continuity.check_cluster(listed)
        if listed.extra["topic_id"] != self._now.topic_id:
            return False
        further = reach(self._entries, listed.epoch)
        bounds = [self._now.committed] if further is None else [self._now.committed, further]
        reached = listed.positions.items()
        return all(offset <= bound.get(partition, 0) for bound in bounds for partition, offset in reached)

    def _restored(self, loaded: Loaded | None, wanted: Ruleset) -> State:
        """Return the state of a checkpoint, or none under the ruleset that came first."""
        poison = {each for entry in self._entries for each in entry.poison}
        if loaded is None:
            first = next((entry.ruleset for entry in self._entries if entry.ruleset), wanted.version)
            return self.shard.engine.fresh(self._rulesets.find(first, wanted)), {}, poison
        extra = loaded.meta.extra
        engine = self.shard.engine.fresh(self._rulesets.find(extra["ruleset"], wanted))
        engine.restore(loaded.snapshot)
        poison |= {Poison(*each) for each in extra["poison"]}
        return engine, loaded.meta.positions, poison

    async def _replay(
        self, folds: Sequence[Run], upto: Mapping[int, int], told: Mapping[int, int], wanted: Ruleset
    ) -> int:
        """Fold some runs; what lies behind `told` is sent, once more where it was judged.

        Behind them the ruleset is in force that is wanted.
        """
        place, replayed = self.topology.place, 0
        async with self._reader([place(each) for each in self._now.ends]) as reader:
            complete = self._complete(folds, upto, wanted.version)
            stops = [upto.get(run.partition, 0) if run.stop is None else run.stop for run in complete]
            pending = sum(max(0, stop - run.start) for run, stop in zip(complete, stops, strict=True))
            for run, stop in zip(complete, stops, strict=True):
                await self._rulesets.turn(reader, run, wanted, self._entries)
                at = run.start
                async for batch in reader.read(place(run.partition), run.start, stop):
                    await self._mind_the_gap(reader, run.partition, at, batch.first_offset)
                    pending -= batch.next_offset - at
                    at = batch.next_offset
                    replayed += len(batch)
                    self.observer.on_replayed(SHARD, len(batch), max(0, pending))
                    await self._fold(batch, told.get(run.partition, 0))
                await self._mind_the_gap(reader, run.partition, at, stop)
            # What lies before the committed offsets is done with, whether or not it was still there.
            self.observer.on_replayed(SHARD, 0, 0)
            for each, offset in upto.items():
                self.shard.positions[each] = max(offset, self.shard.positions.get(each, 0))
            await self._rulesets.take_up(reader, wanted, self._entries)
        return replayed

    def _complete(self, folds: Sequence[Run], upto: Mapping[int, int], version: str) -> list[Run]:
        """Add what the journal does not know of, as when it is new: partition by partition, labels last."""
        known = {run.partition: run.stop for run in folds}
        at = self.shard.positions
        missing = [
            Run(partition, version, max(at.get(partition, 0), known.get(partition) or 0), offset)
            for partition, offset in sorted(upto.items(), key=lambda each: (each[0] < 0, each))
            if known.get(partition, 0) is not None
        ]
        return [*folds, *(run for run in missing if run.stop is not None and run.start < run.stop)]

    async def _mind_the_gap(self, reader: LogReader, partition: int, start: int, stop: int) -> None:
        """Say where messages from `start` to before `stop` have left the topic; other gaps hold none."""
        if start >= stop:
            return
        first, _ = await reader.bounds(self.topology.place(partition))
        self.continuity.miss(partition, start, stop, first)

    async def _fold(self, batch: Batch, emitted: int) -> None:
        behind = batch.since(emitted)
        if behind is None:
            self.shard.fold(batch)
            return
        before = batch.before(emitted)
        if before is not None:
            self.shard.fold(before)
        await self.means.emit(behind, self.shard.fold(behind))

    async def _read_journal(self) -> list[Entry]:
        """Return the valid entries that tell of this very input topic; JournalError, KafkaError."""
        name = (self.topology.output.journal, 0)
        async with self._reader([name]) as reader:
            read = [entry async for entry in entries_in(reader, name)]
        own = [entry for entry in read if entry.topic_id == self._now.topic_id]
        self._is_made_anew = len(own) < len(read)
        return list(valid(own))

    def _reader(self, partitions: Iterable[Partition]) -> LogReader:
        return LogReader(self.topology.kafka, partitions, self.means.new_consumer)

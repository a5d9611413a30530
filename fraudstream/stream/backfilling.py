"""Has new features of changed rules count the past, read again from the input, before they are in force."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from fraudstream.stream.batch import Partition
from fraudstream.stream.journal import Entry, Filled, JournalError, Poison, history, valid
from fraudstream.stream.journal_reader import entries_in
from fraudstream.stream.log_reader import RECORDS_MAX, LogReader

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.engine.backfill import Backfill
    from fraudstream.engine.step import Engine
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stream.shard import Shard

log = logging.getLogger(__name__)

SLICE_EVENTS = 500
"""Events that are judged meanwhile wait for so many of the past at a time."""
REST = 3
"""So many times as long as a slice takes the events have the worker for themselves."""
CLOSE_EVENTS = 5_000
"""Once no more are left, they are read while the shard is held."""
ROUNDS_MAX = 20
"""How often it is tried to come that close; and, where the shard is recovered meanwhile, to begin anew."""
JOURNAL_SECONDS_MAX = 30.0
_AGAIN_SECONDS = 0.05


class BackfillError(RuntimeError):
    """The past could not be counted: why, and the remedy."""


@dataclass(frozen=True)
class Past:
    """What a shard has folded, read again for features that are to count it; labels are left out.

    With `rest` there is time after each slice for events to be judged.
    """

    topology: Topology
    reader: LogReader
    poison: Iterable[Poison]
    rest: bool

    async def begin(self, filled: Backfill, upto: Mapping[int, int]) -> Filled:
        """Return from where on the past before some positions matters, and whether none of it is gone."""
        starts, is_whole = {}, True
        for number, stop in events_of(upto).items():
            partition = self.topology.place(number)
            first, _ = await self.reader.bounds(partition)
            since = await self.reader.since(partition, filled.appended_from_us // 1_000)
            starts[number] = min(since, stop)
            # Where what is wanted begins with what is there, what was before may be wanted as well.
            is_whole &= first == 0 or since > first
        return Filled(starts, events_of(upto), is_whole)

    async def fold(
        self, filled: Backfill, entries: Sequence[Entry], at: Mapping[int, int], upto: Mapping[int, int]
    ) -> None:
        """Count what lies from `at` to before `upto`, in the order of the journal's entries."""
        left_out = {(each.partition, each.offset) for each in self.poison}
        for run in history(entries, at, upto):
            assert run.stop is not None
            partition = self.topology.place(run.partition)
            poisoned = {offset for number, offset in left_out if number == run.partition}
            async for batch in self.reader.read(partition, run.start, run.stop):
                values = [None if each.offset in poisoned else each.value for each in batch.records]
                began = time.perf_counter()
                filled.fold(values, batch.appended_us())
                if self.rest:
                    await asyncio.sleep(REST * (time.perf_counter() - began))

    async def finish(self, filled: Backfill, told: Filled, upto: Mapping[int, int]) -> Filled:
        """Take note of what has left the topic before it could be counted; return what is true by now."""
        is_whole = told.is_whole
        for number, start in told.starts.items():
            first, _ = await self.reader.bounds(self.topology.place(number))
            is_whole &= first <= start or start >= upto.get(number, 0)
        if not is_whole:
            filled.lack()
        return Filled(told.starts, events_of(upto), is_whole)


def events_of(positions: Mapping[int, int]) -> dict[int, int]:
    """Return the positions in partitions of events, without those of labels."""
    return {number: offset for number, offset in positions.items() if number >= 0}


class Backfiller:
    """Puts changed rules in force once their new features have counted the past; events are judged meanwhile.

    `new_consumer` makes the Kafka client that reads input and journal again.
    """

    def __init__(
        self, topology: Topology, shard: Shard, new_consumer: Callable[..., Any] = AIOKafkaConsumer
    ) -> None:
        self._topology = topology
        self._shard = shard
        self._new_consumer = new_consumer

    async def swap(self, ruleset: Ruleset) -> None:
        """Put a ruleset in force between two batches; what is raised has changed nothing."""
        try:
            for _ in range(ROUNDS_MAX):
                if await self._swap(ruleset):
                    return
        except (KafkaError, JournalError, TimeoutError) as error:
            raise BackfillError(
                f"the past of {self._topology.input.topic} cannot be read again ({error!r}): bring the rules "
                "again when the broker answers"
            ) from error
        raise BackfillError(
            f"the shard was recovered, or got partitions, {ROUNDS_MAX} times while new features counted the "
            "past: see why, and bring the rules again"
        )

    async def _swap(self, ruleset: Ruleset) -> bool:
        """Return whether that is done; else the shard was recovered meanwhile, or has another partition."""
        engine = cast("Engine", self._shard.engine)
        bound = await asyncio.to_thread(engine.prepare, ruleset)
        filled = engine.backfill(bound)
        if filled is None:
            async with self._shard.moving:
                if self._shard.engine is not engine:
                    return False
                engine.reload(bound)
            return True
        log.info(
            "the new features of ruleset %s count the past; until then %s judges events",
            ruleset.version,
            engine.ruleset.version,
        )
        began = time.monotonic()
        input_ = [self._topology.place(each) for each in self._events()]
        async with self._reader(input_, SLICE_EVENTS) as reader:
            past = Past(self._topology, reader, self._shard.poison, rest=True)
            told = await past.begin(filled, self._events())
            at = await self._come_close(past, filled, told.starts)
            # A batch in hand is finished first, and the next waits for what is left.
            async with self._shard.folding, self._shard.moving:
                if self._shard.engine is not engine or not self._shard.is_whole:
                    return False
                if self._events().keys() != told.starts.keys():
                    # A partition has been read for the first time.
                    return False
                past = Past(self._topology, reader, self._shard.poison, rest=False)
                await past.fold(filled, await self._entries(), at, self._events())
                told = await past.finish(filled, told, self._events())
                engine.reload(bound, filled)
                self._shard.have_filled(told)
        say(ruleset, self._topology.input.topic, told, time.monotonic() - began)
        return True

    async def _come_close(self, past: Past, filled: Backfill, at: Mapping[int, int]) -> Mapping[int, int]:
        """Count the past until little of it is left; return up to where."""
        for _ in range(ROUNDS_MAX):
            upto = self._events()
            if _messages(at, upto) <= CLOSE_EVENTS:
                return at
            await past.fold(filled, await self._entries(), at, upto)
            at = upto
        raise BackfillError(
            f"{self._topology.input.topic} grows faster than its past can be read again beside it: bring the "
            "rules again when there is less traffic, or take warm_from out of the topology's rules"
        )

    def _events(self) -> dict[int, int]:
        return events_of(self._shard.positions)

    async def _entries(self) -> Sequence[Entry]:
        """Return the journal up to the newest entry of this process, which may be on its way there."""
        if len(self._events()) == 1:
            # One partition has one order.
            return ()
        mine = self._shard.last
        topic = (self._topology.output.journal, 0)
        async with asyncio.timeout(JOURNAL_SECONDS_MAX), self._reader([topic]) as reader:
            while True:
                read = [entry async for entry in entries_in(reader, topic)]
                entries = list(valid(each for each in read if each.topic_id == mine.topic_id))
                if mine.partition is None or mine in entries:
                    return entries
                await asyncio.sleep(_AGAIN_SECONDS)

    def _reader(self, partitions: Sequence[Partition], messages_max: int = RECORDS_MAX) -> LogReader:
        return LogReader(self._topology.kafka, partitions, self._new_consumer, messages_max)


def _messages(at: Mapping[int, int], upto: Mapping[int, int]) -> int:
    return sum(offset - at.get(number, 0) for number, offset in upto.items())


def say(ruleset: Ruleset, topic: str, told: Filled, seconds: float) -> None:
    """Log how far back the new features of a ruleset have counted."""
    short = (
        "" if told.is_whole else "; what lies further back has left the topic, alerts say how warm they are"
    )
    log.info(
        "the new features of ruleset %s have counted %d offsets of %s in %.1f s%s",
        ruleset.version,
        _messages(told.starts, told.upto),
        topic,
        seconds,
        short,
    )

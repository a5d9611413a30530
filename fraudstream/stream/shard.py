"""A shard: one engine, what it has folded so far, and what its journal has to say of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Union, cast
from uuid import uuid4

from fraudstream.engine.result import step_failed
from fraudstream.stores.checkpoints import Meta
from fraudstream.stream.journal import Entry, Filled, Poison
from fraudstream.stream.stopwatch import Stopwatch

if TYPE_CHECKING:
    from fraudstream.engine.keyed.ingest import Ingest
    from fraudstream.engine.result import StepResult
    from fraudstream.engine.stats import EngineStats
    from fraudstream.engine.step import Engine
    from fraudstream.events.batch import DeadLetter
    from fraudstream.stream.batch import Batch, Partition


Fold = Union["Engine", "Ingest"]
"""The engine of a single worker, or the first stage of a keyed topology."""


SHARD = 0
"""The number of the shard that reads the input, beside the stages of a keyed topology."""
RUN_OFFSETS_MAX = 20_000
"""How far a shard goes in one partition before it says so in the journal, where its heir has to know."""


def _own_number(partition: Partition) -> int:
    return partition[1]


class Shard:
    """Folds the batches of its partitions, of events and of labels, each message once.

    Attributes
    ----------
    number
        Returns the number of a partition, below 0 for labels, as `Topology.number` does.
    run_offsets_max
        How far it goes in one partition under one entry of the journal, None where nobody has to know.
    engine
        Holds the state.
    is_whole
        Whether that state is worth anything: once the engine has raised, the shard has to be recovered.
    owner
        A name for this process, which no other has.
    cluster_id
        Of the cluster that the input is on.
    positions
        Per input partition the offset of the next message to fold.
    last
        The newest entry of the journal that is this process's own, which may be on its way there.
    folding
        Held by whoever takes in a batch or recovers the shard: a batch in hand is finished first.
    stopwatch
        Says how long the stages of the last fold took.
    moving
        Held by whoever puts another engine or ruleset in place, and has to wait on the way.
    """

    def __init__(
        self,
        engine: Fold,
        number: Callable[[Partition], int] = _own_number,
        run_offsets_max: int | None = None,
    ) -> None:
        self.engine = engine
        self.number = number
        self._run_offsets_max = run_offsets_max
        self.is_whole = True
        self.owner = uuid4().hex
        self.positions: dict[int, int] = {}
        self.cluster_id = ""
        self.last = Entry(-1, self.owner)
        self.folding = asyncio.Lock()
        self.moving = asyncio.Lock()
        self._poison: dict[tuple[int, int], Poison] = {}
        self.stopwatch = Stopwatch()
        self._filled: Filled | None = None
        """What the next entry has to tell of the ruleset in force."""

    @property
    def poison(self) -> tuple[Poison, ...]:
        """The messages that are left out."""
        return tuple(self._poison.values())

    def renew(self, engine: Fold, positions: Mapping[int, int], poison: Iterable[Poison]) -> None:
        """Go on with another state, which has folded everything before `positions` but the poison."""
        self.engine = engine
        self.is_whole = True
        self.positions = dict(positions)
        self._filled = None
        self._poison = {(each.partition, each.offset): each for each in poison}

    @property
    def can_be_kept(self) -> bool:
        """Whether the state is that of its positions, and this process has begun to fold."""
        return self.is_whole and self.last.partition is not None

    def stats(self) -> EngineStats:
        """Count what the engine holds in memory."""
        return self.engine.stats()

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state, between two batches."""
        return self.engine.snapshot()

    def meta(self) -> Meta:
        """Return what a recovery must know of the state."""
        extra = {
            "cluster_id": self.cluster_id,
            "topic_id": self.last.topic_id,
            "ruleset": self.engine.ruleset.version,
            "poison": [list(each) for each in self.poison],
        }
        return Meta(positions=dict(self.positions), epoch=self.last.epoch, extra=extra)

    def have_filled(self, filled: Filled) -> None:
        """Take note that the features which the ruleset in force has added have counted the past."""
        self._filled = filled.widened(self._filled)

    def unseen(self, batch: Batch) -> Batch | None:
        """Return the part of a batch that is not yet folded, None where all of it is."""
        return batch.since(self.positions.get(self.number(batch.partition), 0))

    def turn_to(self, batch: Batch) -> Entry | None:
        """Return what must be in the journal before anything comes of a batch.

        None where the journal says it already.
        """
        partition, upto = self.number(batch.partition), self.last.upto
        is_told = (self.last.partition, self.last.ruleset) == (partition, self.engine.ruleset.version)
        if is_told and (upto is None or batch.next_offset <= upto):
            return None
        self.last = replace(self._entry(partition), upto=self._bound(batch))
        return self.last

    def _bound(self, batch: Batch) -> int | None:
        """Return before which offset there will be another entry, None where the shard does not say."""
        most = self._run_offsets_max
        return None if most is None else max(batch.next_offset, batch.first_offset + most)

    def leave_out(self, poison: Poison) -> Entry:
        """Leave out a message on which the engine fails, for good; return the entry that says so."""
        self._poison[poison.partition, poison.offset] = poison
        self.last = self._entry(poison.partition, (poison,))
        return self.last

    def _entry(self, partition: int, poison: tuple[Poison, ...] = ()) -> Entry:
        positions, filled = dict(self.positions), self._filled
        if self.last.filled is not None and self.last.positions == positions:
            # Nothing was folded under the last entry, so that this one stands in its place.
            filled = self.last.filled.widened(filled)
        self._filled = None
        version = self.engine.ruleset.version
        return replace(
            self.last,
            partition=partition,
            positions=positions,
            ruleset=version,
            poison=poison,
            filled=filled,
        )

    def miss(self) -> None:
        """Take note that messages are gone before the next one."""
        self.engine.miss()

    def fold(self, batch: Batch) -> StepResult:
        """Judge a batch of which nothing was folded before; what is poison becomes a dead letter.

        Raises what the engine raises; then the shard has to be recovered.
        """
        partition = self.number(batch.partition)
        left_out = self._left_out(batch) if self._poison else {}
        values = batch.values
        if left_out:
            values = [None if row in left_out else value for row, value in enumerate(values)]
        self.is_whole = False
        self.stopwatch.start(self.engine)
        if partition < 0:
            # A keyed topology, whose first stage is no engine, takes no labels.
            result = cast("Engine", self.engine).learn(values)
        else:
            result = self.engine.step(values, appended_us=batch.appended_us())
        self.is_whole = True
        self.positions[partition] = batch.next_offset
        if not left_out:
            return result
        letters = [left_out.get(letter.row, letter) for letter in result.dead_letters]
        return replace(result, dead_letters=letters)

    def _left_out(self, batch: Batch) -> dict[int, DeadLetter]:
        """Return the dead letters of the poison in a batch, by row."""
        partition = self.number(batch.partition)
        return {
            row: step_failed(row, poison.exception, poison.detail)
            for row, record in enumerate(batch.records)
            if (poison := self._poison.get((partition, record.offset))) is not None
        }

"""What a worker of the group does with some partitions: recover, fold, send, keep; one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faust.types import ConsumerMessage, EventT

    from fraudstream.engine.stats import EngineStats
    from fraudstream.stream.batch import Partition
    from fraudstream.stream.checkpointing import Checkpointer
    from fraudstream.stream.keeper import Keeper
    from fraudstream.stream.sender import Sender


@dataclass
class Unit:
    """One shard, or one stage of a keyed topology.

    Attributes
    ----------
    name
        What the log and the metrics call it.
    ruleset
        Tells the version of the ruleset by which it folds.
    reads
        Tells whether a partition is one that it reads.
    handle
        Takes in a Faust event whose value is a batch, and sees to its acknowledgement.
    let_go
        Stops waiting for what only other units can bring; returns the messages that wait for it. None where
        it never waits for any.
    """

    name: str
    ruleset: Callable[[], str]
    reads: Callable[[Partition], bool]
    handle: Callable[[EventT], Awaitable[None]]
    keeper: Keeper
    sender: Sender
    stats: Callable[[], EngineStats]
    checkpointer: Checkpointer | None = None
    let_go: Callable[[], Collection[ConsumerMessage]] | None = None

    def leave(self) -> Collection[ConsumerMessage]:
        """Take in nothing more where it waits for other units; return the messages that are left alone.

        What comes behind those must not be folded before them.
        """
        if self.let_go is None:
            return ()
        self.keeper.give_up()
        return self.let_go()

    def look(self) -> None:
        """Begin a checkpoint where one is due."""
        if self.checkpointer is not None and self.keeper.is_ready:
            self.checkpointer.look()

    def finish(self) -> None:
        """Write a last checkpoint, when the worker stops."""
        if self.checkpointer is not None:
            self.checkpointer.finish()

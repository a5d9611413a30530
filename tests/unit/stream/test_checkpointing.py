"""A checkpoint is begun when it is due, and when the state is worth it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from fraudstream.stores.checkpoints import CheckpointStore, Meta, Saving
from fraudstream.stream.checkpointing import Checkpointer
from fraudstream.stream.journal import Entry
from fraudstream.stream.shard import Shard
from tests.unit.stream.fakes import RULESET_VERSION, FakeEngine, FakeObserver, batch


class Setup:
    """A checkpointer whose saves are never over, of a shard that has folded some events."""

    def __init__(self) -> None:
        self.begun: list[Meta] = []
        self.now = 0.0
        self.engine = FakeEngine()
        self.shard = Shard(self.engine.as_engine())
        self.shard.last = Entry(1, self.shard.owner, 0, {}, RULESET_VERSION)
        self.shard.fold(batch([0, 1]))
        store = cast(CheckpointStore, None)
        self.checkpointer = Checkpointer(
            3, store, self.shard, dict, 10, FakeObserver(), self.begin, lambda: self.now
        )

    def begin(self, store: Any, snapshot: Any, meta: Meta) -> Saving:
        """Remember what was begun."""
        self.begun.append(meta)
        return Saving(0, 0, 0.0, "nowhere")


@pytest.fixture
def setup() -> Setup:
    """A checkpointer at second 0."""
    return Setup()


def test_a_checkpoint_is_begun_when_it_is_due(setup: Setup) -> None:
    """It tells of what is folded, and whose it is."""
    setup.checkpointer.look()
    assert setup.begun == []
    setup.now = 10.0
    setup.checkpointer.look()
    (meta,) = setup.begun
    assert (meta.positions, meta.epoch) == ({0: 2}, 1)


def test_the_state_of_an_engine_that_has_failed_is_not_kept(setup: Setup) -> None:
    """It is worthless until the shard is recovered, and a recovery would take it for good."""
    setup.now = 10.0
    with pytest.raises(RuntimeError):
        setup.shard.fold(batch([2], b"CRASH"))
    setup.checkpointer.look()
    assert setup.begun == []
    setup.shard.renew(setup.engine.as_engine(), {0: 2}, ())
    setup.checkpointer.look()
    assert len(setup.begun) == 1

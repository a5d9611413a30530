"""Has checkpoints written while the worker goes on: one after the other, by processes of their own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore, Meta, Saving, start_saving

if TYPE_CHECKING:
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often it is looked at whether a checkpoint is written, or due."""


class Kept(Protocol):
    """State that is worth keeping."""

    @property
    def can_be_kept(self) -> bool:
        """Whether the state is that of its positions, and this process has begun to fold."""

    @property
    def positions(self) -> Mapping[int, int]:
        """Per input partition the offset of the next message to fold."""

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state."""

    def meta(self) -> Meta:
        """Return what a recovery must know of the state."""


class Checkpointer:
    """Writes the checkpoints of a shard, or of a stage.

    A recovery can use only those that tell of nothing but what is committed, and a few are kept. So none is
    begun before the last one is covered by `committed`: at most one is ahead.

    `shard` is the number of the shard or stage; `start` begins a save beside the fold; `clock` gives seconds
    that only ever grow.
    """

    def __init__(
        self,
        shard: int,
        store: CheckpointStore,
        kept: Kept,
        committed: Callable[[], Mapping[int, int]],
        every_seconds: float,
        observer: StreamObserver,
        start: Callable[..., Saving] = start_saving,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._clock = clock
        self._shard = shard
        self._store = store
        self._kept = kept
        self._committed = committed
        self._every_seconds = every_seconds
        self._observer = observer
        self._saving: Saving | None = None
        self._saved: Mapping[int, int] = {}
        self._due = clock() + every_seconds

    def look(self) -> None:
        """Take note of a checkpoint that is written, or begin one that is due; never raises."""
        try:
            if self._saving is not None:
                self._take_note(self._saving)
            elif self._clock() >= self._due and self._is_worth_it():
                self._begin()
        except (CheckpointError, OSError) as error:
            self._failed(error)

    def finish(self) -> None:
        """Write a last checkpoint of everything that is committed, when the worker stops; never raises."""
        try:
            if self._saving is not None:
                self._saving.result()
            if self._is_worth_it():
                self._store.save(self._kept.snapshot(), self._kept.meta())
        except (CheckpointError, OSError) as error:
            self._failed(error)

    def _is_worth_it(self) -> bool:
        if not self._kept.can_be_kept:
            return False
        committed = self._committed()
        covered = all(offset <= committed.get(each, 0) for each, offset in self._saved.items())
        return covered and self._kept.positions != self._saved

    def _begin(self) -> None:
        self._saved = dict(self._kept.positions)
        # The snapshot is taken in the child, which sees the state as it is now.
        self._saving = self._start(self._store, self._kept.snapshot, self._kept.meta())
        self._observer.on_checkpoint_begun(self._saving.pause_ms / 1000)

    def _take_note(self, saving: Saving) -> None:
        if not saving.poll():
            return
        saved = saving.result()
        self._saving = None
        self._due = self._clock() + self._every_seconds
        self._observer.on_checkpoint(
            self._shard,
            seconds=saved.seconds,
            added_bytes=saved.written_bytes,
            state_bytes=saved.state_bytes,
        )
        if saved.sweep_problem is not None:
            log.warning("old checkpoints stay: %s", saved.sweep_problem)

    def _failed(self, error: Exception) -> None:
        log.error("no checkpoint: %s; the last one stays, and the next is tried as usual", error)
        self._observer.on_error("checkpoint")
        self._saving, self._saved = None, {}
        self._due = self._clock() + self._every_seconds

"""Faults to plant in the stream: each breaks one promise, and the auditor must notice.

Like `worker.py`, this file knows fraudstream from inside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any

import pytest

from fraudstream.config import Kafka
from fraudstream.stores.checkpoints.sealing import Seal
from fraudstream.stream import desk
from fraudstream.stream.journal_writer import JournalWriter
from fraudstream.stream.ledger import Ledger
from fraudstream.stream.log_reader import LogReader
from fraudstream.stream.recovery import Recovery
from fraudstream.stream.sender import ExactlyOnce
from fraudstream.stream.shard import Shard
from tests.sim.world import AT_LEAST_ONCE, EXACTLY_ONCE

Plant = Callable[[pytest.MonkeyPatch], None]


def _acknowledged_unsent(patch: pytest.MonkeyPatch) -> None:
    async def received(receipts: Any) -> None:
        """Wait for nobody."""

    patch.setattr(desk, "received", received)


def _checkpoint_ahead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recovery, "_fits", lambda self, listed: True)


def _unfenced(patch: pytest.MonkeyPatch) -> None:
    made = ExactlyOnce.__init__

    def make(self: ExactlyOnce, name: str, *rest: Any) -> None:
        made(self, name + token_hex(4), *rest)

    patch.setattr(ExactlyOnce, "__init__", make)


def _unchecked(patch: pytest.MonkeyPatch) -> None:
    """Take a chunk for what it should be, whatever is left of it."""
    opened = Seal.open_chunk

    def open_chunk(self: Seal, kept: bytes, name: str, length: int) -> bytes:
        try:
            return opened(self, kept, name, length)
        except Exception:
            return bytes(length)

    patch.setattr(Seal, "open_chunk", open_chunk)


def _without_journal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shard, "turn_to", lambda self, batch: None)


def _refolded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shard, "unseen", lambda self, batch: batch)


def _newest_finished(patch: pytest.MonkeyPatch) -> None:
    """Commit up to the last batch that is finished, whatever is before it."""

    def settle(self: Ledger, partition: tuple[str, int]) -> None:
        batches = self._open.get(partition)
        for batch in [each for each in batches or () if each.emitted]:
            assert batches is not None
            batches.remove(batch)
            self._open_bytes -= batch.size_bytes
            self._commit_points[partition] = max(self._commit_points.get(partition, 0), batch.next_offset)

    patch.setattr(Ledger, "settle", settle)


def _offsets_apart(patch: pytest.MonkeyPatch) -> None:
    """Commit the offsets in a transaction of their own, before the messages."""
    committed = ExactlyOnce._commit

    async def commit(self: ExactlyOnce, client: Any, items: Any) -> None:
        empty = [type(item)([], item.done, item.receipt) for item in items]
        await committed(self, client, empty)
        await committed(self, client, items)

    patch.setattr(ExactlyOnce, "_commit", commit)


def _silent_tail(patch: pytest.MonkeyPatch) -> None:
    """Replay what may not be sent without sending it."""

    async def fold(self: Recovery, batch: Any, emitted: int) -> None:
        self.shard.fold(batch)

    patch.setattr(Recovery, "_fold", fold)


def _forgotten_poison(patch: pytest.MonkeyPatch) -> None:
    renewed = Shard.renew

    def renew(self: Shard, engine: Any, positions: Mapping[int, int], poison: Any) -> None:
        renewed(self, engine, positions, ())

    patch.setattr(Shard, "renew", renew)


def _aborted_too(patch: pytest.MonkeyPatch) -> None:
    """Replay events of aborted transactions."""
    made = LogReader.__init__

    def make(self: LogReader, kafka: Kafka, partitions: Any, new_consumer: Any) -> None:
        made(
            self,
            kafka,
            partitions,
            lambda **settings: new_consumer(**{**settings, "isolation_level": "read_uncommitted"}),
        )

    patch.setattr(LogReader, "__init__", make)


def _one_look(patch: pytest.MonkeyPatch) -> None:
    """Go by where the group stood before the last owner was fenced."""
    look = Recovery._look

    async def once(self: Recovery) -> None:
        before = getattr(self, "_now", None)
        await look(self)
        if before is not None and asyncio.current_task() is getattr(self, "_looked_in", None):
            self._now = before
        self._looked_in = asyncio.current_task()  # type: ignore[attr-defined]

    patch.setattr(Recovery, "_look", once)


def _unfinished_run(patch: pytest.MonkeyPatch) -> None:
    """Begin anywhere, whatever the last owner was at."""

    async def finish(self: Recovery) -> None:
        """Judge nothing."""

    patch.setattr(Recovery, "_finish_the_last_run", finish)


def _endless_run(patch: pytest.MonkeyPatch) -> None:
    """Go on in a partition beyond what the journal says."""
    turn_to = Shard.turn_to

    def turn(self: Shard, batch: Any) -> Any:
        last, version = self.last, self.engine.ruleset.version
        is_within = (last.partition, last.ruleset) == (self.number(batch.partition), version)
        return None if is_within else turn_to(self, batch)

    patch.setattr(Shard, "turn_to", turn)


def _deaf_zombie(patch: pytest.MonkeyPatch) -> None:
    """Take no notice of what others write to the journal."""
    written = JournalWriter.write

    async def write(self: JournalWriter, entry: Any) -> None:
        self._newest = None
        await written(self, entry)

    patch.setattr(JournalWriter, "write", write)


FAULTS: dict[str, tuple[str, Plant, int]] = {
    "an alert is acknowledged before the broker has it": (AT_LEAST_ONCE, _acknowledged_unsent, 0),
    "a checkpoint ahead of the committed offsets is taken": (AT_LEAST_ONCE, _checkpoint_ahead, 100),
    "transactions do not fence": (EXACTLY_ONCE, _unfenced, 354),
    "chunks are not checked": (AT_LEAST_ONCE, _unchecked, 56),
    "the journal is not written": (EXACTLY_ONCE, _without_journal, 0),
    "the offsets go before the alerts": (EXACTLY_ONCE, _offsets_apart, 0),
    "what was folded is folded again": (AT_LEAST_ONCE, _refolded, 0),
    "the newest finished batch is committed": (AT_LEAST_ONCE, _newest_finished, 0),
    "what may not be sent is not sent again": (AT_LEAST_ONCE, _silent_tail, 157),
    "the last owner's run is not finished first": (AT_LEAST_ONCE, _unfinished_run, 0),
    "a run goes on beyond its limit": (AT_LEAST_ONCE, _endless_run, 350),
    "a zombie does not look at the journal": (AT_LEAST_ONCE, _deaf_zombie, 1_200),
    "poison is forgotten": (EXACTLY_ONCE, _forgotten_poison, 0),
    "aborted events are replayed": (AT_LEAST_ONCE, _aborted_too, 0),
    "the offsets are looked at before fencing": (EXACTLY_ONCE, _one_look, 4_300),
}
"""By name: the guarantee under which it shows, how to plant it, and a seed near which it does.

What a zombie writes to the journal, or keeps as a checkpoint, shows in too few worlds to be among these:
tests/unit/stream/test_journal.py looks at it.
"""

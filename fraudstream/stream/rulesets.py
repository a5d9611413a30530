"""Puts rulesets in force while a shard is recovered: those of back then, and the one of today."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fraudstream.stream.backfilling import Past, events_of, say

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.engine.backfill import Backfill
    from fraudstream.engine.step import Engine
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stream.journal import Entry, Filled, Run
    from fraudstream.stream.log_reader import LogReader
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.shard import Shard

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rulesets:
    """The rulesets of one shard, by `ruleset_of` where they are kept."""

    topology: Topology
    shard: Shard
    ruleset_of: Callable[[str], Ruleset | None]
    observer: StreamObserver

    def find(self, version: str, wanted: Ruleset) -> Ruleset:
        """Return the ruleset that was in force, or that of today where it is not kept."""
        if version == wanted.version:
            return wanted
        kept = self.ruleset_of(version)
        if kept is None:
            log.error("ruleset %s is not kept: its events are folded under %s", version, wanted.version)
            self.observer.on_error("checkpoint")
        return kept or wanted

    async def turn(self, reader: LogReader, run: Run, wanted: Ruleset, entries: Sequence[Entry]) -> None:
        """Put the ruleset of a run in force; its new features count what they had counted back then."""
        if run.ruleset == self._version:
            return
        ruleset = self.find(run.ruleset, wanted)
        if ruleset.version == self._version:
            return
        if run.filled is None:
            self._reload(ruleset)
        else:
            await self._fill(reader, ruleset, entries, run.filled)

    async def take_up(self, reader: LogReader, wanted: Ruleset, entries: Sequence[Entry]) -> None:
        """Put the ruleset in force that this process runs, where another was."""
        if wanted.version == self._version:
            return
        if self.topology.rule_source.warm_from is None:
            self._reload(wanted)
            return
        found = await self._fill(reader, wanted, entries, None)
        if found is not None:
            self.shard.have_filled(found)

    @property
    def _version(self) -> str:
        return self.shard.engine.ruleset.version

    def _reload(self, ruleset: Ruleset) -> None:
        self.shard.engine.reload(self.shard.engine.prepare(ruleset))

    async def _fill(
        self, reader: LogReader, ruleset: Ruleset, entries: Sequence[Entry], told: Filled | None
    ) -> Filled | None:
        """Put a ruleset in force whose new features count the past, from where they did if that is told.

        Return what they have counted, None where there are none.
        """
        # No keyed topology has features that count the past.
        engine = cast("Engine", self.shard.engine)
        bound = engine.prepare(ruleset)
        filled = engine.backfill(bound)
        found = None if filled is None else await self._filled(reader, ruleset, entries, filled, told)
        engine.reload(bound, filled)
        return found

    async def _filled(
        self,
        reader: LogReader,
        ruleset: Ruleset,
        entries: Sequence[Entry],
        filled: Backfill,
        told: Filled | None,
    ) -> Filled:
        began, upto = time.monotonic(), events_of(self.shard.positions)
        past = Past(self.topology, reader, self.shard.poison, rest=False)
        start = told or await past.begin(filled, upto)
        at = {each: min(start.starts.get(each, 0), offset) for each, offset in upto.items()}
        await past.fold(filled, entries, at, upto)
        found = await past.finish(filled, start, upto)
        if told is not None and told.is_whole and not found.is_whole:
            self.observer.on_error("retention")
        say(ruleset, self.topology.input.topic, found, time.monotonic() - began)
        return found

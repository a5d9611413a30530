"""The first stage: takes messages in, puts them in order, and sends each event where its entities live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.gaps import Past
from fraudstream.engine.keyed.part import Stretch, write_events
from fraudstream.engine.keyed.routing import Routes
from fraudstream.engine.laps import Lap, untimed
from fraudstream.engine.memory import Forgetful, TextMemory
from fraudstream.engine.result import Part, StepResult, joined, without_events
from fraudstream.engine.snapshots import check_snapshot
from fraudstream.engine.stages import Snapshot
from fraudstream.engine.stats import EngineStats
from fraudstream.engine.step import Settings, sliced
from fraudstream.engine.watermark import Watermark
from fraudstream.events.appends import Appends
from fraudstream.events.dictionary import Dictionary
from fraudstream.events.interning import Interner
from fraudstream.features.layout import key_columns
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset

SNAPSHOT_FORMAT = 1


class Ingest:
    """Stands where a single worker has its engine, and gives parts instead of alerts.

    Partition `partitions` of the parts is that of the last stage, which is sent every event.
    """

    def __init__(self, ruleset: Ruleset, settings: Settings, partitions: int) -> None:
        self.settings = settings
        self.partitions = partitions
        self.lap: Lap = untimed
        """As of `Engine`."""
        self._interner = Interner()
        self._intake = settings.intake(self._interner)
        self._watermark = Watermark()
        self._past = Past()
        self._texts = TextMemory(self._interner)
        self._dictionary = Dictionary(self._interner)
        self._accepted = 0
        self.reload(settings.bind(ruleset))

    def fresh(self, ruleset: Ruleset) -> Ingest:
        """Return a stage with the same settings that has seen nothing; RulesetError as with `prepare`."""
        return Ingest(ruleset, self.settings, self.partitions)

    def prepare(self, ruleset: Ruleset) -> Bound:
        """Bind another ruleset, in any thread and beside `step`; RulesetError where it does not fit."""
        return self.settings.bind(ruleset)

    def reload(self, bound: Bound) -> None:
        """Put a prepared ruleset in force, between two batches."""
        self._keys = key_columns(bound.features)
        self.ruleset = bound.ruleset
        self.features = len(bound.features)
        """How many distinct features the shares compute."""
        self.rule_ids: tuple[str, ...] = tuple(each.rule.id for each in bound.rules)

    def step(
        self, values: Sequence[bytes | None], appended_us: NDArray[np.int64] | None = None
    ) -> StepResult:
        """Take in n messages; what they are about goes on as parts. Arguments as of `Engine.step`."""
        appends = None if appended_us is None else Appends(appended_us, self.settings.ahead_us)
        return joined(
            [
                (each.start, self._step(values[each], appends and appends.take(each)))
                for each in sliced(len(values))
            ]
        )

    def _step(self, values: Sequence[bytes | None], appends: Appends | None) -> StepResult:
        batch, dead, duplicates = self._intake.take(values, appends)
        self.lap("decode")
        # Decisions, and with them outcomes of rules, are the last stage's to tell.
        nothing = without_events(len(values), dead, duplicates, ())
        if not len(batch):
            return nothing
        tide = self._watermark.advance(batch.time_us)
        self._texts.seen(batch.codes, tide.after_us)
        stretch = Stretch(self._accepted, len(batch), tide.before_us, tide.after_us, self.ruleset.version)
        self._accepted += len(batch)
        gap = self._past.follow(tide.before_us, batch.time_us)
        routes = Routes(batch, self._keys, self.partitions)
        wanted = [routes.events_for(partition) for partition in range(self.partitions)]
        wanted.append(np.arange(len(batch)))
        parts = [
            Part(
                partition,
                batch.row[events],
                write_events(stretch, batch, tide, events, self._dictionary, gap),
            )
            for partition, events in enumerate(wanted)
        ]
        self._texts.forget(Forgetful(tide.after_us))
        self.lap("route")
        return replace(nothing, parts=parts)

    def miss(self) -> None:
        """Take note that messages are gone which stood before the next one; all stages are told."""
        self._past.miss()

    def stats(self) -> EngineStats:
        """Count what the stage holds in memory."""
        texts, text_bytes, watermark_us = len(self._interner), self._interner.bytes, self._watermark.us
        return EngineStats((), 0, 0, texts, text_bytes, self._intake.bytes, watermark_us=watermark_us)

    def snapshot(self) -> Snapshot:
        """Return the whole state, between two batches."""
        return {
            "format": SNAPSHOT_FORMAT,
            "ruleset": self.ruleset.version,
            "interner": self._interner.snapshot(),
            "duplicates": self._intake.snapshot(),
            "watermark": self._watermark.snapshot(),
            "past": self._past.snapshot(),
            "texts": self._texts.snapshot(),
            "accepted": self._accepted,
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a stage with the same ruleset and settings; SnapshotError otherwise."""
        check_snapshot(snapshot, SNAPSHOT_FORMAT, self.ruleset.version)
        self._interner.restore(snapshot["interner"])
        self._intake.restore(snapshot["duplicates"])
        self._watermark.restore(snapshot["watermark"])
        self._past.restore(snapshot["past"])
        self._texts.restore(snapshot["texts"])
        self._accepted = snapshot["accepted"]

"""The middle stage: the windows of the entities that one partition keeps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fraudstream.engine.features import FeatureStage
from fraudstream.engine.gaps import Past, widest
from fraudstream.engine.generations import generation_snapshot, restored_generation, stores_for
from fraudstream.engine.keyed.evidence import Foresight, write_evidence
from fraudstream.engine.keyed.part import Failure, Packed, counted, events_of, write
from fraudstream.engine.keyed.routing import PartitionGate, Routes
from fraudstream.engine.keyed.values import ValueCodec
from fraudstream.engine.laps import Lap, untimed
from fraudstream.engine.memory import TextMemory
from fraudstream.engine.snapshots import check_snapshot
from fraudstream.engine.stages import Snapshot
from fraudstream.engine.stats import EngineStats, forgotten, report
from fraudstream.engine.step import Settings
from fraudstream.engine.watermark import NEVER_US
from fraudstream.events.dictionary import Dictionary
from fraudstream.events.interning import Interner
from fraudstream.features.layout import key_columns
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.view import View

SNAPSHOT_FORMAT = 1


class Share:
    """Counts events under the keys of its entities, and tells what the features read at each."""

    def __init__(self, ruleset: Ruleset, settings: Settings, partition: int, partitions: int) -> None:
        self.settings = settings
        self.lap: Lap = untimed
        """As of `Engine`."""
        self._partition = partition
        self._partitions = partitions
        self._interner = Interner()
        self._texts = TextMemory(self._interner)
        self._dictionary = Dictionary(self._interner)
        self._past = Past()
        bound = settings.bind(ruleset)
        self._install(bound, stores_for(bound, settings.limits, NEVER_US, gated=True))

    def fresh(self, ruleset: Ruleset) -> Share:
        """Return a share of the same partition that has seen nothing; RulesetError as with `prepare`."""
        return Share(ruleset, self.settings, self._partition, self._partitions)

    def _install(self, bound: Bound, stores: Sequence[FeatureStore]) -> None:
        self._bound = bound
        self._keys = key_columns(bound.features)
        self._features = FeatureStage(bound, self._interner, stores)
        self._foresight = Foresight(bound, self._interner)
        self._codec = ValueCodec(bound)

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset in force."""
        return self._bound.ruleset

    def prepare(self, ruleset: Ruleset) -> Bound:
        """Bind another ruleset, in any thread and beside `step`; RulesetError where it does not fit."""
        return self.settings.bind(ruleset)

    def reload(self, bound: Bound, watermark_us: int) -> None:
        """Put a prepared ruleset in force where the watermark of the whole stream is this."""
        limits, stores = self.settings.limits, self._features.stores
        self._install(bound, stores_for(bound, limits, watermark_us, self._bound, stores, gated=True))

    def step(self, packed: Packed, failures: Sequence[Failure] = ()) -> bytes:
        """Count the events of a part, under the ruleset in force; return what was found.

        Those on which the share fails are left out as if it had never been sent them, and the last stage is
        told. Where it raises, its state is worth nothing any more.
        """
        stretch = packed.stretch
        batch, watermark_us = events_of(packed, self.settings.schema, self._interner)
        if failures:
            kept = counted(np.arange(len(batch)), failures)
            batch, watermark_us = batch.take(kept), watermark_us[kept]
        if not len(batch):
            return write(stretch, {}, widest(packed.gap, self._past.gap), failures)
        gap = widest(packed.gap, self._past.follow(stretch.before_us, batch.time_us))
        self._texts.seen(batch.codes, stretch.after_us)
        view = View(batch)
        gate = PartitionGate(Routes(batch, self._keys, self._partitions), self._partition)
        features = self._features.advance_part(view, watermark_us, gate)
        here = {each.read_by: gate.here(each.read_by) for each in self._bound.features}
        found = self._codec.write(features, here, self._dictionary)
        found |= write_evidence(self._foresight.asked(view, gate), self._features, features)
        self._texts.forget(self._features)
        self.lap("features")
        return write(stretch, found, gap, failures)

    def miss(self) -> None:
        """Take note that parts are gone which stood before the next one; the last stage is told."""
        self._past.miss()

    def stats(self) -> EngineStats:
        """Count what the share holds in memory."""
        features, log_events, log_bytes = report(self._bound, self._features)
        texts, text_bytes = len(self._interner), self._interner.bytes
        entities, events = forgotten(self._features)
        return EngineStats(
            tuple(features),
            log_events,
            log_bytes,
            texts,
            text_bytes,
            0,
            entities_forgotten=entities,
            events_forgotten=events,
        )

    def snapshot(self) -> Snapshot:
        """Return the whole state, between two parts."""
        return {
            "format": SNAPSHOT_FORMAT,
            "ruleset": self.ruleset.version,
            "interner": self._interner.snapshot(),
            "texts": self._texts.snapshot(),
            "past": self._past.snapshot(),
            "generations": [generation_snapshot(store) for store in self._features.stores],
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a share with the same ruleset and settings; SnapshotError otherwise."""
        check_snapshot(snapshot, SNAPSHOT_FORMAT, self.ruleset.version)
        self._interner.restore(snapshot["interner"])
        schema, limits = self.settings.schema, self.settings.limits
        stores = [restored_generation(each, schema, limits, gated=True) for each in snapshot["generations"]]
        # Linked anew: the words of the rules have the codes of the snapshot's texts.
        self._install(self._bound, stores)
        self._texts.restore(snapshot["texts"])
        self._past.restore(snapshot["past"])

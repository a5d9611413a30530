"""The last stage: puts together what the shares found, and judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.gaps import Gap, Past, widest
from fraudstream.engine.generations import Features
from fraudstream.engine.keyed.evidence import Evidence, read_evidence
from fraudstream.engine.keyed.part import Failure, OutOfStepError, Packed, Stretch, counted, events_of
from fraudstream.engine.keyed.routing import NOWHERE, Columns, Routes
from fraudstream.engine.keyed.values import ValueCodec
from fraudstream.engine.laps import Lap, untimed
from fraudstream.engine.memory import Forgetful, TextMemory
from fraudstream.engine.result import StepResult, step_failed, without_events
from fraudstream.engine.snapshots import check_snapshot
from fraudstream.engine.stages import Snapshot, Stages, Witness, result_of
from fraudstream.engine.stats import EngineStats
from fraudstream.engine.step import Settings
from fraudstream.engine.watermark import NEVER_US, Tide
from fraudstream.events.batch import EventBatch
from fraudstream.events.interning import Interner
from fraudstream.features.evidence import Named
from fraudstream.features.layout import key_columns
from fraudstream.features.state import LATE, ON_TIME
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.view import View

SNAPSHOT_FORMAT = 1


class FoundFeatures:
    """Features that were computed elsewhere."""

    def __init__(self, bound: Bound, interner: Interner, partitions: int, lateness_us: int) -> None:
        self._codec = ValueCodec(bound)
        self._interner = interner
        self._partitions = partitions
        self._lateness_us = lateness_us
        self._keys = key_columns(bound.features)
        self._read_by = [each.read_by for each in bound.features]
        self._reads = tuple(dict.fromkeys(self._read_by))
        self._found: Sequence[Packed | None] = ()
        self._named: dict[int, Evidence] = {}
        self._routes: Routes
        self._kept: NDArray[np.intp]

    def bring(self, batch: EventBatch, found: Sequence[Packed | None]) -> dict[int, Failure]:
        """Take the events of a stretch, and what the shares found, in their order, None where that is gone.

        Return how a share failed, by event of the stretch; the first share that did tells of it.
        """
        self._routes = Routes(batch, self._keys, self._partitions)
        self._found = found
        self._kept = np.arange(len(batch))
        failed: dict[int, Failure] = {}
        for partition, told in enumerate(found):
            if told is not None and told.failures:
                sent = self._routes.events_for(partition)
                for each in told.failures:
                    failed.setdefault(int(sent[each.event]), each)
        return failed

    def keep(self, kept: NDArray[np.intp]) -> None:
        """Take note which events of the stretch are judged."""
        self._kept = kept

    def advance(self, view: View, tide: Tide) -> Features:
        """Put the values of every feature at each event that is judged into the view, and return them."""
        late = tide.running_us - view.batch.time_us > self._lateness_us
        lateness = np.where(late, LATE, ON_TIME).astype(np.int8)
        features = self._whole()
        if len(self._kept) < features.known.shape[1]:
            features = features._replace(
                ints=features.ints[:, self._kept],
                floats=features.floats[:, self._kept],
                known=features.known[:, self._kept],
            )
        features = view.features = features._replace(lateness=lateness)
        return features

    def _whole(self) -> Features:
        """Return the values at every event of the stretch, whether it is judged or not."""
        events = self._routes.partitions.shape[1]
        features = self._codec.blank(np.full(events, ON_TIME, np.int8))
        self._named = {}
        for partition, found in enumerate(self._found):
            if found is not None and found.arrays:
                here = {key: self._here(key, partition) for key in self._reads}
                self._codec.read(found.arrays, here, features, self._interner)
                self._named[partition] = read_evidence(found.arrays)
        return features

    def _here(self, key: Columns, partition: int) -> NDArray[np.bool_]:
        """Return at which events a share tells of an entity."""
        here: NDArray[np.bool_] = self._routes.of(key) == partition
        if failures := self._failures(partition):
            here[self._routes.events_for(partition)[[each.event for each in failures]]] = False
        return here

    def _failures(self, partition: int) -> Sequence[Failure]:
        told = self._found[partition]
        return () if told is None else told.failures

    def named(self, places: NDArray[np.int64], features: Features, at_most: int) -> Named:
        """Return for each (feature, event of the batch) of int64 [k, 2] the newest events that it counted."""
        return Named.of([self._ids(feature, event) for feature, event in places.tolist()], at_most)

    def _ids(self, feature: int, event: int) -> list[str]:
        whole = int(self._kept[event])
        partition = int(self._routes.of(self._read_by[feature])[whole])
        if partition == NOWHERE or partition not in self._named:
            return []
        # A share counts the events of its part only.
        events = counted(self._routes.events_for(partition), self._failures(partition))
        place = int(np.searchsorted(events, whole))
        return self._named[partition].of(feature, place)


class Merge:
    """Judges each stretch once every share has told of it."""

    def __init__(
        self, ruleset: Ruleset, settings: Settings, partitions: int, *, witness: Witness | None = None
    ) -> None:
        self.settings = settings
        self.lap: Lap = untimed
        """As of `Engine`."""
        self._partitions = partitions
        self._witness = witness
        self._interner = Interner()
        self._texts = TextMemory(self._interner)
        self._past = Past()
        self._gap: Gap | None = None
        self._watermark_us = NEVER_US
        self._install(settings.bind(ruleset))

    def fresh(self, ruleset: Ruleset) -> Merge:
        """Return a stage with the same settings that has seen nothing; RulesetError as with `prepare`."""
        return Merge(ruleset, self.settings, self._partitions, witness=self._witness)

    def _install(self, bound: Bound) -> None:
        lateness_us = self.settings.limits.lateness_us
        features = FoundFeatures(bound, self._interner, self._partitions, lateness_us)
        # Made before anything changes: what a model is to start from may not fit.
        self._stages = Stages(bound, self._interner, features, self.settings)
        self._features = features
        self.rule_ids = tuple(each.rule.id for each in bound.rules)
        """The rules that are evaluated, in the order of `StepResult.rule_outcomes`."""

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset in force."""
        return self._stages.bound.ruleset

    def prepare(self, ruleset: Ruleset) -> Bound:
        """Bind another ruleset, in any thread and beside `step`; RulesetError where it does not fit."""
        return self.settings.bind(ruleset)

    def reload(self, bound: Bound, watermark_us: int) -> None:
        """Put a prepared ruleset in force where the watermark of the whole stream is this."""
        old = self._stages
        self._install(bound)
        self._stages.adopt(old, watermark_us)

    def step(
        self, packed: Packed, found: Sequence[Packed | None], failures: Sequence[Failure] = ()
    ) -> StepResult:
        """Judge a stretch by what all shares found, in their order; OutOfStepError where it is another's.

        Where what a share found is gone (None) its features are unknown. Events on which a share or this
        stage fails become dead letters, and are not judged; what other shares have counted of them stays.
        Where it raises anything else, its state is worth nothing any more.
        """
        stretch = packed.stretch
        _check(stretch, found)
        batch, running_us = events_of(packed, self.settings.schema, self._interner)
        self._texts.seen(batch.codes, stretch.after_us)
        failed = self._features.bring(batch, found)
        failed |= {each.event: each for each in failures}
        own = self._past.follow(stretch.before_us, batch.time_us)
        self._gap = widest(own, packed.gap, *(each.gap for each in found if each is not None))
        self._watermark_us = stretch.after_us
        result = self._judge(batch, running_us, stretch, sorted(failed))
        self._texts.forget(Forgetful(stretch.after_us))
        self.lap("decide")
        if not failed:
            return result
        letters = [step_failed(event, *failed[event][1:]) for event in sorted(failed)]
        return replace(result, events_in=len(batch), dead_letters=letters)

    def _judge(
        self, batch: EventBatch, running_us: NDArray[np.int64], stretch: Stretch, left_out: Sequence[int]
    ) -> StepResult:
        """Judge the events of a stretch but some; the watermark is at each what it is in all stages."""
        if left_out:
            kept = np.delete(np.arange(len(batch)), left_out)
            if not len(kept):
                return without_events(0, [], 0, self.rule_ids)
            self._features.keep(kept)
            batch, running_us = batch.take(kept), running_us[kept]
        tide = Tide(stretch.before_us, running_us)
        return result_of(self._stages.run(batch, tide, self._gap, witness=self._witness, lap=self.lap))

    def miss(self) -> None:
        """Take note that stretches are gone which stood before the next one."""
        self._past.miss()

    def stats(self) -> EngineStats:
        """Count what the stage holds in memory."""
        warming = int(self._stages.is_warming(self._gap, self._watermark_us))
        resting = self._stages.models.resting()
        return EngineStats((), 0, 0, len(self._interner), self._interner.bytes, 0, warming, resting=resting)

    def snapshot(self) -> Snapshot:
        """Return the whole state, between two stretches."""
        return {
            "format": SNAPSHOT_FORMAT,
            "ruleset": self.ruleset.version,
            "interner": self._interner.snapshot(),
            "texts": self._texts.snapshot(),
            "past": self._past.snapshot(),
            "stages": self._stages.snapshot(),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a stage with the same ruleset and settings; SnapshotError otherwise."""
        check_snapshot(snapshot, SNAPSHOT_FORMAT, self.ruleset.version)
        self._interner.restore(snapshot["interner"])
        # Linked anew: the words of the rules have the codes of the snapshot's texts.
        self._install(self._stages.bound)
        self._texts.restore(snapshot["texts"])
        self._past.restore(snapshot["past"])
        self._stages.restore(snapshot["stages"])


def _check(stretch: Stretch, found: Sequence[Packed | None]) -> None:
    """Raise OutOfStepError where a share tells of other events."""
    for partition, each in enumerate(found):
        if each is not None and each.stretch != stretch:
            raise OutOfStepError(
                f"share {partition} tells of {each.stretch}, the events are {stretch}: was one of the "
                "topics between the stages deleted, or is it another topology's?"
            )

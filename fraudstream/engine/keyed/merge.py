"""The last stage: puts together what the shares found, and judges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fraudstream.engine.gaps import Gap, Past, widest
from fraudstream.engine.generations import Features
from fraudstream.engine.keyed.evidence import Evidence, read_evidence
from fraudstream.engine.keyed.part import OutOfStepError, Packed, events_of
from fraudstream.engine.keyed.routing import NOWHERE, Routes
from fraudstream.engine.keyed.values import ValueCodec
from fraudstream.engine.memory import Forgetful, TextMemory
from fraudstream.engine.result import StepResult
from fraudstream.engine.stages import Snapshot, Stages, Witness, result_of
from fraudstream.engine.stats import EngineStats
from fraudstream.engine.step import Settings, check_snapshot
from fraudstream.engine.watermark import NEVER_US, Tide
from fraudstream.events.interning import Interner
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
        self._found: Sequence[Packed] = ()
        self._named: dict[int, Evidence] = {}
        self._routes: Routes

    def bring(self, found: Sequence[Packed]) -> None:
        """Take what the shares found, in their order, for the batch that comes next."""
        self._found = found

    def advance(self, view: View, tide: Tide) -> Features:
        """Put the values of every feature at each event of a batch into the view, and return them."""
        late = tide.running_us - view.batch.time_us > self._lateness_us
        features = self._codec.blank(np.where(late, LATE, ON_TIME).astype(np.int8))
        routes = Routes(view.batch, self._keys, self._partitions)
        self._named = {}
        for partition, found in enumerate(self._found):
            if found.arrays:
                here = {key: routes.of(key) == partition for key in self._reads}
                self._codec.read(found.arrays, here, features, self._interner)
                self._named[partition] = read_evidence(found.arrays)
        self._routes = routes
        view.features = features
        return features

    def contributing_ids(
        self, asked: Sequence[tuple[Sequence[int], int]], features: Features, at_most: int
    ) -> list[list[str]]:
        """Return for each (features, event of the batch) the newest events that they counted, each once."""
        return [
            list(dict.fromkeys(name for feature in indexes for name in self._ids(feature, event)))[:at_most]
            for indexes, event in asked
        ]

    def _ids(self, feature: int, event: int) -> list[str]:
        partition = int(self._routes.of(self._read_by[feature])[event])
        if partition == NOWHERE:
            return []
        # A share counts the events of its part only.
        place = int(np.searchsorted(self._routes.events_for(partition), event))
        return self._named[partition].of(feature, place)


class Merge:
    """Judges each stretch once every share has told of it."""

    def __init__(
        self, ruleset: Ruleset, settings: Settings, partitions: int, *, witness: Witness | None = None
    ) -> None:
        self.settings = settings
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
        self._features = FoundFeatures(bound, self._interner, self._partitions, lateness_us)
        self._stages = Stages(bound, self._interner, self._features, self.settings)
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

    def step(self, packed: Packed, found: Sequence[Packed]) -> StepResult:
        """Judge a stretch by what all shares found, in their order; OutOfStepError where it is another's."""
        stretch = packed.stretch
        for partition, each in enumerate(found):
            if each.stretch != stretch:
                raise OutOfStepError(
                    f"share {partition} tells of {each.stretch}, the events are {stretch}: was one of the "
                    "topics between the stages deleted, or is it another topology's?"
                )
        batch, _ = events_of(packed, self.settings.schema, self._interner)
        self._texts.seen(batch.codes, stretch.after_us)
        self._features.bring(found)
        tide = Tide(stretch.before_us, batch.time_us)
        own = self._past.follow(stretch.before_us, batch.time_us)
        self._gap = widest(own, packed.gap, *(each.gap for each in found))
        self._watermark_us = stretch.after_us
        outcome = self._stages.run(batch, tide, self._gap, witness=self._witness)
        self._texts.forget(Forgetful(stretch.after_us))
        return result_of(outcome)

    def miss(self) -> None:
        """Take note that stretches are gone which stood before the next one."""
        self._past.miss()

    def stats(self) -> EngineStats:
        """Count what the stage holds in memory."""
        warming = int(self._stages.is_warming(self._gap, self._watermark_us))
        return EngineStats((), 0, 0, len(self._interner), self._interner.bytes, 0, warming)

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

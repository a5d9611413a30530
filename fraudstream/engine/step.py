"""The engine: one object that holds all state and folds batches of messages into decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.awaiting import Wait
from fraudstream.engine.backfill import Backfill
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.features import FeatureStage
from fraudstream.engine.gaps import Past
from fraudstream.engine.generations import change_to, generation_snapshot, restored_generation, stores_for
from fraudstream.engine.intake import Intake
from fraudstream.engine.labels import read_labels
from fraudstream.engine.laps import Lap, untimed
from fraudstream.engine.learning import Learning, refuse_labels
from fraudstream.engine.memory import TextMemory
from fraudstream.engine.models import Report
from fraudstream.engine.privacy.policy import OPEN, Privacy
from fraudstream.engine.result import StepResult, joined, without_events
from fraudstream.engine.snapshots import check_snapshot
from fraudstream.engine.stages import Snapshot, Stages, Witness, result_of
from fraudstream.engine.stats import EngineStats, forgotten, report
from fraudstream.engine.watermark import NEVER_US, Watermark
from fraudstream.events.appends import HOUR_US, Appends
from fraudstream.events.interning import Interner
from fraudstream.events.mapping import Source
from fraudstream.events.schema import Schema
from fraudstream.features.catalogue import Limits
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound, bind
from fraudstream.rules.ruleset import Ruleset
from fraudstream.scorers.protocol import BATCH_ROWS_MAX
from fraudstream.scorers.watched import PERFORMANCE

SLICE_EVENTS = BATCH_ROWS_MAX
"""A larger batch is folded slice by slice: measured, batches of 4,000 take a fifth more time per event than
of 500 to 1,000, whose columns and objects stay in the processor's cache."""
SNAPSHOT_FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """What a deployment may set of the fold itself."""

    schema: Schema = field(default_factory=Schema)
    mapping: Mapping[str, Source] | None = None
    limits: Limits = field(default_factory=Limits)
    duplicates: Horizon = field(default_factory=Horizon)
    ahead_us: int = HOUR_US
    """How far after its append time an event may be dated, in microseconds."""
    labels: Wait | None = field(default_factory=Wait)
    """How long events wait for their labels; None where no labels come, and nothing may count on them."""
    shadow_alerts: bool = False
    """Whether anybody reads what shadow rules would tell, so that it is written."""
    privacy: Privacy = OPEN
    """How personal data leave in alerts."""

    def intake(self, interner: Interner) -> Intake:
        """Return what takes messages in, with nothing taken yet."""
        return Intake(self.schema, interner, self.mapping, self.duplicates)

    def bind(self, ruleset: Ruleset, *, any_score: bool = False) -> Bound:
        """Bind a ruleset, in any thread and beside a step; RulesetError where it does not fit."""
        bound = bind(ruleset, self.schema, scores=any_score, exact_us=self.limits.exact_us)
        if self.labels is None:
            refuse_labels(ruleset)
        return bound


def sliced(events: int) -> list[slice]:
    """Return n events as slices, an empty one where there is none."""
    return [slice(start, start + SLICE_EVENTS) for start in range(0, max(1, events), SLICE_EVENTS)]


class Engine:
    """Folds batches into decisions; the same messages in the same order give the same bytes out.

    How the messages are cut into batches changes nothing: each event is judged by the state that all events
    before it left, and by itself. `any_score` lets rules name models that are not there. `witness` is shown
    every judged batch.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        settings: Settings | None = None,
        *,
        any_score: bool = False,
        witness: Witness | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.lap: Lap = untimed
        """Called when a stage of a step has ended; whoever times the steps puts it there."""
        self._witness = witness
        self._interner = Interner()
        self._intake = self.settings.intake(self._interner)
        self._watermark = Watermark()
        self._past = Past()
        self._texts = TextMemory(self._interner)
        waits = self.settings.labels
        self._learning = None if waits is None else Learning(waits, self.settings.schema, self._interner)
        bound = self.settings.bind(ruleset, any_score=any_score)
        self._install(bound, stores_for(bound, self.settings.limits, NEVER_US))
        self._learn_for()

    def fresh(self, ruleset: Ruleset) -> Engine:
        """Return an engine with the same settings that has seen nothing; RulesetError as with `prepare`."""
        return Engine(ruleset, self.settings)

    def _install(self, bound: Bound, stores: Sequence[FeatureStore]) -> None:
        waits = self.settings.labels
        features = FeatureStage(bound, self._interner, stores, waits.wait_us if waits else 0)
        # Made before anything changes: what a model is to start from may not fit.
        self._stages = Stages(bound, self._interner, features, self.settings)
        self._features = features
        self.rule_ids = tuple(each.rule.id for each in bound.rules)
        """The rules that are evaluated, in the order of `StepResult.rule_outcomes`."""

    def _learn_for(self, anew: Collection[str] = ()) -> None:
        """Let labels teach what is installed; the models `anew` know nothing of the events before."""
        if self._learning is not None:
            self._learning.install(self._features, self._stages.models, anew)

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset in force."""
        return self._stages.bound.ruleset

    @property
    def features(self) -> int:
        """How many distinct features are computed."""
        return len(self._stages.bound.features)

    def step(
        self,
        values: Sequence[bytes | None],
        scores: Mapping[str, float] | None = None,
        appended_us: NDArray[np.int64] | None = None,
    ) -> StepResult:
        """Judge a batch of n messages; never raises on bad input.

        `scores` stands in for the models' scores of every event (for inline tests). `appended_us` [n] says
        when each message entered its topic, in microseconds since 1970 UTC, negative where that is not known:
        an event that is dated more than the setting `ahead_us` after that becomes a dead letter.
        """
        appends = None if appended_us is None else Appends(appended_us, self.settings.ahead_us)
        if len(values) <= SLICE_EVENTS:
            return self._step(values, scores, appends)
        return joined(
            [
                (each.start, self._step(values[each], scores, appends and appends.take(each)))
                for each in sliced(len(values))
            ]
        )

    def _step(
        self,
        values: Sequence[bytes | None],
        scores: Mapping[str, float] | None,
        appends: Appends | None,
    ) -> StepResult:
        batch, dead, duplicates = self._intake.take(values, appends)
        self.lap("decode")
        if not len(batch):
            return without_events(len(values), dead, duplicates, self.rule_ids)
        tide = self._watermark.advance(batch.time_us)
        self._texts.seen(batch.codes, tide.after_us)
        gap = self._past.follow(tide.before_us, batch.time_us)
        outcome = self._stages.run(batch, tide, gap, scores=scores, witness=self._witness, lap=self.lap)
        if self._learning is not None:
            self._learning.keep(outcome.judged, [*outcome.alerts, *outcome.shadow.alerts])
        self._texts.forget(self._features)
        self.lap("decide")
        return replace(result_of(outcome), events_in=len(values), dead_letters=dead, duplicates=duplicates)

    def learn(self, values: Sequence[bytes | None]) -> StepResult:
        """Take in a batch of n labels, each as known from now on; never raises on bad input."""
        labels, dead = read_labels(values)
        nothing = without_events(len(values), dead, 0, self.rule_ids)
        if self._learning is None:
            return replace(nothing, labels=Counter(unknown=len(labels)))
        learned = self._learning.learn(labels, self._watermark.us)
        told = Counter({(model, PERFORMANCE): number for model, number in learned.drifted.items()})
        self.lap("learn")
        return replace(nothing, labels=learned.counts, drifted=told, label_delay_us=learned.delay_us)

    def prepare(self, ruleset: Ruleset) -> Bound:
        """Bind another ruleset, in any thread and beside `step`; RulesetError where it does not fit."""
        return self.settings.bind(ruleset)

    def backfill(self, bound: Bound) -> Backfill | None:
        """Return what counts the past for the features of events that a prepared ruleset adds.

        None where it adds none, or there is no past. While it is in use no text is forgotten. RulesetError as
        with `reload`.
        """
        _, of_events, _ = change_to(bound, self._stages.bound, self._features.stores)
        if not of_events or self._watermark.us == NEVER_US:
            return None
        filled = Backfill(bound, of_events, self.settings, self._interner, self._watermark.us)
        self._texts.hold(filled)
        return filled

    def reload(self, bound: Bound, filled: Backfill | None = None) -> None:
        """Put a prepared ruleset in force, between two batches.

        Features, models, rules and typologies that both rulesets have go on with their state, and what is
        `filled` as if it had always been there. RulesetError where too many reloads have added features, or a
        model's state does not fit; then nothing changes.
        """
        old, watermark_us = self._stages, self._watermark.us
        store = None if filled is None else filled.store
        limits, known = self.settings.limits, self._features.stores
        stores = stores_for(bound, limits, watermark_us, old.bound, known, filled=store)
        self._install(bound, stores)
        missed_us = None if filled is None else filled.finish(watermark_us)
        self._learn_for(anew=self._stages.adopt(old, watermark_us, missed_us))
        self._texts.hold(None)

    def miss(self) -> None:
        """Take note that messages are gone which stood before the next one: what they bear on is marked."""
        self._past.miss()

    def stats(self) -> EngineStats:
        """Count what the engine holds in memory; takes milliseconds, so not for every batch."""
        features, log_events, log_bytes = report(self._stages.bound, self._features)
        return EngineStats(
            tuple(features),
            log_events,
            log_bytes,
            len(self._interner),
            self._interner.bytes,
            self._intake.bytes + (self._learning.bytes if self._learning else 0),
            int(self._stages.is_warming(self._past.gap, self._watermark.us)),
            self._learning.skills() if self._learning else {},
            self._stages.models.resting(),
            self._watermark.us,
            *forgotten(self._features),
        )

    def reports(self) -> list[Report]:
        """Return what is to be told of each model."""
        return self._stages.models.reports(self._learning.skills() if self._learning else {})

    def exported(self, model: str, fraudstream: str) -> bytes:
        """Return what a model has learned as a file, which also names the version of the program.

        ScorerError where it cannot be one, StopIteration where there is no such model.
        """
        return self._stages.models.exported(model, fraudstream)

    def snapshot(self) -> Snapshot:
        """Return the whole state, between two batches: a fold that goes on from it gives the same bytes."""
        return {
            "format": SNAPSHOT_FORMAT,
            "ruleset": self.ruleset.version,
            "interner": self._interner.snapshot(),
            "duplicates": self._intake.snapshot(),
            "watermark": self._watermark.snapshot(),
            "past": self._past.snapshot(),
            "texts": self._texts.snapshot(),
            "generations": [generation_snapshot(store) for store in self._features.stores],
            "stages": self._stages.snapshot(),
            "learning": None if self._learning is None else self._learning.snapshot(),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of an engine with the same ruleset and settings; SnapshotError otherwise."""
        check_snapshot(snapshot, SNAPSHOT_FORMAT, self.ruleset.version)
        self._interner.restore(snapshot["interner"])
        settings = self.settings
        stores = [
            restored_generation(each, settings.schema, settings.limits) for each in snapshot["generations"]
        ]
        # Linked anew: the words of the rules have the codes of the snapshot's texts.
        self._install(self._stages.bound, stores)
        self._learn_for()
        self._intake.restore(snapshot["duplicates"])
        self._watermark.restore(snapshot["watermark"])
        self._past.restore(snapshot["past"])
        self._texts.restore(snapshot["texts"])
        self._stages.restore(snapshot["stages"])
        if self._learning is not None and snapshot.get("learning") is not None:
            self._learning.restore(snapshot["learning"])

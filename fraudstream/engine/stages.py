"""The stages that depend on the ruleset: from decoded events to what is decided and told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fraudstream.engine.alerting import Alerting, Judged
from fraudstream.engine.deciding import Decider
from fraudstream.engine.features import FeatureSource
from fraudstream.engine.gaps import Gap
from fraudstream.engine.judging import Judge, Judgement
from fraudstream.engine.laps import Lap, untimed
from fraudstream.engine.models import ModelStage
from fraudstream.engine.newcomers import Newcomers
from fraudstream.engine.reaches import Reaches, Warming
from fraudstream.engine.result import Alert, Decisions, Shadow, StepResult
from fraudstream.engine.shadow import ShadowStage
from fraudstream.engine.telling import Kept
from fraudstream.engine.watermark import Tide
from fraudstream.events.batch import EventBatch
from fraudstream.events.interning import Interner
from fraudstream.features.catalogue import Feature
from fraudstream.rules.binding import Bound
from fraudstream.rules.view import View

if TYPE_CHECKING:
    from fraudstream.engine.step import Settings

Witness = Callable[[Bound, Judged], None]
"""Looks at a judged batch from inside, for whoever must explain it; it changes nothing."""
Snapshot = dict[str, Any]
"""The state of one part by name: arrays, bytes, texts and whole numbers, and snapshots of its own parts."""


class Outcome(NamedTuple):
    """What came of one batch."""

    judged: Judged
    judgement: Judgement
    alerts: list[Alert]
    kept: Kept
    shadow: Shadow


def result_of(outcome: Outcome) -> StepResult:
    """Return what came of a batch, for whoever adds what became of the messages that were no new events."""
    judged, judgement, alerts, kept, shadow = outcome
    decided = judged.decided
    return StepResult(
        events_in=len(judged.batch),
        alerts=alerts,
        dead_letters=[],
        duplicates=0,
        late=int(np.count_nonzero(judged.frame.lateness)),
        decisions=Decisions(judged.batch.row, decided.action, decided.score),
        rule_ids=judgement.rule_ids,
        rule_outcomes=judgement.outcomes,
        suppressed=kept.suppressed,
        model_scores=judged.scored.given(),
        held_back=kept.held_back,
        bands=decided.bands,
        allowed=decided.allowed,
        drifted=judged.scored.drifted,
        warming=0 if judged.warming is None else judged.warming.events(judged.batch.time_us),
        shadow=shadow,
    )


class Stages:
    """One object per ruleset; `adopt` hands the state of one to the next."""

    def __init__(self, bound: Bound, interner: Interner, features: FeatureSource, settings: Settings) -> None:
        lateness_us = settings.limits.lateness_us
        self.bound = bound
        self._lateness_us = lateness_us
        self._reaches = Reaches(bound, settings)
        self._newcomers = Newcomers(bound)
        self._features = features
        self.models = ModelStage(bound, interner, settings.privacy)
        self._judge = Judge(bound, interner)
        self._decider = Decider(bound, lateness_us)
        self._alerting = Alerting(bound, lateness_us, privacy=settings.privacy)
        self._shadow = ShadowStage(bound, lateness_us, settings.privacy, writes=settings.shadow_alerts)

    def run(
        self,
        batch: EventBatch,
        tide: Tide,
        gap: Gap | None,
        *,
        scores: Mapping[str, float] | None = None,
        witness: Witness | None = None,
        lap: Lap = untimed,
    ) -> Outcome:
        """Judge a batch of at least one event; `scores` stands in for those of the models."""
        view = View(batch)
        frame = self._features.advance(view, tide)
        lap("features")
        scored = self.models.score(view)
        if scores is not None:
            self.models.pretend(view, scores)
        lap("score")
        judgement = self._judge.judge(view)
        lap("judge")
        decided = self._decider.decide(judgement.hits, judgement.vectors, batch, tide)
        judged = Judged(
            batch,
            judgement.vectors,
            self._features,
            frame,
            scored,
            decided,
            tide,
            judgement.hits,
            self._warming(gap),
        )
        self.models.judged(decided.action > 0)
        if witness is not None:
            witness(self.bound, judged)
        found, kept = self._alerting.told(decided.verdicts, judged)
        alerts = self._alerting.written(found, judged)
        return Outcome(judged, judgement, alerts, kept, self._shadow.run(judged))

    def _warming(self, gap: Gap | None) -> Warming | None:
        if gap is None and not self._newcomers:
            return None
        return Warming(gap, self._newcomers, self._reaches, self._lateness_us)

    def is_warming(self, gap: Gap | None, watermark_us: int) -> bool:
        """Whether an event at the watermark would be judged with a gap in its past."""
        found = self._warming(gap)
        return found is not None and watermark_us < found.until_us

    def adopt(self, old: Stages, watermark_us: int, filled: Mapping[Feature, int] | None = None) -> set[str]:
        """Go on from the stages of another ruleset; return the ids of the models that begin anew.

        What both rulesets know keeps its state, the rest begins now. `filled` says of new features whose past
        was counted up to which event time they may still have missed events.
        """
        anew = self.models.adopt(old.models)
        known = set(old.bound.features)
        added = [feature for feature in self.bound.features if feature not in known]
        missed_us = dict.fromkeys(added, watermark_us) | dict(filled or {})
        self._newcomers.adopt(old._newcomers, missed_us)
        self._decider.adopt(old._decider, watermark_us)
        self._alerting.restore(old._alerting.snapshot())
        self._shadow.restore(old._shadow.snapshot())
        return anew

    def snapshot(self) -> Snapshot:
        """Return the state of every stage by name; that of the features lies in their stores."""
        return {
            "models": self.models.snapshot(),
            "deciding": self._decider.snapshot(),
            "alerting": self._alerting.snapshot(),
            "shadow": self._shadow.snapshot(),
            "newcomers": self._newcomers.snapshot(),
        }

    def restore(self, state: Snapshot) -> None:
        """Go on from a snapshot of stages of the same ruleset."""
        self.models.restore(state["models"])
        self._decider.restore(state["deciding"])
        self._alerting.restore(state["alerting"])
        # Shadow rules were once only counted.
        if "shadow" in state:
            self._shadow.restore(state["shadow"])
        if "newcomers" in state:
            self._newcomers.restore(state["newcomers"])

"""The stages that depend on the ruleset: from decoded events to what is decided and told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fraudstream.engine.alerting import Alerting, Judged
from fraudstream.engine.deciding import Decider
from fraudstream.engine.features import FeatureStage
from fraudstream.engine.judging import Judge, Judgement
from fraudstream.engine.models import ModelStage
from fraudstream.engine.result import Alert
from fraudstream.engine.telling import Kept
from fraudstream.engine.watermark import Tide
from fraudstream.events.batch import EventBatch
from fraudstream.events.interning import Interner
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound
from fraudstream.rules.view import View

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


class Stages:
    """One object per ruleset; `adopt` hands the state of one to the next."""

    def __init__(
        self, bound: Bound, interner: Interner, stores: Sequence[FeatureStore], lateness_us: int
    ) -> None:
        self.bound = bound
        self.features = FeatureStage(bound, interner, stores)
        self._models = ModelStage(bound, interner)
        self._judge = Judge(bound, interner)
        self._decider = Decider(bound, lateness_us)
        self._alerting = Alerting(bound, lateness_us)

    def run(
        self, batch: EventBatch, tide: Tide, scores: Mapping[str, float] | None, witness: Witness | None
    ) -> Outcome:
        """Judge a batch of at least one event; `scores` stands in for those of the models."""
        view = View(batch)
        frame = self.features.advance(view)
        scored = self._models.score(view)
        if scores is not None:
            self._models.pretend(view, scores)
        judgement = self._judge.judge(view)
        decided = self._decider.decide(judgement.hits, judgement.vectors, batch, tide)
        judged = Judged(batch, judgement.vectors, self.features, frame, scored, decided, tide)
        if witness is not None:
            witness(self.bound, judged)
        return Outcome(judged, judgement, *self._alerting.alerts(judged))

    def adopt(self, old: Stages, watermark_us: int) -> None:
        """Go on from the stages of another ruleset, whose feature stores these have already.

        What both rulesets know keeps its state, the rest begins now.
        """
        self._models.adopt(old._models)
        self._decider.adopt(old._decider, watermark_us)
        self._alerting.restore(old._alerting.snapshot())

    def snapshot(self) -> Snapshot:
        """Return the state of every stage by name; that of the features lies in their stores."""
        return {
            "models": self._models.snapshot(),
            "deciding": self._decider.snapshot(),
            "alerting": self._alerting.snapshot(),
        }

    def restore(self, state: Snapshot) -> None:
        """Go on from a snapshot of stages of the same ruleset."""
        self._models.restore(state["models"])
        self._decider.restore(state["deciding"])
        self._alerting.restore(state["alerting"])

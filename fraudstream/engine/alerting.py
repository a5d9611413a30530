"""The alert stage: of the events that a live rule hit, which are told, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.alerts import (
    ALERT_SCHEMA,
    CONTRIBUTING_MAX,
    alert_id,
    describe_event,
    describe_rule,
    highest_severity,
)
from fraudstream.engine.features import FeatureStage
from fraudstream.engine.judging import Judgement
from fraudstream.engine.models import Scored
from fraudstream.engine.result import Alert
from fraudstream.engine.suppression import Suppression
from fraudstream.engine.wording import Template, Wording
from fraudstream.events.interning import Interner
from fraudstream.features.state import Frame
from fraudstream.rules.binding import Bound, BoundRule
from fraudstream.rules.schema import Action
from fraudstream.rules.vectors import Vector
from fraudstream.rules.view import View


class Alerting:
    """Turns hits into alerts, and remembers which rule keeps quiet for whom."""

    def __init__(self, bound: Bound, interner: Interner) -> None:
        self._bound = bound
        self._interner = interner
        self._suppression = Suppression()
        self._templates: dict[int, Template] = {}

    def alerts(
        self,
        view: View,
        vectors: Sequence[Vector],
        judgement: Judgement,
        features: FeatureStage,
        frame: Frame,
        scored: Scored,
    ) -> tuple[list[Alert], int]:
        """Return the alerts of a batch in stream order, and how many hits were kept back."""
        currencies = view.batch.words("currency")
        wording = Wording(vectors, self._interner, currencies, self._templates)
        alerts = []
        suppressed = 0
        for event in np.flatnonzero(judgement.action).tolist():
            hits = [
                bound
                for index in np.flatnonzero(judgement.hits[:, event])
                if _asks(bound := self._bound.rules[index])
            ]
            told = [bound for bound in hits if self._tells(bound, view, event)]
            suppressed += len(hits) - len(told)
            if not told:
                continue
            rules = [
                describe_rule(
                    bound.rule,
                    _reason(bound, wording, scored, event),
                    wording.evidence(bound.when, event),
                    features.contributing_ids(bound.features, frame, event, CONTRIBUTING_MAX),
                )
                for bound in told
            ]
            summary = {
                "action": ACTIONS[judgement.action[event]],
                "score": int(judgement.score[event]),
                "late": bool(frame.lateness[event]),
                "models": scored.describe(event),
            }
            alerts.append(self._alert(view, event, told, rules, summary))
        return alerts, suppressed

    def _tells(self, bound: BoundRule, view: View, event: int) -> bool:
        """Tell whether a hit goes out: whether its key is not quiet."""
        then = bound.rule.spec.then
        if then.suppress is None:
            return True
        key = tuple(int(view.text(column).data[event]) for column in then.suppress.by)
        if min(key) < 0:
            return True
        t_us = int(view.batch.time_us[event])
        return self._suppression.allows((bound.rule.id, *key), t_us, then.suppress.for_)

    def _alert(
        self,
        view: View,
        event: int,
        told: Sequence[BoundRule],
        rules: list[dict[str, Any]],
        summary: dict[str, Any],
    ) -> Alert:
        batch = view.batch
        event_id = batch.ids.text(event)
        version = self._bound.ruleset.version
        identity = alert_id(event_id, [bound.rule.id for bound in told], version)
        content = {
            "schema": ALERT_SCHEMA,
            "alert_id": identity,
            "severity": highest_severity([bound.rule for bound in told]),
            **summary,
            "typologies": sorted({bound.rule.spec.typology for bound in told}),
            "rules": rules,
            "event": describe_event(batch, event),
            "ruleset_version": version,
        }
        key = batch.text("debtor.id", event) or event_id
        return Alert(int(batch.row[event]), identity, key.encode(), orjson.dumps(content))


def _asks(bound: BoundRule) -> bool:
    """Tell whether a rule asks for more than to allow."""
    return bound.rule.spec.then.action is not Action.ALLOW


def _reason(bound: BoundRule, wording: Wording, scored: Scored, event: int) -> str:
    """Return why a rule hit: its clauses, and what raised the scores that they read."""
    raised = [f"score raised by {text}" for model in bound.models if (text := scored.raised_by(model, event))]
    return "; ".join([wording.reason(bound.when, event), *raised])

"""The alert stage: of the events that a live rule hit, which are told, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.alerts import (
    ALERT_SCHEMA,
    CONTRIBUTING_MAX,
    alert_id,
    describe_allow_list,
    describe_overflow,
    describe_pattern,
    highest_severity,
    rule_head,
    typology_head,
)
from fraudstream.engine.budget import Overflow
from fraudstream.engine.deciding import Decided, Hit, Verdict
from fraudstream.engine.describing import Describer, Texts
from fraudstream.engine.features import FeatureSource
from fraudstream.engine.generations import Features
from fraudstream.engine.models import Scored
from fraudstream.engine.reaches import Warming
from fraudstream.engine.result import Alert, AlertKind
from fraudstream.engine.telling import Kept, Teller, Told, ToldHit
from fraudstream.engine.watermark import Tide
from fraudstream.engine.wording import Moment, Wording
from fraudstream.events.batch import EventBatch
from fraudstream.rules.binding import Bound
from fraudstream.rules.vectors import Vectors

Found = Told | tuple[int, Overflow]
"""What an alert tells of: a verdict, or a summary and the event at which it is due."""


class Judged(NamedTuple):
    """All that is known of one judged batch of n events; `hits` is bool [rules, n], shadow rules' too."""

    batch: EventBatch
    vectors: Vectors
    features: FeatureSource
    frame: Features
    scored: Scored
    decided: Decided
    tide: Tide
    hits: NDArray[np.bool_]
    warming: Warming | None = None


class Alerting:
    """Turns hits into alerts, and remembers which rule keeps quiet for whom.

    Those of `shadow` rules say so.
    """

    def __init__(self, bound: Bound, lateness_us: int, *, shadow: bool = False) -> None:
        self._shadow = shadow
        self._version = bound.ruleset.version
        titles = {name: each.title for name, each in bound.ruleset.typologies.typologies.items()}
        self._typology_heads = {name: typology_head(name, title) for name, title in titles.items()}
        self._describer = Describer(bound.schema)
        self._teller = Teller(bound.ruleset, lateness_us)
        self._texts: Texts | None = None
        self._wordings: dict[str, Wording] = {}
        self._heads: dict[Hit, dict[str, Any]] = {}

    def told(self, verdicts: Sequence[Verdict], judged: Judged) -> tuple[list[Found], Kept]:
        """Return what is told of a batch with some verdicts, in stream order, and what is not."""
        kept = Kept()
        found: list[Found] = []
        for verdict in verdicts:
            found += self._teller.overflows(judged.tide, verdict.event + 1)
            told = self._teller.told(verdict, judged.batch, judged.tide, kept)
            if told is not None:
                found.append(told)
        found += self._teller.overflows(judged.tide, len(judged.batch))
        return found, kept

    def written(self, found: Sequence[Found], judged: Judged) -> list[Alert]:
        """Return the alerts and summaries that tell of what was found."""
        if not found:
            return []
        told = [each for each in found if isinstance(each, Told)]
        events = np.array([each.verdict.event for each in told], np.intp)
        judged.scored.usual.expect(events.tolist())
        if self._texts is None:
            self._texts = Texts(judged.batch.texts)
        texts = self._texts
        texts.renew(judged.batch.texts)
        described = self._describer.described(judged.batch, events, texts)
        asked = [(each.hit.bound.features, one.verdict.event) for one in told for each in one.hits]
        ids = iter(judged.features.contributing_ids(asked, judged.frame, CONTRIBUTING_MAX))
        return [
            self._alert(each, next(described), ids, texts, judged)
            if isinstance(each, Told)
            else self._summary(*each, judged.batch)
            for each in found
        ]

    def _alert(
        self, told: Told, event: dict[str, Any], ids: Iterator[list[str]], texts: Texts, judged: Judged
    ) -> Alert:
        verdict = told.verdict
        moment = Moment(judged.vectors, verdict.event, event.get("currency"), texts.__getitem__)
        names = [each.hit.bound.rule.id for each in told.hits]
        names += [pattern.typology for pattern in told.patterns]
        identity = alert_id(event["id"], names, self._version)
        models = judged.scored.describe(verdict.event)
        content = {
            "schema": ALERT_SCHEMA,
            "alert_id": identity,
            "severity": highest_severity([each.hit for each in told.hits] or verdict.hits),
            "action": ACTIONS[verdict.rank],
            "score": verdict.score,
            "allowed_by": describe_allow_list(verdict.allowed_by),
            "late": bool(judged.frame.lateness[verdict.event]),
            "warming": _warming(told, judged),
            "models": models,
            "typologies": self._typologies(told),
            "rules": [
                self._rule(each, moment, next(ids), judged.scored, verdict.event) for each in told.hits
            ],
            "event": event,
            "ruleset_version": self._version,
            "shadow": self._shadow,
        }
        key = event.get("debtor", {}).get("id") or event["id"]
        return Alert(int(judged.batch.row[verdict.event]), identity, key.encode(), orjson.dumps(content))

    def _typologies(self, told: Told) -> list[dict[str, Any]]:
        """Return the typologies of what is told, those with a score in a band as they were scored."""
        patterns = {pattern.typology: pattern for pattern in told.verdict.patterns}
        names = {each.hit.bound.rule.spec.typology for each in told.hits}
        names |= {pattern.typology for pattern in told.patterns}
        return [
            {**self._typology_heads[name], **describe_pattern(patterns[name])}
            if name in patterns
            else self._typology_heads[name]
            for name in sorted(names)
        ]

    def _rule(
        self, told: ToldHit, moment: Moment, ids: list[str], scored: Scored, event: int
    ) -> dict[str, Any]:
        hit, budget = told
        wording = self._wording(hit)
        reason = wording.reason(moment)
        for model in hit.bound.models:
            if raised := scored.raised_by(model, event):
                reason += f"; score raised by {raised}"
        return {
            **self._head(hit),
            "reason": reason,
            "evidence": wording.evidence(moment),
            "contributing_event_ids": ids,
            "budget": budget and {"told": budget[0], "alerts_per_hour_max": budget[1]},
        }

    def _wording(self, hit: Hit) -> Wording:
        rule_id = hit.bound.rule.id
        if rule_id not in self._wordings:
            self._wordings[rule_id] = Wording(hit.bound.when)
        return self._wordings[rule_id]

    def _head(self, hit: Hit) -> dict[str, Any]:
        if hit not in self._heads:
            self._heads[hit] = rule_head(hit)
        return self._heads[hit]

    def _summary(self, event: int, overflow: Overflow, batch: EventBatch) -> Alert:
        content = describe_overflow(overflow, self._version, shadow=self._shadow)
        key = overflow.rule["id"].encode()
        row = int(batch.row[event])
        return Alert(row, content["alert_id"], key, orjson.dumps(content), AlertKind.OVERFLOW)

    def snapshot(self) -> dict[str, bytes | int]:
        """Return what is remembered of earlier hits."""
        return self._teller.snapshot()

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot, also from that of an earlier ruleset."""
        self._teller.restore(state)


def _warming(told: Told, judged: Judged) -> dict[str, Any] | None:
    """Return what an alert says of a past that is incomplete, None where it is whole."""
    if judged.warming is None:
        return None
    time_us = int(judged.batch.time_us[told.verdict.event])
    return judged.warming.describe(time_us, [each.hit.bound.rule.id for each in told.hits])

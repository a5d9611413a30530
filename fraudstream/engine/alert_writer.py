"""Writes the alerts of a batch as JSON, all at once: what is the same in many of them is a template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.alerts import (
    ALERT_SCHEMA,
    CONTRIBUTING_MAX,
    alert_id,
    describe_allow_list,
    describe_pattern,
    highest_severity,
    typology_head,
)
from fraudstream.engine.describing import Describer, Texts, wholes_of
from fraudstream.engine.pieces import OWN
from fraudstream.engine.privacy.veils import Veils
from fraudstream.engine.result import Alert
from fraudstream.engine.rule_templates import RuleTemplate, RuleTemplates
from fraudstream.engine.script import Draft, Piece, Script, in_json, inside_text
from fraudstream.engine.telling import Told, ToldHit
from fraudstream.engine.wording import Moment
from fraudstream.events.batch import EventBatch
from fraudstream.features.evidence import Named
from fraudstream.rules.binding import Bound

if TYPE_CHECKING:
    from fraudstream.engine.alerting import Judged

TEMPLATES_MAX = 5_000
"""Events may lack any columns: beyond so many templates they are made anew."""
_SECTION = 3
"""Numbers of a section: its template, its column, and what it has for itself."""
_KEY = "debtor.id"
"""Alerts on one debtor keep their order."""


class _Alert(NamedTuple):
    """An alert before its JSON: the rest is known, and what comes before its rules."""

    row: int
    alert_id: str
    key: bytes
    head: str


class AlertWriter:
    """Knows the templates of a ruleset's alerts; those of `shadow` rules say so."""

    def __init__(self, bound: Bound, veils: Veils, *, shadow: bool) -> None:
        self._shadow = shadow
        self._veils = veils
        self._schema = bound.schema
        self._version = bound.ruleset.version
        titles = {name: each.title for name, each in bound.ruleset.typologies.typologies.items()}
        self._typologies = {name: typology_head(name, title) for name, title in titles.items()}
        self._texts: Texts | None = None
        self._begin()

    def _begin(self) -> None:
        self._script = script = Script()
        self._describer = Describer(self._schema, script, self._veils)
        self._rules = RuleTemplates(script, len(self._schema.wholes) + 1, self._veils)
        self._head = script.template([Piece(OWN, 0)])
        self._comma = script.template([script.literal(",")])
        self._event = script.template([script.literal('],"event":')])
        tail = {"ruleset_version": self._version, "shadow": self._shadow}
        self._tail = script.template([script.literal(f",{in_json(tail)[1:]}")])

    def written(self, told: Sequence[Told], judged: Judged) -> list[Alert]:
        """Return the alerts on some events of a batch, in their order."""
        if not told:
            return []
        if self._script.size > TEMPLATES_MAX:
            self._begin()
        events = [each.verdict.event for each in told]
        judged.scored.usual.expect(events)
        # Templates first: a new one may need rows in the draft.
        rules = [[self._rules.of(each.hit, judged.vectors) for each in one.hits] for one in told]
        draft = self._draft(judged)
        columns = judged.vectors.columns(events)
        shapes = self._describe(np.array(events, np.intp), np.array(columns, np.intp), draft, judged)
        alerts = [self._alert(each, judged) for each in told]
        sections: list[int] = []
        stops = []
        for place, one in enumerate(told):
            sections += (self._head, 0, draft.own(alerts[place].head))
            sections += self._hits(one, rules[place], columns[place], draft, judged)
            sections += (self._event, 0, 0, shapes[place], columns[place], 0, self._tail, 0, 0)
            stops.append(len(sections) // _SECTION - 1)
        sheet = draft.sheet(_counted(told, judged))
        written, ends = self._script.written(sheet, np.array(sections, np.int32).reshape(-1, _SECTION))
        starts = [0, *[ends[stop] for stop in stops]]
        return [
            Alert(each.row, each.alert_id, each.key, written[starts[place] : starts[place + 1]])
            for place, each in enumerate(alerts)
        ]

    def _draft(self, judged: Judged) -> Draft:
        """Return a draft with a column for each event whose values are kept."""
        registers = judged.vectors.registers
        wholes, known = wholes_of(judged.batch, judged.vectors.kept)
        return Draft(
            np.concatenate([wholes, registers.wholes]),
            np.concatenate([known, registers.wholes_known.view(np.bool_)]),
            self._script.rows,
        )

    def _describe(
        self, events: NDArray[np.intp], columns: NDArray[np.intp], draft: Draft, judged: Judged
    ) -> list[int]:
        """Put the events, and all texts that their rules show, into a draft; return the events' templates."""
        if self._texts is None:
            self._texts = Texts(judged.batch.texts)
        self._texts.renew(judged.batch.texts)
        codes = self._describer.shown(judged.batch.codes[:, events])
        shown = self._rules.codes(judged.vectors.registers)
        numbers = draft.codes(np.concatenate([codes.ravel(), shown]), self._texts.__getitem__)
        texts = numbers[: codes.size].reshape(codes.shape)
        return self._describer.describe(judged.batch, events, texts, self._texts.cards, draft, columns)

    def _hits(
        self,
        told: Told,
        rules: Sequence[RuleTemplate],
        column: int,
        draft: Draft,
        judged: Judged,
    ) -> list[int]:
        """Return the sections of what an alert says of its rules."""
        event = told.verdict.event
        sections: list[int] = []
        for each, rule in zip(told.hits, rules, strict=True):
            reason = _raised(each, event, judged)
            if not rule.is_fixed:
                moment = _moment(event, judged)
                rule.note(moment, draft, column)
                reason = rule.reason(moment) + reason
            places = len(each.hit.bound.features)
            own = draft.own(inside_text(reason), in_json(_budget(each)), places=places)
            sections += (self._comma, 0, 0, rule.number, column, own)
        return sections[_SECTION:]

    def _alert(self, told: Told, judged: Judged) -> _Alert:
        verdict, batch = told.verdict, judged.batch
        names = [each.hit.bound.rule.id for each in told.hits]
        names += [pattern.typology for pattern in told.patterns]
        name = batch.ids.text(verdict.event)
        identity = alert_id(name, names, self._version)
        key = self._key(batch, verdict.event) or name
        content = {
            "schema": ALERT_SCHEMA,
            "alert_id": identity,
            "severity": highest_severity([each.hit for each in told.hits] or verdict.hits),
            "action": ACTIONS[verdict.rank],
            "score": verdict.score,
            "allowed_by": describe_allow_list(verdict.allowed_by),
            "late": bool(judged.frame.lateness[verdict.event]),
            "warming": _warming(told, judged),
            "models": judged.scored.describe(verdict.event),
            "typologies": self._typologies_of(told),
            "rules": [],
        }
        return _Alert(int(batch.row[verdict.event]), identity, key.encode(), in_json(content)[:-2])

    def _key(self, batch: EventBatch, event: int) -> str | None:
        text, veil = batch.text(_KEY, event), self._veils.column(_KEY)
        if text is None or veil is None:
            return text
        return None if _KEY in self._veils.withheld else veil.write(text)

    def _typologies_of(self, told: Told) -> list[dict[str, Any]]:
        """Return the typologies of what is told, those with a score in a band as they were scored."""
        patterns = {pattern.typology: pattern for pattern in told.verdict.patterns}
        names = {each.hit.bound.rule.spec.typology for each in told.hits}
        names |= {pattern.typology for pattern in told.patterns}
        return [
            {**self._typologies[name], **describe_pattern(patterns[name])}
            if name in patterns
            else self._typologies[name]
            for name in sorted(names)
        ]


def _counted(told: Sequence[Told], judged: Judged) -> Named:
    """Return the events that the features of each hit counted, feature by feature."""
    places = [
        (feature, one.verdict.event)
        for one in told
        for each in one.hits
        for feature in each.hit.bound.features
    ]
    return judged.features.named(np.array(places, np.int64).reshape(-1, 2), judged.frame, CONTRIBUTING_MAX)


def _moment(event: int, judged: Judged) -> Moment:
    batch = judged.batch
    return Moment(judged.vectors, event, batch.text("currency", event), batch.texts.text)


def _raised(told: ToldHit, event: int, judged: Judged) -> str:
    """Say what raised the scores that a rule reads; empty where it reads none."""
    raised = [judged.scored.raised_by(model, event) for model in told.hit.bound.models]
    return "".join([f"; score raised by {each}" for each in raised if each])


def _budget(told: ToldHit) -> dict[str, int] | None:
    return told.budget and {"told": told.budget[0], "alerts_per_hour_max": told.budget[1]}


def _warming(told: Told, judged: Judged) -> dict[str, Any] | None:
    """Return what an alert says of a past that is incomplete, None where it is whole."""
    if judged.warming is None:
        return None
    time_us = int(judged.batch.time_us[told.verdict.event])
    return judged.warming.describe(time_us, [each.hit.bound.rule.id for each in told.hits])

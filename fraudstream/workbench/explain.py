"""Explains what one rule says of one event: the engine steps over the history, then over the event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from fraudstream.engine.alerting import Judged
from fraudstream.engine.evaluation import Evaluation, evaluation
from fraudstream.engine.result import OUTCOMES
from fraudstream.engine.rollout import bucket_of, is_live
from fraudstream.engine.step import Engine, Settings
from fraudstream.engine.wording import Moment
from fraudstream.events.batch import EventBatch
from fraudstream.events.times import format_time
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.rules.schema import RuleSpec, Status
from fraudstream.workbench.sources import SourceError

EXPLANATION_SCHEMA = "fraudstream.explanation/v1"
COUNTED_MAX = 20


@dataclass(frozen=True)
class Explanation:
    """What a rule says of an event, and why; `counted` are the newest events that its features counted."""

    rule: Rule
    event_id: str
    occurred_at: str
    outcome: str
    band: str | None
    note: str | None
    tree: Evaluation
    counted: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What has no value at this event, each once."""
        return tuple(dict.fromkeys(self.tree.missing()))

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as plain data, schema `fraudstream.explanation/v1`."""
        spec = self.rule.spec
        return {
            "schema": EXPLANATION_SCHEMA,
            "rule": {"id": spec.id, "version": spec.version, "title": spec.title, "status": spec.status},
            "event": {"id": self.event_id, "occurred_at": self.occurred_at},
            "outcome": self.outcome,
            "band": self.band,
            "note": self.note,
            "missing": self.missing,
            "params": spec.params,
            "counted_events": self.counted,
            "condition": self.tree.as_json(),
        }


def explain(
    ruleset: Ruleset, rule: Rule, settings: Settings, history: Iterable[Sequence[bytes]], event: bytes
) -> Explanation:
    """Explain one rule at one event; SourceError where it is none, or one of the history.

    All other rules and the models run as well, since a condition may ask for what they say.
    """
    rules = tuple(_running(each) if each.id == rule.id else each for each in ruleset.rules)
    witness = _Witness(rule)
    engine = Engine(replace(ruleset, rules=rules), settings, witness=witness)
    for batch in history:
        engine.step(batch)
    witness.looks = True
    result = engine.step([event])
    if result.dead_letters:
        raise SourceError(f"the event is no valid event ({result.dead_letters[0].detail}): correct it")
    if result.duplicates:
        raise SourceError("the event's id stands in the history: take it out there")
    assert witness.found is not None, "the step judged the event"
    outcome = OUTCOMES[int(result.rule_outcomes[engine.rule_ids.index(rule.id)].argmax())]
    return replace(witness.found, outcome=outcome, note=_note(rule, witness.found, outcome))


def read_event(path: Path) -> bytes:
    """Return the one event of a JSON file; SourceError where it holds none, or several."""
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}): check the path") from None
    except orjson.JSONDecodeError as error:
        remedy = "give one event, and those before it by --history"
        raise SourceError(f"{path}: is no JSON of one event ({error}): {remedy}") from None
    return orjson.dumps(content)


def _running(rule: Rule) -> Rule:
    """Return a rule that is evaluated whatever its status."""
    if rule.runs:
        return rule
    return replace(rule, spec=rule.spec.model_copy(update={"status": Status.SHADOW}))


def _note(rule: Rule, found: Explanation, outcome: str) -> str | None:
    """Say why the outcome is not that of the condition, where it is not."""
    if found.tree.value is not False and outcome == "miss":
        days = rule.spec.effective
        return f"the event lies outside the rule's days, from {days.from_ or 'ever'} to {days.to or 'ever'}"
    if not rule.runs:
        return f"the rule is {rule.spec.status}, and is not evaluated in production"
    return found.note


def _rollout_note(spec: RuleSpec, batch: EventBatch) -> str | None:
    """Say of a rule in rollout whether it is live for the only event of a batch."""
    if spec.rollout is None:
        return None
    by, percent, found = ", ".join(spec.rollout.by), spec.rollout.percent, bucket_of(spec, batch, 0)
    if found is None:
        return f"the rule is shadow here: it is rolled out by {by}, which the event lacks"
    standing = "live" if is_live(spec, batch, 0) else "shadow"
    return f"the rule is {standing} here: {by} is in bucket {found}, live are those below {percent}"


class _Witness:
    """Reads what the engine computed for one rule, while it is there."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.looks = False
        self.found: Explanation | None = None

    def __call__(self, bound: Bound, judged: Judged) -> None:
        if not self.looks:
            return
        batch = judged.batch
        moment = Moment(judged.vectors, 0, batch.text("currency", 0), batch.texts.text)
        mine = next(each for each in bound.rules if each.rule.id == self._rule.id)
        outcomes = self._rule.spec.outcomes
        bands = [
            outcome.band
            for outcome, band in zip(outcomes, mine.bands, strict=False)
            if moment.value(band.slot)
        ]
        places = np.array([(feature, 0) for feature in mine.features], np.int64).reshape(-1, 2)
        counted = judged.features.named(places, judged.frame, COUNTED_MAX).together()
        self.found = Explanation(
            rule=self._rule,
            event_id=batch.ids.text(0),
            occurred_at=format_time(int(batch.time_us[0])),
            outcome="",
            band=bands[0] if bands else None,
            note=_rollout_note(self._rule.spec, batch),
            tree=evaluation(mine.when, moment, self._rule.spec.features),
            counted=tuple(counted),
        )

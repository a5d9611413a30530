"""The whole contract, one message at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.oracle.decisions import Decider, Decision, Verdict, Would, judge
from tests.oracle.messages import Event, Refused, read_message
from tests.oracle.rulesets import Deployment, Rule, Ruleset
from tests.oracle.telling import Desk, Telling
from tests.oracle.values import Scalar, Scope
from tests.oracle.windows import Clock, Windows


@dataclass(frozen=True)
class Judged:
    """What an accepted event gives; features by rule and name, verdicts by rule."""

    event_id: str
    late: bool
    ancient: bool
    features: Mapping[tuple[str, str], Scalar | None]
    verdicts: Mapping[str, Verdict]
    decision: Decision
    telling: Telling
    would: Would
    whispers: Telling
    """What shadow rules would tell."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that is no event."""

    reason: str


@dataclass(frozen=True)
class Duplicate:
    """An event whose id was there."""


Answer = Judged | DeadLetter | Duplicate


class Oracle:
    """Answers message by message."""

    def __init__(self, ruleset: Ruleset, deployment: Deployment) -> None:
        self._deployment = deployment
        self._ruleset = ruleset
        self._clock = Clock(deployment.lateness_us, deployment.exact_us)
        self._windows = Windows(ruleset, self._clock)
        self._decider = Decider(ruleset, deployment.lateness_us)
        self._desk, self._shadow_desk = Desk(ruleset), Desk(ruleset)
        self._accepted: list[tuple[str, int]] = []

    def reload(self, ruleset: Ruleset) -> None:
        """Go on with another ruleset."""
        self._ruleset = ruleset
        self._windows = self._windows.reload(ruleset)
        self._decider = self._decider.reload(ruleset, self._clock.watermark_us)
        self._desk, self._shadow_desk = self._desk.reload(ruleset), self._shadow_desk.reload(ruleset)

    def next(self, message: bytes | None, appended_us: int | None) -> Answer:
        """Judge the next message of the stream, and when it was appended, None where that is not known."""
        try:
            event = read_message(message)
        except Refused as refused:
            return DeadLetter(refused.reason)
        if appended_us is not None and event.t_us - appended_us > self._deployment.ahead_us:
            return DeadLetter("ahead_of_time")
        if self._is_duplicate(event.id, event.t_us):
            return Duplicate()
        self._accepted.append((event.id, event.t_us))
        late = self._clock.move(event.t_us)
        values = self._windows.advance(event)
        features = {
            (rule.id, name): values[feature]
            for rule in self._ruleset.rules
            for name, feature in rule.features
        }
        verdicts = _Verdicts(self._ruleset, event, features)
        for rule in self._ruleset.rules:
            verdicts.of(rule.id)
        decision = self._decider.decide(event, verdicts.found, self._clock.watermark_us)
        telling = self._desk.tell(event, decision, self._clock.watermark_us)
        would = self._decider.would(event, verdicts.found, decision)
        return Judged(
            event.id,
            late,
            self._windows.is_ancient(event),
            features,
            verdicts.found,
            decision,
            telling,
            would,
            self._shadow_desk.tell(event, would.decision, self._clock.watermark_us),
        )

    def _is_duplicate(self, identity: str, t_us: int) -> bool:
        """Tell whether an id was accepted lately, in number and in time; its newest acceptance counts."""
        remembered = dict(self._accepted[-self._deployment.ids_max :])
        then_us = remembered.get(identity)
        return then_us is not None and abs(t_us - then_us) < self._deployment.horizon_us


class _Verdicts:
    """The verdicts on one event, each found when it is first asked for: rules refer to each other."""

    def __init__(
        self, ruleset: Ruleset, event: Event, features: Mapping[tuple[str, str], Scalar | None]
    ) -> None:
        self._rules: dict[str, Rule] = {rule.id: rule for rule in ruleset.rules}
        self._ruleset = ruleset
        self._event = event
        self._features = features
        self.found: dict[str, Verdict] = {}

    def of(self, rule_id: str) -> bool | None:
        """Return the outcome of a rule."""
        if rule_id not in self.found:
            rule = self._rules[rule_id]
            named = {name: self._features[rule_id, name] for name, _ in rule.features}
            scope = Scope(self._ruleset, self._event, named, self.of)
            self.found[rule_id] = judge(rule, scope)
        return self.found[rule_id].outcome

"""The whole contract, one message at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.oracle.conditions import Scalar, Scope
from tests.oracle.decisions import Decision, Desk, outcome
from tests.oracle.language import Deployment, Ruleset
from tests.oracle.messages import Refused, read_message
from tests.oracle.windows import Clock, Windows


@dataclass(frozen=True)
class Judged:
    """What an accepted event gives; features by rule and name, outcomes by rule."""

    event_id: str
    lateness: str
    features: Mapping[tuple[str, str], Scalar | None]
    outcomes: Mapping[str, bool | None]
    decision: Decision


@dataclass(frozen=True)
class DeadLetter:
    """A message that is no event."""

    reason: str


@dataclass(frozen=True)
class Duplicate:
    """An event whose id was there."""


Verdict = Judged | DeadLetter | Duplicate


class Oracle:
    """Answers message by message."""

    def __init__(self, ruleset: Ruleset, deployment: Deployment) -> None:
        self._deployment = deployment
        self._ruleset = ruleset
        self._windows = Windows(ruleset, Clock(deployment.lateness_us, deployment.exact_us))
        self._desk = Desk(ruleset)
        self._accepted: list[tuple[str, int]] = []

    def reload(self, ruleset: Ruleset) -> None:
        """Go on with another ruleset."""
        self._ruleset = ruleset
        self._windows = self._windows.reload(ruleset)
        self._desk = self._desk.reload(ruleset)

    def next(self, message: bytes | None) -> Verdict:
        """Judge the next message of the stream."""
        try:
            event = read_message(message)
        except Refused as refused:
            return DeadLetter(refused.reason)
        if self._is_duplicate(event.id, event.t_us):
            return Duplicate()
        self._accepted.append((event.id, event.t_us))
        lateness = self._windows.clock.move(event.t_us, self._windows.retention_us())
        values = self._windows.advance(event, lateness)
        features: dict[tuple[str, str], Scalar | None] = {}
        outcomes: dict[str, bool | None] = {}
        for rule in self._ruleset.rules:
            named = {name: values[feature] for name, feature in rule.features}
            features |= {(rule.id, name): value for name, value in named.items()}
            outcomes[rule.id] = outcome(rule, Scope(self._ruleset, event, named, outcomes))
        return Judged(event.id, lateness, features, outcomes, self._desk.decide(event, outcomes))

    def _is_duplicate(self, identity: str, t_us: int) -> bool:
        """Tell whether an id was accepted lately, both in number and in time; its newest acceptance counts."""
        remembered = dict(self._accepted[-self._deployment.ids_max :])
        then_us = remembered.get(identity)
        return then_us is not None and abs(t_us - then_us) < self._deployment.horizon_us

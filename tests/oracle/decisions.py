"""From outcomes to an action, a score and an alert: precedence, typologies, allow-lists, suppression, budgets."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from tests.oracle.conditions import Scope, in_days, truth
from tests.oracle.language import Rule, Ruleset, Suppress
from tests.oracle.messages import Event

ACTIONS = ("allow", "review", "report", "hold", "block")
SEVERITIES = ("low", "medium", "high", "critical")
SCORE_MAX = 100


@dataclass(frozen=True)
class Told:
    """What an alert says, as far as the contract fixes it."""

    rules: tuple[str, ...]
    severity: str
    typologies: tuple[str, ...]
    key: str


@dataclass(frozen=True)
class Decision:
    """What is done about an event."""

    action: str
    score: int
    told: Told | None
    suppressed: int


def outcome(rule: Rule, scope: Scope) -> bool | None:
    """Return True for a hit, False for a miss, None for not evaluated."""
    if not in_days(scope.event.t_us, rule.first_day, rule.last_day):
        return False
    return truth(rule.when, scope)


@dataclass
class Desk:
    """Decides event by event, and remembers who is quiet until when."""

    ruleset: Ruleset
    _quiet_us: dict[Hashable, tuple[int, int]] = field(default_factory=dict)

    def reload(self, ruleset: Ruleset) -> Desk:
        """Return the desk of another ruleset: who is quiet stays quiet."""
        return Desk(ruleset, self._quiet_us)

    def decide(self, event: Event, outcomes: Mapping[str, bool | None]) -> Decision:
        """Combine the outcomes of all rules at an event."""
        hits = [rule for rule in self.ruleset.rules if rule.live and outcomes[rule.id]]
        action = max((rule.action for rule in hits), key=ACTIONS.index, default="allow")
        score = min(SCORE_MAX, sum(rule.score for rule in hits))
        asking = [rule for rule in hits if rule.action != "allow"]
        telling = [rule for rule in asking if self._is_loud(rule.id, rule.suppress, event)]
        told = None
        if telling:
            told = Told(
                tuple(rule.id for rule in telling),
                max((rule.severity for rule in telling), key=SEVERITIES.index),
                tuple(sorted({rule.typology for rule in telling})),
                event.texts.get("debtor.id", event.id),
            )
        return Decision(action, score, told, len(asking) - len(telling))

    def _is_loud(self, name: str, suppress: Suppress | None, event: Event) -> bool:
        """Tell whether a hit may be told; if so, its key is quiet from now on."""
        key = None if suppress is None else event.key(suppress.by)
        if suppress is None or key is None:
            return True
        start_us, end_us = self._quiet_us.get((name, key), (event.t_us, event.t_us))
        if start_us <= event.t_us < end_us:
            return False
        after = (event.t_us, event.t_us + suppress.quiet_us)
        self._quiet_us[name, key] = max((start_us, end_us), after)
        return True

"""Which decisions become alerts: suppression, budgets, and the summaries of what was held back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.oracle.decisions import Decision, Hit
from tests.oracle.language import HOUR_US
from tests.oracle.messages import Event
from tests.oracle.rulesets import Ruleset, Suppress

SEVERITIES = ("low", "medium", "high", "critical")
TOP_KEYS = 10


@dataclass(frozen=True)
class Alert:
    """What an alert says, as far as the contract fixes it."""

    key: str
    severity: str
    rules: tuple[tuple[str, str | None], ...]
    """Told rules, each with its band."""
    typologies: tuple[str, ...]
    scores: tuple[tuple[str, int, tuple[tuple[str, int], ...]], ...]
    """Of those that have one: the score, and the weights that add up to it."""


@dataclass
class Summary:
    """What a rule was held back from telling in one hour."""

    rule_id: str
    hour: int
    told: int = 0
    held_back: int = 0
    score_max: int = 0
    columns: tuple[str, ...] = ()
    keys: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def top(self) -> list[tuple[dict[str, str], int]]:
        """Return the keys with the most hits held back."""
        ranked = sorted(self.keys.items(), key=lambda item: (-item[1], item[0]))[:TOP_KEYS]
        return [(dict(zip(self.columns, key, strict=True)), number) for key, number in ranked]


@dataclass(frozen=True)
class Telling:
    """What an event tells, and what is kept back."""

    summaries: tuple[Summary, ...]
    alert: Alert | None
    suppressed: int
    held_back: tuple[str, ...]


@dataclass
class Desk:
    """Remembers who is quiet until when, and how much each rule has told in each hour."""

    ruleset: Ruleset
    _quiet_us: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[int, int]] = field(
        default_factory=dict
    )
    _told: Counter[tuple[str, int]] = field(default_factory=Counter)
    _open: list[Summary] = field(default_factory=list)

    def reload(self, ruleset: Ruleset) -> Desk:
        """Return the desk of another ruleset: who is quiet stays quiet, and hours go on."""
        return Desk(ruleset, self._quiet_us, self._told, self._open)

    def tell(self, event: Event, decision: Decision, watermark_us: int) -> Telling:
        """Return what is told at an event; the watermark is that with the event itself."""
        summaries = self._due(watermark_us)
        if decision.action == "allow":
            return Telling(summaries, None, 0, ())
        told: list[Hit] = []
        suppressed = 0
        held_back: list[str] = []
        for hit in (each for each in decision.hits if each.action != "allow"):
            if self._is_quiet(hit.rule.id, hit.rule.suppress, event):
                suppressed += 1
            elif self._over_budget(hit, event):
                held_back.append(hit.rule.id)
                self._hold_back(hit, event, decision.score, watermark_us)
            else:
                told.append(hit)
                self._quieten(hit.rule.id, hit.rule.suppress, event)
        patterns = []
        for pattern in decision.patterns:
            name, suppress = pattern.typology.name, pattern.typology.suppress
            if self._is_quiet(name, suppress, event):
                suppressed += 1
            else:
                patterns.append(pattern)
                self._quieten(name, suppress, event)
        names = tuple(sorted({hit.rule.typology for hit in told} | {each.typology.name for each in patterns}))
        alert = None
        if names:
            alert = Alert(
                event.texts.get("debtor.id", event.id),
                max((hit.rule.severity for hit in told or decision.hits), key=SEVERITIES.index),
                tuple((hit.rule.id, hit.band.name if hit.band else None) for hit in told),
                names,
                tuple(
                    (each.typology.name, each.score, each.weights)
                    for each in decision.patterns
                    if each.typology.name in names
                ),
            )
        return Telling(summaries, alert, suppressed, tuple(held_back))

    def _is_quiet(self, name: str, suppress: Suppress | None, event: Event) -> bool:
        key = None if suppress is None else event.key(suppress.by)
        if suppress is None or key is None:
            return False
        start_us, end_us = self._quiet_us.get((name, suppress.by, key), (0, 0))
        return start_us <= event.t_us < end_us

    def _quieten(self, name: str, suppress: Suppress | None, event: Event) -> None:
        """Make a key quiet from now on; a late alert leaves a later quiet time as it is."""
        key = None if suppress is None else event.key(suppress.by)
        if suppress is not None and key is not None:
            quiet = (event.t_us, event.t_us + suppress.quiet_us)
            place = (name, suppress.by, key)
            self._quiet_us[place] = max(self._quiet_us.get(place, quiet), quiet)

    def _over_budget(self, hit: Hit, event: Event) -> bool:
        """Tell whether a rule has told all that it may in the event's hour; if not, it tells one more."""
        at_most = hit.rule.alerts_per_hour_max or self.ruleset.alerts_per_hour_max
        place = (hit.rule.id, event.t_us // HOUR_US)
        if at_most is None:
            return False
        if self._told[place] >= at_most:
            return True
        self._told[place] += 1
        return False

    def _hold_back(self, hit: Hit, event: Event, score: int, watermark_us: int) -> None:
        """Count a hit for the summary of its hour, if that is still to come."""
        hour = event.t_us // HOUR_US
        if (hour + 1) * HOUR_US <= watermark_us:
            return
        columns = hit.rule.suppress.by if hit.rule.suppress else ("debtor.id",)
        found = [each for each in self._open if (each.rule_id, each.hour) == (hit.rule.id, hour)]
        if not found:
            found = [Summary(hit.rule.id, hour, columns=columns)]
            self._open += found
        summary = found[0]
        summary.held_back += 1
        summary.score_max = max(summary.score_max, score)
        # The columns of the first hit: a reload may have changed those of the rule.
        key = event.key(summary.columns)
        if key is not None:
            summary.keys[key] += 1

    def _due(self, watermark_us: int) -> tuple[Summary, ...]:
        """Return the summaries of the hours that are over, by hour and rule."""
        due = [each for each in self._open if (each.hour + 1) * HOUR_US <= watermark_us]
        self._open = [each for each in self._open if each not in due]
        for each in due:
            each.told = self._told[each.rule_id, each.hour]
        return tuple(sorted(due, key=lambda each: (each.hour, each.rule_id)))

"""From outcomes to an action and a score: bands, typologies, allow-lists, precedence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.oracle.conditions import is_listed, truth
from tests.oracle.language import Number
from tests.oracle.messages import Event
from tests.oracle.rulesets import Band, Rule, Ruleset, Typology
from tests.oracle.values import Scope, compare, in_days

ACTIONS = ("allow", "review", "report", "hold", "block")
SCORE_MAX = 100


@dataclass(frozen=True)
class Verdict:
    """A rule at an event: True for a hit, False for a miss, None for not evaluated; and a hit's band."""

    outcome: bool | None
    band: Band | None = None


@dataclass(frozen=True)
class Hit:
    """A rule that hit, and what it asks for, or would."""

    rule: Rule
    band: Band | None

    @property
    def action(self) -> str:
        """The action of the band, or else of the rule."""
        return self.band.action if self.band and self.band.action else self.rule.action

    @property
    def score(self) -> int:
        """The score of the band, or else of the rule."""
        return self.rule.score if self.band is None or self.band.score is None else self.band.score


@dataclass(frozen=True)
class Pattern:
    """A typology whose sum of weights lies in one of its bands; `weights` are those that count."""

    typology: Typology
    score: int
    action: str
    weights: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Decision:
    """What is decided on an event."""

    action: str
    score: int
    hits: tuple[Hit, ...]
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True)
class Would:
    """What would be decided if the rules were live that are shadow for an event.

    `graver` are those that alone would make the decision graver.
    """

    decision: Decision
    graver: tuple[str, ...]


def bucket(rule_id: str, key: Sequence[str]) -> int:
    """Return the bucket of an entity in the rollout of a rule, of a hundred."""
    mixed = hashlib.sha256(b"\0".join(text.encode() for text in (rule_id, *key)))
    return int(mixed.hexdigest()[:16], 16) % 100


def is_live(rule: Rule, event: Event) -> bool:
    """Tell whether a rule acts on an event."""
    if not rule.live or rule.rollout is None:
        return rule.live
    key = event.key(rule.rollout.by)
    return key is not None and bucket(rule.id, key) < rule.rollout.percent


def judge(rule: Rule, scope: Scope) -> Verdict:
    """Return the outcome of a rule at an event."""
    if not in_days(scope.event.t_us, rule.first_day, rule.last_day):
        return Verdict(False)
    holds = truth(rule.when, scope)
    if rule.banded is None or holds is False:
        return Verdict(holds)
    inside = {band: _inside(rule, band, scope) for band in rule.bands}
    if None in inside.values():
        return Verdict(None)
    if True not in inside.values():
        return Verdict(False)
    return Verdict(holds, next(band for band, lies in inside.items() if lies) if holds else None)


def _inside(rule: Rule, band: Band, scope: Scope) -> bool | None:
    """Tell whether a rule's number lies in a band, None where it is unknown."""
    assert rule.banded is not None
    above = True if band.low is None else compare(">=", rule.banded, Number(band.low), scope)
    below = True if band.high is None else compare("<", rule.banded, Number(band.high), scope)
    return None if above is None or below is None else above and below


@dataclass(frozen=True)
class _Earned:
    """A weight that an event of an entity earned."""

    typology: str
    key: tuple[str, ...]
    weight: str
    t_us: int


@dataclass
class Decider:
    """Combines hits, and remembers which weights were earned when, for typologies over an entity."""

    ruleset: Ruleset
    lateness_us: int
    _earned: list[_Earned] = field(default_factory=list)

    def reload(self, ruleset: Ruleset, watermark_us: int) -> Decider:
        """Return the decider of another ruleset: typologies over the same entities go on.

        What lay behind every window before is gone, however long the new ones are.
        """
        kept = {(each.name, each.by) for each in ruleset.typologies if each.by}
        low_us = {
            each.name: watermark_us - self.lateness_us - each.window_us
            for each in self.ruleset.typologies
            if (each.name, each.by) in kept
        }
        earned = [each for each in self._earned if each.t_us > low_us.get(each.typology, each.t_us)]
        return Decider(ruleset, self.lateness_us, earned)

    def decide(self, event: Event, verdicts: Mapping[str, Verdict], watermark_us: int) -> Decision:
        """Return what is decided on an event."""
        hits = self._hits(event, verdicts, live=True)
        patterns = [self._pattern(each, event, hits, watermark_us) for each in self.ruleset.typologies]
        return self._decision(event, hits, tuple(each for each in patterns if each is not None))

    def would(self, event: Event, verdicts: Mapping[str, Verdict], decision: Decision) -> Would:
        """Return what would be decided on an event on which this is decided."""
        hits = self._hits(event, verdicts, live=False)
        graver = tuple(
            hit.rule.id
            for hit in hits
            if is_graver(self._capped(hit.action, hit.rule.typology, event), decision.action)
        )
        return Would(self._decision(event, hits, ()), graver)

    def _hits(self, event: Event, verdicts: Mapping[str, Verdict], *, live: bool) -> tuple[Hit, ...]:
        return tuple(
            Hit(rule, verdicts[rule.id].band)
            for rule in self.ruleset.rules
            if is_live(rule, event) == live and verdicts[rule.id].outcome
        )

    def _decision(self, event: Event, hits: tuple[Hit, ...], found: tuple[Pattern, ...]) -> Decision:
        asked = [(hit.action, hit.rule.typology) for hit in hits]
        asked += [(each.action, each.typology.name) for each in found]
        capped = [self._capped(action, typology, event) for action, typology in asked]
        action = max(capped, key=ACTIONS.index, default="allow")
        return Decision(action, min(SCORE_MAX, sum(hit.score for hit in hits)), hits, found)

    def _capped(self, action: str, typology: str, event: Event) -> str:
        """Return the action that a typology may ask for at an event."""
        caps = [
            each.at_most
            for each in self.ruleset.allow_lists
            if typology not in each.exempt and is_listed(self.ruleset, each.list_name, event, each.column)
        ]
        return min([action, *caps], key=ACTIONS.index)

    def _pattern(
        self, typology: Typology, event: Event, hits: Sequence[Hit], watermark_us: int
    ) -> Pattern | None:
        """Return the band of a typology that an event reaches, None where there is none."""
        weights = dict(typology.weights)
        now = [name for hit in hits for name in _names(hit) if name in weights]
        if not now:
            return None
        earned = now
        if typology.by:
            key = event.key(typology.by)
            if key is None:
                return None
            low_us = max(event.t_us, watermark_us - self.lateness_us) - typology.window_us
            earned = now + [
                each.weight
                for each in self._earned
                if (each.typology, each.key) == (typology.name, key)
                and each.weight in weights
                and low_us < each.t_us <= event.t_us
            ]
            self._earned += [_Earned(typology.name, key, weight, event.t_us) for weight in now]
        largest: dict[str, int] = {}
        for weight in earned:
            rule_id = weight.split(".")[0]
            largest[rule_id] = max(weights[weight], largest.get(rule_id, 0))
        score = sum(largest.values())
        for band in typology.bands:
            if (band.low is None or band.low <= score) and (band.high is None or score < band.high):
                assert band.action is not None
                return Pattern(typology, score, band.action, tuple(sorted(largest.items())))
        return None


def is_graver(action: str, other: str) -> bool:
    """Tell whether one action is graver than another."""
    return ACTIONS.index(action) > ACTIONS.index(other)


def _names(hit: Hit) -> list[str]:
    """Return the names under which a hit may be weighed."""
    return [hit.rule.id] if hit.band is None else [hit.rule.id, f"{hit.rule.id}.{hit.band.name}"]

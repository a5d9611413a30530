"""The combine stage: from the hits of an event to its action and score, by rules, typologies, allow-lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.actions import RANKS, SCORE_MAX
from fraudstream.engine.allow_lists import AllowLists
from fraudstream.engine.rollout import is_live
from fraudstream.engine.typologies import Pattern, TypologyStage
from fraudstream.engine.watermark import Tide
from fraudstream.events.batch import EventBatch
from fraudstream.rules.actions import AllowList
from fraudstream.rules.binding import Bound, BoundRule
from fraudstream.rules.schema import Outcome, Status
from fraudstream.rules.vectors import Vectors


@dataclass(frozen=True, eq=False)
class Hit:
    """What a rule does where it hits, in one of its bands if it has some; the same for every event."""

    bound: BoundRule
    outcome: Outcome
    rank: int
    weights: tuple[str, ...]
    """The names under which it counts in typologies: `RULE`, `RULE.band`."""

    @property
    def asks(self) -> bool:
        """Whether an event that it hits is decided any different."""
        return bool(self.rank or self.outcome.score)


class Verdict(NamedTuple):
    """What is decided on an event that at least one live rule hit, or what shadow rules would decide."""

    event: int
    rank: int
    score: int
    hits: list[Hit]
    patterns: list[Pattern]
    allowed_by: AllowList | None


_ByEvent = list[tuple[int, list[Hit]]]


@dataclass(frozen=True)
class Decided:
    """Of n events actions as ranks int8 [n], scores int16 [n], and in order the verdicts on those hit.

    `shadow` are the verdicts that there would be if those rules, and only those, were live that are shadow
    for an event: scored typologies left out, as to which hits would add up is not what one rule would tell.
    `bands` counts the hits in each band, shadow rules' as well; `allowed` the events that each list let
    pass, or pass further.
    """

    action: NDArray[np.int8]
    score: NDArray[np.int16]
    verdicts: list[Verdict] = field(default_factory=list)
    shadow: list[Verdict] = field(default_factory=list)
    bands: Counter[tuple[str, str]] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)


class Decider:
    """Combines the hits of all rules, those of live and of shadow rules apart: only the former decide."""

    def __init__(self, bound: Bound, lateness_us: int) -> None:
        self._typologies = TypologyStage(bound.ruleset.typologies, lateness_us)
        self._allow_lists = AllowLists(bound.ruleset)
        weights = self._typologies.of_weight
        self._hits = [_hits_of(rule, weights) for rule in bound.rules]
        # A shadow rule that asks for nothing is only counted.
        self._read = np.array(
            [
                rule.rule.spec.status is Status.LIVE or bool(rule.bands) or any(hit.asks for hit in hits)
                for rule, hits in zip(bound.rules, self._hits, strict=True)
            ]
        )

    def decide(self, hits: NDArray[np.bool_], vectors: Vectors, batch: EventBatch, tide: Tide) -> Decided:
        """Return what is decided on a batch; `hits` is bool [rules, n]."""
        events = len(batch)
        decided = Decided(np.zeros(events, np.int8), np.zeros(events, np.int16))
        if not hits.any():
            return decided
        live, shadow = self._found(hits, vectors, batch, decided.bands)
        decided.shadow.extend(self._combined(event, found, [], batch) for event, found in shadow)
        for event, found in live:
            verdict = self._verdict(event, found, batch, tide)
            decided.verdicts.append(verdict)
            decided.action[event] = verdict.rank
            decided.score[event] = verdict.score
            if verdict.allowed_by is not None:
                decided.allowed[verdict.allowed_by.list_] += 1
        return decided

    def _found(
        self, hits: NDArray[np.bool_], vectors: Vectors, batch: EventBatch, bands: Counter[tuple[str, str]]
    ) -> tuple[_ByEvent, _ByEvent]:
        """Return the hits of rules that are live, and of those that are shadow, by event.

        Hits are rare, so that they are looked at one by one.
        """
        live: dict[int, list[Hit]] = {}
        shadow: dict[int, list[Hit]] = {}
        rules, events = np.divmod(np.flatnonzero(hits), hits.shape[1])
        read = self._read[rules]
        for rule, event in zip(rules[read].tolist(), events[read].tolist(), strict=True):
            hit = self._hits[rule][0]
            if hit.bound.bands:
                hit = self._in_band(rule, vectors, event)
                bands[hit.bound.rule.id, str(hit.outcome.band)] += 1
            found = live if is_live(hit.bound.rule.spec, batch, event) else shadow
            found.setdefault(event, []).append(hit)
        return sorted(live.items()), sorted(shadow.items())

    def _in_band(self, rule: int, vectors: Vectors, event: int) -> Hit:
        hits = self._hits[rule]
        bands = zip(hits, hits[0].bound.bands, strict=True)
        return next(hit for hit, band in bands if vectors[band.slot].at(event))

    def _verdict(self, event: int, hits: list[Hit], batch: EventBatch, tide: Tide) -> Verdict:
        earned = [weight for hit in hits for weight in hit.weights]
        patterns = self._typologies.patterns(batch, event, earned, tide.at(event)) if earned else []
        return self._combined(event, hits, patterns, batch)

    def _combined(self, event: int, hits: list[Hit], patterns: list[Pattern], batch: EventBatch) -> Verdict:
        asked = [(hit.rank, hit.bound.rule.spec.typology) for hit in hits]
        asked += [(RANKS[pattern.band.action], pattern.typology) for pattern in patterns]
        rank, allowed_by = self._allow_lists.capped(batch, event, asked)
        score = min(SCORE_MAX, sum([hit.outcome.score for hit in hits]))
        return Verdict(event, rank, score, hits, patterns, allowed_by)

    def adopt(self, old: Decider, watermark_us: int) -> None:
        """Go on with what the decider of another ruleset remembers, as far as its windows reach."""
        old._typologies.forget(watermark_us)
        self._typologies.restore(old._typologies.snapshot())

    def snapshot(self) -> dict[str, bytes | int]:
        """Return what is remembered of earlier hits."""
        return self._typologies.snapshot()

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot."""
        self._typologies.restore(state)


def _hits_of(bound: BoundRule, weights: Mapping[str, Sequence[str]]) -> list[Hit]:
    """Return what a rule does, one per band."""
    hits = []
    for outcome in bound.rule.spec.outcomes:
        names = (bound.rule.id, f"{bound.rule.id}.{outcome.band}")
        earned = tuple(name for name in names if name in weights)
        hits.append(Hit(bound, outcome, RANKS[outcome.action], earned))
    return hits

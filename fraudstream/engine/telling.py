"""Decides which hits are told: neither what is suppressed nor what is over the alert budget of its rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fraudstream.engine.alerts import overflow_rule
from fraudstream.engine.budget import Budget, Overflow
from fraudstream.engine.deciding import Hit, Verdict
from fraudstream.engine.suppression import Key, Suppression
from fraudstream.engine.typologies import Pattern
from fraudstream.engine.watermark import Tide
from fraudstream.events.batch import EventBatch
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.schema import Suppress

_OVERFLOW_COLUMNS = ("debtor.id",)
"""Whose hits a summary counts where the rule has no key of its own to be quiet for."""


class ToldHit(NamedTuple):
    """A hit that is told, and as which of at most how many of its rule within the hour, if it is limited."""

    hit: Hit
    budget: tuple[int, int] | None


class Told(NamedTuple):
    """What is told of a verdict: hits and typologies."""

    verdict: Verdict
    hits: list[ToldHit]
    patterns: list[Pattern]


@dataclass
class Kept:
    """What is not told: how many hits and typologies are suppressed, and per rule how many over budget."""

    suppressed: int = 0
    held_back: Counter[str] = field(default_factory=Counter)


class Teller:
    """Remembers which key is quiet, and what each rule has told within the hour."""

    def __init__(self, ruleset: Ruleset, lateness_us: int) -> None:
        self._default_max = ruleset.actions.alerts_per_hour_max
        self._suppress = {name: score.suppress for name, score in ruleset.typologies.scored}
        self._lateness_us = lateness_us
        self._suppression = Suppression()
        self._budget = Budget()

    def told(self, verdict: Verdict, batch: EventBatch, tide: Tide, kept: Kept) -> Told | None:
        """Return what is told of a verdict, None where nothing is; count the rest.

        An event that is allowed tells nothing, and makes nothing quiet.
        """
        if not verdict.rank:
            return None
        watermark_us = tide.at(verdict.event)
        told = []
        for hit in verdict.hits:
            if hit.rank and (each := self._hit(hit, verdict, batch, watermark_us, kept)) is not None:
                told.append(each)
        patterns = [
            pattern
            for pattern in verdict.patterns
            if self._pattern(pattern, verdict.event, batch, watermark_us, kept)
        ]
        return Told(verdict, told, patterns) if told or patterns else None

    def _hit(
        self, hit: Hit, verdict: Verdict, batch: EventBatch, watermark_us: int, kept: Kept
    ) -> ToldHit | None:
        then = hit.bound.rule.spec.then
        at_most = then.alerts_per_hour_max or self._default_max
        if then.suppress is None and at_most is None:
            return ToldHit(hit, None)
        rule_id, t_us = hit.bound.rule.id, int(batch.time_us[verdict.event])
        key = _key(rule_id, then.suppress, batch, verdict.event)
        if key is not None and self._suppression.is_quiet(key, t_us):
            kept.suppressed += 1
            return None
        budget = None
        if at_most is not None:
            number = self._budget.admit(rule_id, t_us, at_most, watermark_us - self._lateness_us)
            if number is None:
                kept.held_back[rule_id] += 1
                self._hold_back(hit, verdict, batch, watermark_us)
                return None
            budget = (number, at_most)
        if key is not None and then.suppress is not None:
            self._suppression.told(key, t_us, then.suppress.for_, watermark_us - self._lateness_us)
        return ToldHit(hit, budget)

    def _hold_back(self, hit: Hit, verdict: Verdict, batch: EventBatch, watermark_us: int) -> None:
        spec = hit.bound.rule.spec
        columns = spec.then.suppress.by if spec.then.suppress else _OVERFLOW_COLUMNS
        t_us = int(batch.time_us[verdict.event])
        overflow = self._budget.overflow(overflow_rule(spec), t_us, columns, watermark_us)
        if overflow is not None:
            # Those of the first hit, also where a reload has changed the rule since.
            overflow.count(_texts(overflow.columns, batch, verdict.event), verdict.score)

    def _pattern(
        self, pattern: Pattern, event: int, batch: EventBatch, watermark_us: int, kept: Kept
    ) -> bool:
        suppress = self._suppress[pattern.typology]
        key = _key(pattern.typology, suppress, batch, event)
        if key is None or suppress is None:
            return True
        t_us = int(batch.time_us[event])
        if self._suppression.is_quiet(key, t_us):
            kept.suppressed += 1
            return False
        self._suppression.told(key, t_us, suppress.for_, watermark_us - self._lateness_us)
        return True

    def overflows(self, tide: Tide, until: int) -> Iterator[tuple[int, Overflow]]:
        """Yield the summaries due at the events of a batch before `until`, and the event each is due at."""
        while self._budget.next_us <= tide.after_us:
            event = tide.first_at(self._budget.next_us)
            if event >= until:
                return
            for overflow in self._budget.due():
                yield event, overflow

    def snapshot(self) -> dict[str, bytes | int]:
        """Return what is remembered of earlier hits."""
        parts = {"suppression": self._suppression.snapshot(), "budget": self._budget.snapshot()}
        return {f"{part}.{name}": value for part, state in parts.items() for name, value in state.items()}

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot, also from that of an earlier ruleset."""
        for part, stage in (("suppression.", self._suppression), ("budget.", self._budget)):
            own = {name.removeprefix(part): each for name, each in state.items() if name.startswith(part)}
            stage.restore(own)


def _key(name: str, suppress: Suppress | None, batch: EventBatch, event: int) -> Key | None:
    """Return the key that a hit is quiet for, None where it has none or lacks a part of it."""
    if suppress is None:
        return None
    texts = [text for text in _texts(suppress.by, batch, event) if text is not None]
    return (name, *suppress.by, *texts) if len(texts) == len(suppress.by) else None


def _texts(columns: Sequence[str], batch: EventBatch, event: int) -> list[str | None]:
    return [batch.text(column, event) for column in columns]

"""Above and below the line: what a rule would hit at each value of a parameter, from one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from fraudstream.engine.step import Settings
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.rules.schema import RuleSpec
from fraudstream.workbench.answers import UNKNOWN, Answers
from fraudstream.workbench.below import Band, BelowTheLine
from fraudstream.workbench.lessons import Lessons, Taught, taught_of, turns_of
from fraudstream.workbench.observing import Look, Observer, portions
from fraudstream.workbench.sources import SourceError
from fraudstream.workbench.sweep import DAY_US, Entities, Seen, Sweep, Week
from fraudstream.workbench.thresholds import Thresholds
from fraudstream.workbench.variants import variants
from fraudstream.workbench.worth import Worth

_USUAL_ENTITY = ("debtor.id",)


@dataclass(frozen=True)
class Sampling:
    """How many events a band are drawn below the line, and by which seed."""

    size: int
    seed: int = 0


@dataclass(frozen=True)
class Tuning:
    """What a sweep found; `bands` are empty where no sample was asked for."""

    rule: Rule
    thresholds: Thresholds
    entity: tuple[str, ...]
    sweep: Sweep
    total: Week
    entities: tuple[int, ...]
    taught: Taught
    """What the labels came to that were taught."""
    bands: tuple[Band, ...] = field(default=())

    @property
    def days(self) -> int:
        """The days over which alerts a day are averaged."""
        return self.sweep.full_days()

    def alerts_a_day(self, value: int) -> float:
        """Return the hits of a value on an average day, none of them kept back by suppression or a budget."""
        return int(self.total.hits[value]) / self.days

    def suggested(self, alerts_a_day_max: float) -> int | None:
        """Return the value with the most recall within a budget, or the most hits where no fraud is known.

        Of equal values it is the one with fewer hits, then the one nearest to the current value. None where
        every value is over the budget.
        """
        within = [
            value for value in range(len(self.entities)) if self.alerts_a_day(value) <= alerts_a_day_max
        ]
        return max(within, key=self._merit, default=None)

    def _merit(self, value: int) -> tuple[int, int, int]:
        total, distance = self.total, abs(value - self.thresholds.current)
        hits = int(total.hits[value])
        return (int(total.frauds_hit[value]), -hits, -distance) if total.frauds else (hits, 0, -distance)


def precision(week: Week, value: int) -> float | None:
    """Return which share of the labelled hits of a value were fraud.

    None where no hit has a label, and where no genuine event has one: then every hit would count as fraud.
    """
    frauds, genuine = int(week.frauds_hit[value]), int(week.genuine_hit[value])
    return frauds / (frauds + genuine) if week.genuine and frauds + genuine else None


def recall(week: Week, value: int) -> float | None:
    """Return which share of the known frauds a value hits, None where none is known."""
    return int(week.frauds_hit[value]) / week.frauds if week.frauds else None


def value_recall(week: Week, value: int) -> float | None:
    """Return which share of the worth of the known frauds a value hits, None where they are worth nothing."""
    return float(week.worth_hit[value]) / week.worth if week.worth else None


def tune(
    ruleset: Ruleset,
    rule: Rule,
    thresholds: Thresholds,
    settings: Settings,
    history: Iterable[Sequence[bytes | None]],
    labels: Answers | None = None,
    sampling: Sampling | None = None,
    lessons: Lessons | None = None,
) -> Tuning:
    """Fold history once and return what each value hits.

    RulesetError where one pass cannot tell, SourceError where the history has no event or labels are wrong.
    """
    entity = entity_of(rule.spec)
    found = variants(ruleset, rule, thresholds)
    sweeper = _Sweeper(thresholds, found.ids, entity, labels, sampling)
    observer = Observer(found.ruleset, settings)
    parts = (messages for batch in history for messages in portions(batch))
    for turn in turns_of(parts, lessons):
        _, look = observer.take(turn)
        if look is not None:
            sweeper.see(observer.bound, look)
    if not sweeper.sweep.weeks:
        raise SourceError("no message of the history is an event: check the files, and --map")
    return Tuning(
        rule,
        thresholds,
        entity,
        sweeper.sweep,
        sweeper.sweep.total(),
        tuple(sweeper.entities.counts().tolist()),
        taught_of(observer.taught, lessons),
        tuple(sweeper.below.bands()) if sweeper.below else (),
    )


def entity_of(spec: RuleSpec) -> tuple[str, ...]:
    """Return whom a rule is about: whom its alerts keep quiet for, else whom its first feature counts."""
    if spec.then.suppress is not None:
        return spec.then.suppress.by
    first = next(iter(spec.features.values()), None)
    return _USUAL_ENTITY if first is None else first.for_ or first.by


class _Sweeper:
    """Reads which events each value hit, while the engine has them."""

    def __init__(
        self,
        thresholds: Thresholds,
        ids: Sequence[str],
        entity: Sequence[str],
        labels: Answers | None,
        sampling: Sampling | None,
    ) -> None:
        values, current = len(thresholds.values), thresholds.current
        self._ids, self._current, self._labels, self._worth = ids, current, labels, Worth()
        self._rows: slice | None = None
        self.sweep, self.entities = Sweep(values), Entities(entity, values)
        self.below = (
            None if sampling is None else BelowTheLine(values, current, entity, sampling.size, sampling.seed)
        )

    def see(self, bound: Bound, look: Look) -> None:
        """Count the judged events of a batch."""
        rows = self._rows or self._find(bound)
        hits = look.judged.hits[rows]
        self.sweep.add(self._seen(bound, look, rows))
        if hits.any():
            self.entities.add(hits, look.judged.batch)
            if self.below is not None:
                self.below.add(hits, look.judged, bound.rules[rows.start + self._current].when)

    def _find(self, bound: Bound) -> slice:
        """Return the rows of the variants, which stand together."""
        first = [each.rule.id for each in bound.rules].index(self._ids[0])
        self._rows = slice(first, first + len(self._ids))
        return self._rows

    def _seen(self, bound: Bound, look: Look, rows: slice) -> Seen:
        batch, hits = look.judged.batch, look.judged.hits[rows]
        days = batch.time_us // DAY_US
        if self._labels is None:
            return Seen(hits, days, np.full(len(batch), UNKNOWN, np.int8), np.zeros(len(batch)))
        return Seen(hits, days, self._labels.of(look), self._worth.of(bound, batch))

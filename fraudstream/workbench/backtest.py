"""Back-tests a ruleset: folds a history through the engine, and counts what its rules hit and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.actions import SEVERITIES
from fraudstream.engine.result import StepResult
from fraudstream.engine.step import Settings
from fraudstream.features.catalogue import DAY_US
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.schema import RuleSpec, Status
from fraudstream.workbench.answers import FRAUD, UNKNOWN, Answers
from fraudstream.workbench.daily import DailyBudget
from fraudstream.workbench.lessons import Lessons, Taught, taught_of, turns_of
from fraudstream.workbench.observing import Look, Observer, portions_of
from fraudstream.workbench.sources import History, SourceError
from fraudstream.workbench.tally import Marked, Marks, Tally
from fraudstream.workbench.worth import Worth

_ENTITY = ("debtor.id",)
"""Who is counted where a rule has no key of its own to be quiet for."""


@dataclass
class Messages:
    """What became of all messages; `events_in` = judged + dead letters + duplicates."""

    events_in: int = 0
    judged: int = 0
    late: int = 0
    duplicates: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    suppressed: int = 0
    held_back: int = 0

    def add(self, result: StepResult) -> None:
        """Count a step; labels are no messages of the history."""
        self.events_in += result.events_in - result.labels.total()
        self.judged += len(result.decisions.row)
        self.late += result.late
        self.duplicates += result.duplicates
        self.dead_letters.update(letter.reason for letter in result.dead_letters)
        self.suppressed += result.suppressed
        self.held_back += result.held_back.total()


class Backtest:
    """A back-test under way.

    It keeps counts per rule, per pair of rules, per rule and day, the entities that each rule told of, and
    the alerts of the daily budget. None of that grows with the number of events as such.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        settings: Settings,
        answers: Answers | None = None,
        alerts_a_day: int | None = None,
        lessons: Lessons | None = None,
    ) -> None:
        self._lessons = lessons
        self._observer = Observer(ruleset, settings)
        bound = self._observer.bound
        self.ruleset = ruleset
        self.specs: list[RuleSpec] = [each.rule.spec for each in bound.rules]
        self.entity_columns = [_entity(spec) for spec in self.specs] + [_ENTITY]
        self.messages = Messages()
        self._worth = Worth()
        self.is_labelled = answers is not None
        self.budget = None if alerts_a_day is None else DailyBudget(alerts_a_day)
        rows = len(self.specs) + 1
        self.tally = Tally(rows)
        self.entities: list[set[tuple[str, ...]]] = [set() for _ in range(rows)]
        self._answers = answers
        self._row_of = {spec.id: row for row, spec in enumerate(self.specs)}

    def fold(
        self, histories: Sequence[History], progress: Callable[[int], None] = lambda events: None
    ) -> None:
        """Fold histories in their order; SourceError where one cannot be read, or no event has a label."""
        for turn in turns_of(portions_of(histories, progress), self._lessons):
            result, look = self._observer.take(turn)
            self.messages.add(result)
            if look is not None:
                self._count(look)
        if self.is_labelled and not any(self.tally.labels.values()):
            raise SourceError("no event has a label: check the label file and the name of the label column")

    def _count(self, look: Look) -> None:
        labels = np.full(len(look), UNKNOWN, np.int8) if self._answers is None else self._answers.of(look)
        told = self._told(look)
        flagged = look.result.decisions.action > 0
        marked = Marked(
            look.judged.batch.time_us,
            np.vstack([look.judged.hits, flagged]),
            told,
            labels,
            self._values(look, told.any(axis=0) | (labels == FRAUD)),
        )
        self.tally.add(marked)
        self._meet(look, told)
        if self.budget is not None:
            self._rank(look, self.budget, marked)

    def _told(self, look: Look) -> Marks:
        """Return which rules told of which events, and would have where they are shadow."""
        told = np.zeros((len(self.specs) + 1, len(look)), np.bool_)
        for event, rule in look.shadow:
            told[self._row_of[rule], event] = True
        for alert in look.alerts:
            told[-1, alert.event] = True
            told[[self._row_of[rule] for rule in alert.rules], alert.event] = True
        return told

    def _values(self, look: Look, wanted: NDArray[np.bool_]) -> NDArray[np.object_]:
        values = np.zeros(len(look), object)
        if wanted.any():
            # Whole numbers of Python, whose sums are exact however large.
            worth = self._worth.of(self._observer.bound, look.judged.batch)
            values[wanted] = [int(each) for each in worth[wanted]]
        return values

    def _meet(self, look: Look, told: Marks) -> None:
        """Note the entities that are told of; those that are not known are no one."""
        batch = look.judged.batch
        for row, event in zip(*(each.tolist() for each in np.nonzero(told)), strict=True):
            key = [batch.text(column, event) for column in self.entity_columns[row]]
            known = tuple(text for text in key if text is not None)
            if len(known) == len(key):
                self.entities[row].add(known)

    def _rank(self, look: Look, budget: DailyBudget, marked: Marked) -> None:
        for alert in look.alerts:
            time_us = int(marked.time_us[alert.event])
            rows = frozenset((*(self._row_of[rule] for rule in alert.rules), len(self.specs)))
            severity = SEVERITIES.index(alert.content["severity"])
            label = int(marked.labels[alert.event])
            budget.add(time_us // DAY_US, severity, alert.content["score"], time_us, label, rows)

    @property
    def taught(self) -> Taught:
        """What the labels came to that were taught."""
        return taught_of(self._observer.taught, self._lessons)

    @property
    def days(self) -> int:
        """On how many days in UTC there were events."""
        return len(self.tally.alerts_by_day)


def is_shadow(spec: RuleSpec) -> bool:
    """Tell whether a rule decides nothing, so that its alerts are only would-be ones."""
    return spec.status is Status.SHADOW


def _entity(spec: RuleSpec) -> tuple[str, ...]:
    return _ENTITY if spec.then.suppress is None else spec.then.suppress.by

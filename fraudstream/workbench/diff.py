"""Compares two rulesets over one history: two engines side by side, in one pass."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from itertools import chain, islice, zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.step import Settings
from fraudstream.events.batch import EventBatch
from fraudstream.events.money import decimal_text
from fraudstream.events.times import format_time
from fraudstream.rules.ruleset import Ruleset
from fraudstream.workbench.arrivals import events_in
from fraudstream.workbench.lessons import Lessons, Taught, Turn, taught_of, turns_of
from fraudstream.workbench.observing import Look, Observer, portions_of
from fraudstream.workbench.sources import History

Marks = NDArray[np.bool_]
Counts = NDArray[np.int64]


class Kind(StrEnum):
    """How what is decided on an event differs."""

    NEW_ALERT = "new_alert"
    LOST_ALERT = "lost_alert"
    CHANGED_ACTION = "changed_action"


class Reason(NamedTuple):
    """What a rule, or a typology, told of an event."""

    rule: str
    reason: str


class Side(NamedTuple):
    """What one ruleset says of an event; without reasons where it tells of nothing."""

    action: str
    score: int
    reasons: tuple[Reason, ...]


class Example(NamedTuple):
    """An event on which the rulesets differ; a missing amount, currency or debtor is None."""

    event_id: str
    occurred_at: str
    amount: str | None
    currency: str | None
    debtor_id: str | None
    old: Side
    new: Side


class _View:
    """What one ruleset said of a batch, by the numbers of the rules of both."""

    def __init__(self, look: Look, rows: NDArray[np.intp], row_of: dict[str, int]) -> None:
        decided, events = look.judged.decided, len(look)
        self.look = look
        self.hits = np.zeros((len(row_of), events), np.bool_)
        self.hits[rows] = look.judged.hits
        self.action = decided.action
        self.alert_at = {alert.event: alert for alert in look.alerts}
        self.alerted = np.zeros(events, np.bool_)
        self.alerted[list(self.alert_at)] = True
        self.told = np.zeros_like(self.hits)
        for alert in look.alerts:
            self.told[[row_of[rule] for rule in alert.rules], alert.event] = True

    def asked(self) -> dict[int, set[tuple[str, int]]]:
        """Return by event which live rules hit, and the rank of the action each asks for."""
        return {
            verdict.event: {(hit.bound.rule.id, hit.rank) for hit in verdict.hits}
            for verdict in self.look.judged.decided.verdicts
        }

    def side(self, event: int) -> Side:
        """Return what was said of one event."""
        alert = self.alert_at.get(event)
        reasons: tuple[Reason, ...] = ()
        if alert is not None:
            told = ((each["id"], each["reason"]) for each in alert.content["rules"])
            bands = (
                (each["id"], f"{each['reason']} (score {each['score']})")
                for each in alert.content["typologies"]
                if each["score"] is not None
            )
            reasons = tuple(Reason(*each) for each in chain(told, bands))
        score = int(self.look.judged.decided.score[event])
        return Side(ACTIONS[int(self.action[event])], score, reasons)


class Diff:
    """A comparison under way.

    It keeps counts per rule, and of each kind at most `examples_max` examples per rule: nothing that grows
    with the number of events.
    """

    def __init__(
        self,
        old: Ruleset,
        new: Ruleset,
        settings: Settings,
        examples_max: int = 5,
        lessons: Lessons | None = None,
    ) -> None:
        self.old, self.new = old, new
        self._lessons = lessons
        self._observers = (Observer(old, settings), Observer(new, settings))
        ids = sorted({rule for observer in self._observers for rule in observer.engine.rule_ids})
        self.rule_ids = tuple(ids)
        self._row_of = {rule: row for row, rule in enumerate(ids)}
        self._rows = [
            np.array([self._row_of[rule] for rule in observer.engine.rule_ids], np.intp)
            for observer in self._observers
        ]
        self._examples_max = examples_max
        self._examples: defaultdict[Kind, defaultdict[str, list[Example]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.events_in = self.judged = self.changed = 0
        self.old_alerts = self.new_alerts = 0
        self.events: Counter[Kind] = Counter()
        self.actions: Counter[tuple[str, str]] = Counter()
        self.hits_old, self.hits_new = self._zeros(), self._zeros()
        self.hits_gained, self.hits_lost = self._zeros(), self._zeros()
        self.alerts_gained, self.alerts_lost = self._zeros(), self._zeros()
        self.actions_changed: Counter[str] = Counter()

    def _zeros(self) -> Counts:
        return np.zeros(len(self.rule_ids), np.int64)

    def fold(
        self, histories: Sequence[History], progress: Callable[[int], None] = lambda events: None
    ) -> None:
        """Fold histories in their order through both engines; SourceError where one cannot be read."""
        for turn in turns_of(portions_of(histories, progress), self._lessons):
            self._step(turn)

    @property
    def taught(self) -> Taught:
        """What the labels came to that were taught to both."""
        return taught_of(self._observers[0].taught, self._lessons)

    def _step(self, turn: Turn) -> None:
        self.events_in += events_in(turn.messages)
        looks = [observer.take(turn)[1] for observer in self._observers]
        views = [
            _View(look, rows, self._row_of)
            for look, rows in zip(looks, self._rows, strict=True)
            if look is not None
        ]
        if views:
            # Which messages are new events does not depend on the rules.
            old, new = views
            self._count(old, new)

    def _count(self, old: _View, new: _View) -> None:
        action = old.action != new.action
        found = {
            Kind.NEW_ALERT: new.alerted & ~old.alerted,
            Kind.LOST_ALERT: old.alerted & ~new.alerted,
            Kind.CHANGED_ACTION: action,
        }
        self.judged += len(action)
        self.changed += int((action | (old.alerted != new.alerted)).sum())
        self.old_alerts += int(old.alerted.sum())
        self.new_alerts += int(new.alerted.sum())
        self._count_rules(old, new)
        for kind, marks in found.items():
            self.events[kind] += int(marks.sum())
            if marks.any():
                self._look_closer(kind, np.flatnonzero(marks).tolist(), old, new)

    def _count_rules(self, old: _View, new: _View) -> None:
        self.hits_old += old.hits.sum(axis=1)
        self.hits_new += new.hits.sum(axis=1)
        self.hits_gained += (new.hits & ~old.hits).sum(axis=1)
        self.hits_lost += (old.hits & ~new.hits).sum(axis=1)
        self.alerts_gained += (new.told & ~old.told).sum(axis=1)
        self.alerts_lost += (old.told & ~new.told).sum(axis=1)

    def _look_closer(self, kind: Kind, events: Sequence[int], old: _View, new: _View) -> None:
        changes = _changed_rules(events, old, new) if kind is Kind.CHANGED_ACTION else {}
        for event in events:
            if kind is Kind.CHANGED_ACTION:
                rules = changes[event]
                self.actions_changed.update(rules)
                self.actions[ACTIONS[int(old.action[event])], ACTIONS[int(new.action[event])]] += 1
            else:
                told = new if kind is Kind.NEW_ALERT else old
                rules = told.alert_at[event].rules
            kept = self._examples[kind][rules[0] if rules else ""]
            if len(kept) < self._examples_max:
                kept.append(_example(old.look.judged.batch, event, old, new))

    def examples(self, kind: Kind) -> list[Example]:
        """Return examples of a kind, taken from as many rules as there are, the first of each first."""
        by_rule = [each for _, each in sorted(self._examples[kind].items())]
        in_turn = chain.from_iterable(zip_longest(*by_rule))
        return list(islice((each for each in in_turn if each is not None), self._examples_max))

    @property
    def changed_share(self) -> float:
        """The share of the judged events whose action differs, or that only one ruleset alerts on."""
        return self.changed / self.judged if self.judged else 0.0


def _changed_rules(events: Iterable[int], old: _View, new: _View) -> dict[int, list[str]]:
    """Return by event the live rules that hit in one ruleset only, or ask for another action."""
    before, after = old.asked(), new.asked()
    nothing: set[tuple[str, int]] = set()
    return {
        event: sorted({rule for rule, _ in before.get(event, nothing) ^ after.get(event, nothing)})
        for event in events
    }


def _example(batch: EventBatch, event: int, old: _View, new: _View) -> Example:
    currency, amounts = batch.text("currency", event), batch.number("amount")
    amount = None
    if currency is not None and amounts.present[event]:
        amount = decimal_text(int(amounts.values[event]), currency)
    return Example(
        batch.ids.text(event),
        format_time(int(batch.time_us[event])),
        amount,
        currency,
        batch.text("debtor.id", event),
        old.side(event),
        new.side(event),
    )

"""What a back-test found, as plain data: schema `fraudstream.backtest/v1`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from fraudstream.events.money import decimal_text
from fraudstream.events.times import format_time
from fraudstream.features.catalogue import DAY_US
from fraudstream.rules.schema import RuleSpec
from fraudstream.workbench.answers import FRAUD, GENUINE
from fraudstream.workbench.backtest import Backtest, is_shadow
from fraudstream.workbench.figures import Budgeted, Caught, share

BACKTEST_SCHEMA = "fraudstream.backtest/v1"


@dataclass(frozen=True)
class Line:
    """The figures of one rule, or of all live rules together where `spec` is None.

    `caught` are the hits and `told` the alerts by their labels, None without labels. `value_at_risk` is in
    minor units of the base currency. Of a shadow rule the alerts are would-be ones, and `budgeted` is None;
    of a rule in rollout they are both, and only live ones are within the budget.
    """

    spec: RuleSpec | None
    entity: tuple[str, ...]
    hits: int
    alerts: int
    alerts_per_day: float | None
    alerts_day_max: int
    entities: int
    value_at_risk: int
    caught: Caught | None
    told: Caught | None
    budgeted: Budgeted | None

    @property
    def is_shadow(self) -> bool:
        """Whether the figures are of a rule that decides nothing."""
        return self.spec is not None and is_shadow(self.spec)


class Overlap(NamedTuple):
    """Two rules that hit the same events, how many, and which share of the rarer rule's hits that is."""

    first: str
    second: str
    events: int
    share: float


@dataclass(frozen=True)
class Report:
    """Everything that a back-test found; `days` [d] name the rows of `alerts_by_day` [d, rules + 1]."""

    backtest: Backtest
    overall: Line
    rules: list[Line]
    days: list[str]
    alerts_by_day: list[list[int]]

    @property
    def currency(self) -> str:
        """The currency of all values."""
        return self.backtest.ruleset.rates.base

    @property
    def ids(self) -> list[str]:
        """The ids of the rules, in their order."""
        return [spec.id for spec in self.backtest.specs]

    @cached_property
    def overlap(self) -> list[list[int]]:
        """How many events both rules hit, [rules, rules]; on the diagonal the hits of one."""
        counts: list[list[int]] = self.backtest.tally.overlap[:-1, :-1].tolist()
        return counts

    def overlaps(self) -> list[Overlap]:
        """Return the pairs that have hits in common, those with the most first."""
        return sorted(self._pairs(), key=lambda pair: (-pair.events, pair.first, pair.second))

    def _pairs(self) -> Iterator[Overlap]:
        ids, counts = self.ids, self.overlap
        for first, row in enumerate(counts):
            for second in range(first):
                if row[second]:
                    rarer = min(row[first], counts[second][second])
                    yield Overlap(ids[second], ids[first], row[second], row[second] / rarer)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        backtest = self.backtest
        messages, labels = backtest.messages, backtest.tally.labels
        return {
            "schema": BACKTEST_SCHEMA,
            "ruleset_version": backtest.ruleset.version,
            "currency": self.currency,
            "events": {
                "in": messages.events_in,
                "judged": messages.judged,
                "late": messages.late,
                "duplicates": messages.duplicates,
                "dead_letters": dict(sorted(messages.dead_letters.items())),
            },
            "hits_suppressed": messages.suppressed,
            "hits_held_back": messages.held_back,
            "days": self.days,
            "alerts_a_day": None if backtest.budget is None else backtest.budget.alerts_max,
            "labels": None
            if not backtest.is_labelled
            else {
                "fraud": labels[FRAUD],
                "genuine": labels[GENUINE],
                "unknown": messages.judged - labels[FRAUD] - labels[GENUINE],
                "fraud_value": decimal_text(backtest.tally.fraud_value_all, self.currency),
            },
            "taught": backtest.taught._asdict(),
            "overall": self._figures(self.overall),
            "rules": [{**_head(line), **self._figures(line)} for line in self.rules],
            "overlap": {"rules": self.ids, "events": self.overlap},
            "alerts_by_day": {
                "overall": [row[-1] for row in self.alerts_by_day],
                "rules": {
                    rule: [row[place] for row in self.alerts_by_day] for place, rule in enumerate(self.ids)
                },
            },
        }

    def _figures(self, line: Line) -> dict[str, Any]:
        return {
            "hits": line.hits,
            "alerts": line.alerts,
            "alerts_per_day": line.alerts_per_day,
            "alerts_day_max": line.alerts_day_max,
            "entity": line.entity,
            "entities": line.entities,
            "value_at_risk": decimal_text(line.value_at_risk, self.currency),
            "hits_labelled": self._caught(line.caught),
            "alerts_labelled": self._caught(line.told),
            "within_budget": _budgeted(line.budgeted, self.backtest.is_labelled),
        }

    def _caught(self, caught: Caught | None) -> dict[str, Any] | None:
        if caught is None:
            return None
        return {
            "fraud": caught.frauds,
            "genuine": caught.genuine,
            "fraud_value": decimal_text(caught.fraud_value, self.currency),
            "precision": caught.precision,
            "recall": caught.recall,
            "false_positive_ratio": caught.false_positive_ratio,
            "value_recall": caught.value_recall,
        }


def _head(line: Line) -> dict[str, Any]:
    spec = line.spec
    assert spec is not None, "the line is of a rule"
    named = ("id", "version", "title", "status", "severity")
    rollout = spec.rollout and {"percent": spec.rollout.percent, "by": spec.rollout.by}
    return {**{name: getattr(spec, name) for name in named}, "rollout": rollout, "shadow": line.is_shadow}


def _budgeted(budgeted: Budgeted | None, is_labelled: bool) -> dict[str, Any] | None:
    if budgeted is None:
        return None
    if not is_labelled:
        return {"alerts": budgeted.alerts}
    return {
        "alerts": budgeted.alerts,
        "fraud": budgeted.frauds,
        "genuine": budgeted.genuine,
        "precision": budgeted.precision,
    }


def report(backtest: Backtest) -> Report:
    """Return what a back-test found so far."""
    days = sorted(backtest.tally.alerts_by_day)
    specs = backtest.specs
    return Report(
        backtest,
        _line(backtest, len(specs), None),
        [_line(backtest, row, spec) for row, spec in enumerate(specs)],
        [format_time(day * DAY_US).partition("T")[0] for day in days],
        [backtest.tally.alerts_by_day[day].tolist() for day in days],
    )


def _line(backtest: Backtest, row: int, spec: RuleSpec | None) -> Line:
    tally, budget = backtest.tally, backtest.budget
    alerts = int(tally.alerts[row])
    shadow = spec is not None and is_shadow(spec)
    return Line(
        spec,
        backtest.entity_columns[row],
        int(tally.hits[row]),
        alerts,
        share(alerts, backtest.days),
        max((int(day[row]) for day in tally.alerts_by_day.values()), default=0),
        len(backtest.entities[row]),
        int(tally.value_at_risk[row]),
        _caught(backtest, int(tally.fraud_hits[row]), int(tally.genuine_hits[row]), tally.fraud_value[row]),
        _caught(
            backtest, int(tally.fraud_alerts[row]), int(tally.genuine_alerts[row]), tally.told_value[row]
        ),
        None if budget is None or shadow else budget.budgeted(row),
    )


def _caught(backtest: Backtest, frauds: int, genuine: int, value: int) -> Caught | None:
    if not backtest.is_labelled:
        return None
    tally = backtest.tally
    return Caught(frauds, genuine, int(value), tally.labels[FRAUD], tally.fraud_value_all)

"""The engine under test: beside `faults.py` the only file here that knows fraudstream and looks inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.alerting import Judged
from fraudstream.engine.deciding import Verdict
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.result import OUTCOMES, Alert
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.features.catalogue import Limits
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.rules.types import Kind
from tests.oracle.messages import LEVEL, NUMBERS, POINTS
from tests.oracle.rulesets import Deployment

_SCHEMA = Schema().with_columns(
    (
        Column(POINTS, ColumnType.INTEGER, minimum=-NUMBERS[POINTS], maximum=NUMBERS[POINTS]),
        Column(LEVEL, ColumnType.NUMBER, minimum=-NUMBERS[LEVEL], maximum=NUMBERS[LEVEL]),
    )
)


Features = dict[tuple[str, str], Any]
"""The value of each feature by rule and name."""

Patterns = tuple[tuple[str, int, tuple[tuple[str, int], ...]], ...]
"""Each typology found at an event: its id, its score, and the rules that count in it with their weights."""


@dataclass(frozen=True)
class Step:
    """What one batch gave: decisions as (row, action, score), counts of outcomes by rule, features by row.

    `patterns` hold what was found at some rows, also where no alert tells it.
    """

    events_in: int
    decisions: list[tuple[int, str, int]]
    dead: list[tuple[int, str]]
    duplicates: int
    late: int
    outcomes: Mapping[str, dict[str, int]]
    features: Mapping[int, Features]
    patterns: Mapping[int, Patterns]
    alerts: list[dict[str, Any]]
    suppressed: int
    held_back: Mapping[str, int]
    bands: Mapping[tuple[str, str], int]
    whispers: list[dict[str, Any]]
    """The alerts of shadow rules."""
    whispered: list[tuple[int, str]]
    graver: Mapping[str, int]
    would_be: Mapping[tuple[str, str], int]


def build(files: Mapping[str, bytes]) -> Ruleset:
    """Load a rule directory."""
    return build_ruleset(files)


def settings_of(deployment: Deployment) -> Settings:
    """Return what a deployment sets of the fold."""
    return Settings(
        schema=_SCHEMA,
        limits=Limits(deployment.lateness_us, deployment.exact_us),
        duplicates=Horizon(deployment.horizon_us, deployment.ids_max),
        ahead_us=deployment.ahead_us,
        shadow_alerts=True,
    )


class EngineUnderTest:
    """One engine, and what the features and patterns of its last batch were."""

    def __init__(self, ruleset: Ruleset, deployment: Deployment) -> None:
        self._settings = settings_of(deployment)
        self._engine = Engine(ruleset, self._settings, witness=self._witness)
        self._features: list[Features] = []
        self._patterns: dict[int, Patterns] = {}

    def reload(self, ruleset: Ruleset) -> None:
        """Put another ruleset in force."""
        self._engine.reload(self._engine.prepare(ruleset))

    def resume(self) -> None:
        """Go on with a fresh engine from a snapshot that shares nothing with the old one."""
        snapshot = deepcopy(self._engine.snapshot())
        self._engine = Engine(self._engine.ruleset, self._settings, witness=self._witness)
        self._engine.restore(snapshot)

    def _witness(self, bound: Bound, judged: Judged) -> None:
        """Note the features and patterns of every event of a batch."""
        self._patterns = {each.event: _patterns(each) for each in judged.decided.verdicts if each.patterns}
        self._features = [{} for _ in range(len(judged.batch))]
        frame, texts = judged.frame, judged.batch.texts
        for rule in (each.rule for each in bound.rules):
            for name, spec in rule.spec.features.items():
                index = bound.features.index(spec.feature(rule.where[name]))
                values = (frame.floats if bound.in_floats[index] else frame.ints)[index].tolist()
                is_text = bound.types[index].kind is Kind.TEXT
                for found, value, known in zip(self._features, values, frame.known[index], strict=True):
                    shown = texts.text(value) if is_text and known else value
                    found[rule.id, name] = shown if known else None

    def step(self, batch: Sequence[tuple[bytes | None, int | None]]) -> Step:
        """Give the engine a batch: messages with their append times."""
        self._features, self._patterns = [], {}
        appended_us = np.array([-1 if when_us is None else when_us for _, when_us in batch], np.int64)
        result = self._engine.step([message for message, _ in batch], appended_us=appended_us)
        rows, actions, scores = (each.tolist() for each in vars(result.decisions).values())
        return Step(
            result.events_in,
            [
                (row, str(ACTIONS[action]), score)
                for row, action, score in zip(rows, actions, scores, strict=True)
            ],
            [(letter.row, letter.reason) for letter in result.dead_letters],
            result.duplicates,
            result.late,
            {
                rule_id: dict(zip(OUTCOMES, counts, strict=True))
                for rule_id, counts in zip(self._engine.rule_ids, result.rule_outcomes.tolist(), strict=True)
            },
            dict(zip(rows, self._features, strict=True)),
            {rows[event]: patterns for event, patterns in self._patterns.items()},
            _contents(result.alerts),
            result.suppressed,
            dict(result.held_back),
            dict(result.bands),
            _contents(result.shadow.alerts),
            result.shadow.told,
            dict(result.shadow.changes),
            dict(result.shadow.decisions),
        )


def _contents(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Return what alerts say, with their rows and keys."""
    return [{"row": alert.row, "key": alert.key.decode(), **orjson.loads(alert.value)} for alert in alerts]


def _patterns(verdict: Verdict) -> Patterns:
    """Return the typologies found at an event."""
    return tuple(
        (each.typology, each.score, tuple(sorted((rule.rule, rule.weight) for rule in each.contributors)))
        for each in verdict.patterns
    )

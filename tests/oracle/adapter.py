"""The engine under test: the only file here that knows fraudstream, and the only one that looks inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.result import OUTCOMES
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.rules.types import Kind
from tests.oracle.language import Deployment
from tests.oracle.messages import LEVEL, NUMBERS, POINTS

_SCHEMA = Schema().with_columns(
    (
        Column(POINTS, ColumnType.INTEGER, minimum=-NUMBERS[POINTS], maximum=NUMBERS[POINTS]),
        Column(LEVEL, ColumnType.NUMBER, minimum=-NUMBERS[LEVEL], maximum=NUMBERS[LEVEL]),
    )
)


@dataclass(frozen=True)
class Step:
    """What one batch gave: decisions as (row, action, score), counts of outcomes by rule, features by row."""

    events_in: int
    decisions: list[tuple[int, str, int]]
    dead: list[tuple[int, str]]
    duplicates: int
    late: int
    outcomes: Mapping[str, dict[str, int]]
    features: Mapping[int, dict[tuple[str, str], Any]]
    alerts: list[dict[str, Any]]
    suppressed: int
    held_back: Mapping[str, int]
    bands: Mapping[tuple[str, str], int]


def build(files: Mapping[str, bytes]) -> Ruleset:
    """Load a rule directory."""
    return build_ruleset(files)


@dataclass
class EngineUnderTest:
    """One engine and what the last batch left in its features."""

    ruleset: Ruleset
    deployment: Deployment
    _engine: Engine = field(init=False)
    _last: Any = None

    def __post_init__(self) -> None:
        settings = Settings(
            schema=_SCHEMA,
            lateness_us=self.deployment.lateness_us,
            duplicates=Horizon(self.deployment.horizon_us, self.deployment.ids_max),
        )
        self._engine = Engine(self.ruleset, settings)
        stage = self._engine._features
        advance = stage.advance

        def watched(view: Any) -> Any:
            self._last = view
            return advance(view)

        stage.advance = watched  # type: ignore[method-assign]

    def step(self, batch: Sequence[bytes | None]) -> Step:
        """Give the engine a batch."""
        self._last = None
        result = self._engine.step(batch)
        rows, actions, scores = (each.tolist() for each in vars(result.decisions).values())
        return Step(
            result.events_in,
            [(row, str(ACTIONS[action]), score) for row, action, score in zip(rows, actions, scores, strict=True)],
            [(letter.row, letter.reason) for letter in result.dead_letters],
            result.duplicates,
            result.late,
            {
                rule_id: dict(zip(OUTCOMES, counts, strict=True))
                for rule_id, counts in zip(self._engine.rule_ids, result.rule_outcomes.tolist(), strict=True)
            },
            dict(zip(rows, self._features(), strict=True)),
            [
                {"row": alert.row, "key": alert.key.decode(), **orjson.loads(alert.value)}
                for alert in result.alerts
            ],
            result.suppressed,
            dict(result.held_back),
            dict(result.bands),
        )

    def _features(self) -> list[dict[tuple[str, str], Any]]:
        """Return per event of the last batch the features of all rules by rule and name."""
        view, bound = self._last, self._engine._bound
        events = 0 if view is None else len(view)
        frame = None if view is None else view.features
        found: list[dict[tuple[str, str], Any]] = [{} for _ in range(events)]
        for rule in (each.rule for each in bound.rules):
            for name, spec in rule.spec.features.items():
                index = bound.features.index(spec.feature(rule.where[name]))
                is_text = bound.types[index].kind is Kind.TEXT
                values = (frame.floats if bound.is_float(index) else frame.ints)[index].tolist() if events else []
                for event, value in enumerate(values):
                    value = value if frame.known[index, event] else None
                    if is_text and value is not None:
                        value = self._engine._interner.text(value)
                    found[event][rule.id, name] = value
        return found

"""What one step gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import DeadLetter

OUTCOMES: tuple[str, ...] = ("hit", "miss", "not_evaluated")


class AlertKind(StrEnum):
    """What an alert is about: an event, or the hits that a rule was held back from telling in an hour."""

    EVENT = "event"
    OVERFLOW = "overflow"


@dataclass(frozen=True)
class Alert:
    """An alert ready to send: the row of its event, its id, the partitioning key and the JSON.

    The event of an overflow is the one that ended the hour.
    """

    row: int
    alert_id: str
    key: bytes
    value: bytes
    kind: AlertKind = AlertKind.EVENT


@dataclass(frozen=True)
class Decisions:
    """One decision per judged event: its row, the action (index into ACTIONS) and the score (0 to 100)."""

    row: NDArray[np.int32]
    action: NDArray[np.int8]
    score: NDArray[np.int16]


@dataclass(frozen=True)
class Part:
    """A message for one partition of the next stage, and the rows that it tells of, in their order."""

    partition: int
    rows: NDArray[np.int32]
    value: bytes


@dataclass(frozen=True)
class Shadow:
    """What came of rules that were shadow for the events of a batch; nothing of it is decided.

    `told` holds the row of an event and a rule wherever that would have been told, and `alerts` what says so,
    where anybody reads it. `changes` counts per rule the decisions that would be graver if it alone
    were live, `decisions` those that would be if all were, by the action decided and the one there would be.
    """

    alerts: list[Alert] = field(default_factory=list)
    told: list[tuple[int, str]] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class StepResult:
    """The outcome of a batch; `events_in` = decisions + dead letters + duplicates + labels, always.

    `rule_outcomes` is [rules, 3], counting OUTCOMES for each rule of `rule_ids`; `suppressed` counts
    the hits and typologies whose key is quiet; `model_scores` holds the scores that were given, per model.
    `held_back` counts per rule the hits over its alert budget, `bands` the hits per rule and band, and
    `allowed` per list the events that it gave a lower action. `parts` are what goes to the next stage of a
    keyed topology. `warming` counts the decisions that were judged with an incomplete past. `labels` counts
    what labels came to: fraud, genuine, repeated or unknown. `drifted` counts per model and feature, or its
    score, how often it has changed for good. `label_delay_us` [k] holds of the labels that were the first of
    their event how long after it they came, in event time.
    """

    events_in: int
    alerts: list[Alert]
    dead_letters: list[DeadLetter]
    duplicates: int
    late: int
    decisions: Decisions
    rule_ids: tuple[str, ...]
    rule_outcomes: NDArray[np.int64]
    suppressed: int
    model_scores: dict[str, NDArray[np.float64]]
    held_back: Counter[str] = field(default_factory=Counter)
    bands: Counter[tuple[str, str]] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)
    parts: list[Part] = field(default_factory=list)
    warming: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    drifted: Counter[tuple[str, str]] = field(default_factory=Counter)
    shadow: Shadow = field(default_factory=Shadow)
    label_delay_us: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def step_failed(row: int, exception: str, detail: str) -> DeadLetter:
    """Return the dead letter of an event on which a step raised an exception."""
    return DeadLetter(row, "step_failed", "step", f"{exception}: {detail}", exception)


def without_events(
    events_in: int, dead: list[DeadLetter], duplicates: int, rule_ids: tuple[str, ...]
) -> StepResult:
    """Return the outcome of a batch of which no event was judged."""
    empty: NDArray[Any] = np.empty(0)
    return StepResult(
        events_in=events_in,
        alerts=[],
        dead_letters=dead,
        duplicates=duplicates,
        late=0,
        decisions=Decisions(empty.astype(np.int32), empty.astype(np.int8), empty.astype(np.int16)),
        rule_ids=rule_ids,
        rule_outcomes=np.zeros((len(rule_ids), 3), np.int64),
        suppressed=0,
        model_scores={},
    )


def joined(parts: Sequence[tuple[int, StepResult]]) -> StepResult:
    """Join the results of consecutive slices of one batch; each comes with the row at which it starts."""
    results = [result for _, result in parts]
    decisions = [result.decisions for result in results]
    models = dict.fromkeys(model for result in results for model in result.model_scores)
    return StepResult(
        events_in=sum(result.events_in for result in results),
        alerts=[alert for start, part in parts for alert in _moved(part.alerts, start)],
        dead_letters=[
            replace(letter, row=letter.row + start) for start, part in parts for letter in part.dead_letters
        ],
        duplicates=sum(result.duplicates for result in results),
        late=sum(result.late for result in results),
        decisions=Decisions(
            np.concatenate([result.decisions.row + np.int32(start) for start, result in parts]),
            np.concatenate([each.action for each in decisions]),
            np.concatenate([each.score for each in decisions]),
        ),
        rule_ids=results[0].rule_ids,
        rule_outcomes=np.sum([result.rule_outcomes for result in results], axis=0),
        suppressed=sum(result.suppressed for result in results),
        model_scores={
            model: np.concatenate(
                [result.model_scores[model] for result in results if model in result.model_scores]
            )
            for model in models
        },
        held_back=sum((result.held_back for result in results), Counter()),
        bands=sum((result.bands for result in results), Counter()),
        allowed=sum((result.allowed for result in results), Counter()),
        warming=sum(result.warming for result in results),
        labels=sum((result.labels for result in results), Counter()),
        drifted=sum((result.drifted for result in results), Counter()),
        parts=[
            replace(each, rows=each.rows + np.int32(start)) for start, part in parts for each in part.parts
        ],
        shadow=Shadow(
            [alert for start, part in parts for alert in _moved(part.shadow.alerts, start)],
            [(row + start, rule) for start, part in parts for row, rule in part.shadow.told],
            sum((result.shadow.changes for result in results), Counter()),
            sum((result.shadow.decisions for result in results), Counter()),
        ),
    )


def _moved(alerts: Sequence[Alert], start: int) -> Iterator[Alert]:
    """Yield alerts of a slice with the rows of the whole batch."""
    return (replace(alert, row=alert.row + start) for alert in alerts)

"""What one step gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import DeadLetter

OUTCOMES: tuple[str, ...] = ("hit", "miss", "not_evaluated")


@dataclass(frozen=True)
class Alert:
    """An alert ready to send: the row of its event, its id, the partitioning key and the JSON."""

    row: int
    alert_id: str
    key: bytes
    value: bytes


@dataclass(frozen=True)
class Decisions:
    """One decision per judged event: its row, the action (index into ACTIONS) and the score (0 to 100)."""

    row: NDArray[np.int32]
    action: NDArray[np.int8]
    score: NDArray[np.int16]


@dataclass(frozen=True)
class StepResult:
    """The outcome of a batch; `events_in` = decisions + dead letters + duplicates, always.

    `rule_outcomes` is [rules, 3], counting OUTCOMES for each rule of `Engine.rule_ids`; `suppressed` counts
    the hits that were kept back; `model_scores` holds the scores that were given, per model.
    """

    events_in: int
    alerts: list[Alert]
    dead_letters: list[DeadLetter]
    duplicates: int
    late: int
    decisions: Decisions
    rule_outcomes: NDArray[np.int64]
    suppressed: int
    model_scores: dict[str, NDArray[np.float64]]

"""Replays history through the engine, and counts what comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.step import Engine
from fraudstream.workbench.arrivals import fold
from fraudstream.workbench.sources import History


@dataclass
class ReplaySummary:
    """What a replay saw; `events_in` = decisions + dead letters + duplicates.

    `rulesets` counts the events by the version that judged them, `labels` what labels came to.
    """

    events_in: int = 0
    rulesets: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    late: int = 0
    alerts: int = 0
    suppressed: int = 0
    held_back: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)


def replay(
    engine: Engine,
    histories: Sequence[History],
    alerts: BinaryIO | None = None,
    progress: Callable[[int], None] = lambda events: None,
) -> ReplaySummary:
    """Fold histories in their order; alerts are written one JSON object a line."""
    summary = ReplaySummary()
    for history in histories:
        for values in history.batches():
            result = fold(engine, values)
            events = result.events_in - result.labels.total()
            summary.events_in += events
            summary.rulesets[engine.ruleset.version] += events
            summary.labels.update(result.labels)
            summary.duplicates += result.duplicates
            summary.late += result.late
            summary.alerts += len(result.alerts)
            summary.suppressed += result.suppressed
            summary.held_back += result.held_back.total()
            summary.dead_letters.update(letter.reason for letter in result.dead_letters)
            for index, number in enumerate(np.bincount(result.decisions.action, minlength=len(ACTIONS))):
                summary.decisions[ACTIONS[index]] += int(number)
            for rule, outcomes in zip(result.rule_ids, result.rule_outcomes, strict=True):
                summary.hits[rule] += int(outcomes[0])
            if alerts is not None:
                alerts.writelines(alert.value + b"\n" for alert in result.alerts)
            progress(len(values))
    return summary

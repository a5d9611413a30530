"""Replays files through the engine, without a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.step import Engine
from fraudstream.workbench.sources import Source


@dataclass
class ReplaySummary:
    """What a replay saw; `events_in` = decisions + dead letters + duplicates."""

    rule_ids: Sequence[str]
    events_in: int = 0
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
    sources: Sequence[Source],
    alerts: BinaryIO | None = None,
    progress: Callable[[int], None] = lambda events: None,
) -> ReplaySummary:
    """Fold the sources in their order; alerts are written one JSON object a line."""
    summary = ReplaySummary(engine.rule_ids)
    for source in sources:
        for values in source.batches():
            result = engine.step(values)
            summary.events_in += result.events_in
            summary.duplicates += result.duplicates
            summary.late += result.late
            summary.alerts += len(result.alerts)
            summary.suppressed += result.suppressed
            summary.held_back += result.held_back.total()
            summary.dead_letters.update(letter.reason for letter in result.dead_letters)
            for index, number in enumerate(np.bincount(result.decisions.action, minlength=len(ACTIONS))):
                summary.decisions[ACTIONS[index]] += int(number)
            for rule, outcomes in zip(engine.rule_ids, result.rule_outcomes, strict=True):
                summary.hits[rule] += int(outcomes[0])
            if alerts is not None:
                alerts.writelines(alert.value + b"\n" for alert in result.alerts)
            progress(len(values))
    return summary

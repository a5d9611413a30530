"""An engine that is looked at while it folds history: what it said of each batch, and what it saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import orjson

from fraudstream.engine.alerting import Judged
from fraudstream.engine.result import AlertKind, StepResult
from fraudstream.engine.step import Engine, Settings, sliced
from fraudstream.events.batch import EventBatch
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset
from fraudstream.workbench.arrivals import fold
from fraudstream.workbench.lessons import Turn
from fraudstream.workbench.sources import History


class EventAlert(NamedTuple):
    """An alert about an event: its place among the judged events of its batch, and what it says."""

    event: int
    content: dict[str, Any]

    @property
    def rules(self) -> list[str]:
        """The rules that it tells of."""
        return [rule["id"] for rule in self.content["rules"]]


@dataclass(frozen=True)
class Look:
    """One batch of messages: what the step gave, and the judged events, of which there is at least one."""

    messages: Sequence[bytes | None]
    result: StepResult
    judged: Judged

    def __len__(self) -> int:
        return len(self.judged.batch)

    @property
    def batch(self) -> EventBatch:
        """The judged events."""
        return self.judged.batch

    @cached_property
    def alerts(self) -> list[EventAlert]:
        """The alerts about events; the summaries of held-back hits are left out."""
        told = [alert for alert in self.result.alerts if alert.kind is AlertKind.EVENT]
        events = self._events([alert.row for alert in told])
        return [
            EventAlert(event, orjson.loads(alert.value)) for event, alert in zip(events, told, strict=True)
        ]

    @property
    def shadow(self) -> list[tuple[int, str]]:
        """The events of which rules would have told that were shadow for them, and those rules."""
        told = self.result.shadow.told
        return list(zip(self._events([row for row, _ in told]), (rule for _, rule in told), strict=True))

    def _events(self, rows: Sequence[int]) -> list[int]:
        """Return the places of messages among the judged events."""
        places: list[int] = np.searchsorted(self.judged.batch.row, rows).tolist()
        return places


class Observer:
    """Steps an engine, and keeps the inside of a step until the next one."""

    def __init__(self, ruleset: Ruleset, settings: Settings) -> None:
        self.engine = Engine(ruleset, settings, witness=self._see)
        self.bound: Bound = self.engine.settings.bind(ruleset)
        self._judged: Judged | None = None
        self.taught: Counter[str] = Counter()
        """What the labels came to that were taught: fraud, genuine, repeated or unknown."""

    def _see(self, bound: Bound, judged: Judged) -> None:
        self.bound, self._judged = bound, judged

    def take(self, turn: Turn) -> tuple[StepResult, Look | None]:
        """Teach the labels of a turn, then step over its messages."""
        if turn.labels:
            self.taught += self.engine.learn(turn.labels).labels
        return self.step(turn.messages)

    def step(self, values: Sequence[bytes | None]) -> tuple[StepResult, Look | None]:
        """Step over messages that the engine folds at once; there is no look where none is a new event."""
        self._judged = None
        result = fold(self.engine, values)
        self.taught += result.labels
        return result, None if self._judged is None else Look(values, result, self._judged)


def portions_of(
    histories: Iterable[History], progress: Callable[[int], None]
) -> Iterator[Sequence[bytes | None]]:
    """Yield histories in their order, portion by portion, and tell the messages of each batch behind it."""
    for history in histories:
        for values in history.batches():
            yield from portions(values)
            progress(len(values))


def portions(values: Sequence[bytes | None]) -> Iterator[Sequence[bytes | None]]:
    """Cut a batch into parts that the engine folds at once, so that one step is one look."""
    return (values[each] for each in sliced(len(values)))

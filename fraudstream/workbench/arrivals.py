"""Messages of the past with what is known of their arrival, and how an engine takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.result import StepResult
from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import Ruleset


@dataclass(frozen=True)
class Past:
    """What the new features of a ruleset had counted when it came into force.

    `is_whole` says whether nothing was gone of what they could still read.
    """

    is_whole: bool
    read: Callable[[], Iterator[Arrivals]]


@dataclass(frozen=True)
class Arrivals(Sequence[bytes | None]):
    """Messages that came one after the other; parts of them know what the whole knows.

    Attributes
    ----------
    values
        Their n payloads; None for a tombstone.
    appended_us
        When each entered its topic, int64 [n] in microseconds since 1970 UTC, negative where it is not known.
    are_labels
        Whether they tell of events instead of being some.
    ruleset
        What is in force from here on; None leaves that alone.
    is_behind_gap
        Whether messages are missing before the first.
    past
        What the features count that this ruleset adds; without it they begin here.
    """

    values: Sequence[bytes | None]
    appended_us: NDArray[np.int64]
    are_labels: bool = False
    ruleset: Ruleset | None = None
    is_behind_gap: bool = False
    past: Past | None = None

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, which: int) -> bytes | None: ...

    @overload
    def __getitem__(self, which: slice) -> Arrivals: ...

    def __getitem__(self, which: int | slice) -> bytes | Arrivals | None:
        if not isinstance(which, slice):
            return self.values[which]
        is_first = which.indices(len(self))[0] == 0
        return replace(
            self,
            values=self.values[which],
            appended_us=self.appended_us[which],
            is_behind_gap=self.is_behind_gap and is_first,
        )


def events_in(messages: Sequence[bytes | None]) -> int:
    """Return how many of some messages are to be events: all, unless they are labels."""
    return 0 if isinstance(messages, Arrivals) and messages.are_labels else len(messages)


def fold(engine: Engine, messages: Sequence[bytes | None]) -> StepResult:
    """Let an engine take messages as they came; of those in a file nothing more is known than their order.

    RulesetError where a ruleset does not fit.
    """
    if not isinstance(messages, Arrivals):
        return engine.step(messages)
    ruleset = messages.ruleset
    if ruleset is not None and ruleset.version != engine.ruleset.version:
        _turn(engine, ruleset, messages.past)
    if messages.is_behind_gap:
        engine.miss()
    if messages.are_labels:
        return engine.learn(messages.values)
    return engine.step(messages.values, appended_us=messages.appended_us)


def _turn(engine: Engine, ruleset: Ruleset, past: Past | None) -> None:
    bound = engine.prepare(ruleset)
    filled = None if past is None else engine.backfill(bound)
    if past is not None and filled is not None:
        for each in past.read():
            filled.fold(each.values, each.appended_us)
        if not past.is_whole:
            filled.lack()
    engine.reload(bound, filled)

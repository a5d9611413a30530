"""What a feature is: an aggregate over the events of an entity, within a window of event time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum


class Aggregate(StrEnum):
    """The aggregates by the word that a rule file writes."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    LAST = "last"
    TIME_SINCE_LAST = "time_since_last"
    TIME_SINCE_FIRST = "time_since_first"
    FIRST_SEEN = "first_seen"


WINDOWED = frozenset(
    {Aggregate.COUNT, Aggregate.SUM, Aggregate.AVG, Aggregate.MIN, Aggregate.MAX, Aggregate.DISTINCT}
)
"""Aggregates that need a window; `last` and `time_since_last` may have one, the others have none."""

OF_EVENTS = frozenset(
    {Aggregate.COUNT, Aggregate.TIME_SINCE_LAST, Aggregate.TIME_SINCE_FIRST, Aggregate.FIRST_SEEN}
)
"""Aggregates over the events themselves (`count: events`); the others take a column."""


@dataclass(frozen=True)
class Feature:
    """One feature; equal features of different rules are the same feature and computed once.

    `value` names the column that is aggregated, None for the events themselves. `where` is any hashable
    condition (the engine brings the mask that belongs to it), None counts every event. An event is counted
    under its `by` columns and read under its `read_by` columns. The window is `(t - window_us, t]`.
    """

    aggregate: Aggregate
    value: str | None
    where: Hashable | None
    by: tuple[str, ...]
    read_by: tuple[str, ...]
    window_us: int | None
    include_current: bool

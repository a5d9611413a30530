"""What a feature is: an aggregate over the events of an entity, within a window of event time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

from fraudstream.events.schema import ColumnType

DAY_US = 86_400_000_000
EXACT_US = 35 * DAY_US
"""How far back windows are exact, unless a deployment says otherwise."""


class Aggregate(StrEnum):
    """The aggregates by the word that a rule file writes."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    STDDEV = "stddev"
    DISTINCT = "distinct"
    MEDIAN = "median"
    RATIO = "ratio"
    ZSCORE = "zscore"
    LAST = "last"
    TIME_SINCE_LAST = "time_since_last"
    TIME_SINCE_FIRST = "time_since_first"
    FIRST_SEEN = "first_seen"


OF_LAST = frozenset({Aggregate.LAST, Aggregate.TIME_SINCE_LAST})
"""Aggregates that may have a window or not."""
OF_FIRST = frozenset({Aggregate.TIME_SINCE_FIRST, Aggregate.FIRST_SEEN})
"""Aggregates that have no window."""
WINDOWED = frozenset(Aggregate) - OF_LAST - OF_FIRST
"""Aggregates that need a window."""

OF_EVENTS = frozenset({Aggregate.COUNT, Aggregate.TIME_SINCE_LAST, *OF_FIRST})
"""Aggregates over the events themselves (`count: events`); the others take a column."""

OF_OTHERS = frozenset({Aggregate.RATIO, Aggregate.ZSCORE, *OF_LAST})
"""Aggregates that leave out the current event unless told otherwise."""

SUMMED = frozenset(
    {
        Aggregate.SUM,
        Aggregate.AVG,
        Aggregate.STDDEV,
        Aggregate.MEDIAN,
        Aggregate.RATIO,
        Aggregate.ZSCORE,
    }
)
"""Aggregates that take floats as whole millionths, so that what leaves a window leaves no trace in it."""

_FLOATS = SUMMED - {Aggregate.SUM}
_COUNTS = OF_EVENTS | {Aggregate.DISTINCT}


def is_float(aggregate: Aggregate, column: ColumnType | None) -> bool:
    """Tell whether values of a feature lie in `Frame.floats` rather than in `Frame.ints`.

    `column` is the type of the aggregated column, None for the events themselves.
    """
    return aggregate in _FLOATS or (column is ColumnType.NUMBER and aggregate not in _COUNTS)


class Labelled(StrEnum):
    """What counts labels instead of events counts, by the word that a rule file writes."""

    ALL = "labels"
    FRAUD = "frauds"


@dataclass(frozen=True)
class Feature:
    """One feature; equal features of different rules are the same feature and computed once.

    `value` names the column that is aggregated, None for the events themselves. `where` is any hashable
    condition (the engine brings the events that surely meet it), None counts every event. A Labelled counts
    events when their labels become known, at the watermark of that moment. An event is counted
    under its `by` columns and read under its `read_by` columns. The window is
    `(t - offset_us - window_us, t - offset_us]`.
    """

    aggregate: Aggregate
    value: str | None
    where: Hashable | None
    by: tuple[str, ...]
    read_by: tuple[str, ...]
    window_us: int | None
    include_current: bool
    offset_us: int = 0

    @property
    def of_labels(self) -> bool:
        """Whether it counts what becomes known of events later."""
        return isinstance(self.where, Labelled)


@dataclass(frozen=True)
class Limits:
    """How far back and how exactly the engine remembers; docs/contract.md says what each means.

    Attributes
    ----------
    lateness_us
        How far an event may lie behind the watermark without being late.
    exact_us
        Windows that reach back no further, offset included, are exact; longer ones count by panes.
    ever_us
        How long what has no window is remembered after the last event.
    distinct_exact
        How many distinct values of one entity's window are counted exactly.
    """

    lateness_us: int = 300_000_000
    exact_us: int = EXACT_US
    ever_us: int = 400 * DAY_US
    distinct_exact: int = 4_096

"""Draws features."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.domain import (
    CURRENCIES,
    KEYS,
    LONG_SPANS_S,
    OFFSETS_S,
    SPANS_S,
)
from tests.oracle.draw_conditions import conditions
from tests.oracle.draw_values import Names, one_of
from tests.oracle.language import NUMBER, SECOND_US, TEXT, Column, Converted
from tests.oracle.messages import LEVEL, POINTS
from tests.oracle.rulesets import Feature

_MEMORIES = ("last", "time_since_last", "first_seen", "time_since_first")


@st.composite
def features(draw: st.DrawFn) -> Feature:
    """Draw any feature that the engine takes."""
    aggregates = ["count", "sum", "avg", "min", "max", "distinct", *_MEMORIES]
    if layers.MOMENTS:
        aggregates += ["stddev", "median", "ratio", "zscore"]
    aggregate = one_of(draw, *aggregates)
    window_us, offset_us = windows(draw, aggregate)
    by = tuple(draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)))
    if draw(st.integers(0, 2)):
        by = by[:1]
    read_by = by
    if draw(st.integers(0, 3)) == 3:
        read_by = (*by[:-1], one_of(draw, *KEYS))
    where = None if draw(st.booleans()) else draw(conditions(Names(), 1))
    current = one_of(draw, None, True, False)
    return Feature(aggregate, _value(draw, aggregate), where, by, read_by, window_us, offset_us, current)


def windows(draw: st.DrawFn, aggregate: str) -> tuple[int | None, int]:
    """Draw a window and an offset that an aggregate may have."""
    if aggregate in ("first_seen", "time_since_first"):
        return None, 0
    if aggregate in _MEMORIES and draw(st.booleans()):
        return None, 0
    window_s = one_of(draw, *SPANS_S)
    offset_s = 0
    if layers.OFFSETS and aggregate not in _MEMORIES and draw(st.integers(0, 3)) == 3:
        offset_s = one_of(draw, *OFFSETS_S)
        if aggregate in ("median", "distinct"):
            window_s = min(window_s, 30)
    elif layers.LONG_WINDOWS and aggregate not in (*_MEMORIES, "median") and draw(st.integers(0, 3)) == 3:
        window_s = one_of(draw, *LONG_SPANS_S)
    return window_s * SECOND_US, offset_s * SECOND_US


def _value(draw: st.DrawFn, aggregate: str) -> Column | Converted | None:
    if aggregate in ("count", "time_since_last", "first_seen", "time_since_first"):
        return None
    values: list[Column | Converted] = [*map(Converted, CURRENCIES), Column(POINTS, NUMBER)]
    if layers.FLOAT_SUMS or aggregate in ("min", "max", "distinct", "last"):
        values.append(Column(LEVEL, NUMBER))
    if aggregate in ("distinct", "last"):
        values += [Column("creditor.id", TEXT), Column("channel", TEXT)]
    return one_of(draw, *values)

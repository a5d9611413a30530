"""The value of a feature at an event, finished: what a rule or a model reads."""

from __future__ import annotations

import numpy as np

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.distinct import read_distinct
from fraudstream.features.evers import read_first, read_last
from fraudstream.features.floats import float_of
from fraudstream.features.median import read_median
from fraudstream.features.moments import deviation
from fraudstream.features.panes import (
    high_pane,
    lowest,
    pane_distinct,
    pane_extreme,
    pane_squares,
    pane_sum,
    pane_time,
)
from fraudstream.features.plan import (
    CELL_AT,
    CELL_KIND,
    CELL_VALUE,
    EVER_US,
    FEATURE_CELL,
    FEATURE_COUNT,
    FEATURE_CURRENT,
    FEATURE_GROUP,
    FEATURE_READ,
    FEATURE_READER,
    FEATURE_SQUARES,
    FEATURE_VALUE,
    FEATURE_WINDOW_US,
    GROUP_PANE_US,
    MICRO,
    NEVER,
    NIL,
    READ_AVG,
    READ_COUNT,
    READ_DISTINCT,
    READ_FIRST_SEEN,
    READ_LAST,
    READ_MAX,
    READ_MEDIAN,
    READ_MIN,
    READ_RATIO,
    READ_SINCE_LAST,
    READ_STDDEV,
    READ_SUM,
    READER_KEY,
    SORTABLE,
    VALUE_CODING,
    Plan,
)
from fraudstream.features.state import NO_KEY, Arrivals, Frame, State
from fraudstream.features.values import value_known, value_now
from fraudstream.features.windows import extreme

_MICRO = 1e6


@inlined
def read_all(
    state: State, plan: Plan, arrivals: Arrivals, frame: Frame, index: Integer, current: bool
) -> None:
    """Read the features that include the current event, or those that leave it out."""
    for feature in range(len(plan.features)):
        if (plan.features[feature, FEATURE_CURRENT] == 1) != current:
            continue
        row = frame.rows[plan.features[feature, FEATURE_READER], index]
        frame.known[feature, index] = False
        frame.ints[feature, index] = 0
        frame.floats[feature, index] = 0.0
        if row == NO_KEY:
            continue
        if row == NIL:
            read = plan.features[feature, FEATURE_READ]
            frame.known[feature, index] = read in (READ_COUNT, READ_SUM, READ_DISTINCT)
        elif plan.features[feature, FEATURE_GROUP] == NIL:
            _read_ever(state, plan, frame, feature, index, row)
        elif plan.groups[plan.features[feature, FEATURE_GROUP], GROUP_PANE_US]:
            _read_panes(state, plan, arrivals, frame, feature, index, row)
        else:
            _read_window(state, plan, arrivals, frame, feature, index, row)


@inlined
def _put(plan: Plan, frame: Frame, feature: Integer, index: Integer, known: bool, value: Integer) -> None:
    """Write a value that is kept as a whole number."""
    frame.known[feature, index] = known
    kept = plan.cells[plan.features[feature, FEATURE_CELL], CELL_VALUE]
    coding = NIL if kept == NIL else plan.values[kept, VALUE_CODING]
    if not known:
        return
    if coding == SORTABLE and plan.features[feature, FEATURE_READ] != READ_DISTINCT:
        frame.floats[feature, index] = float_of(value)
    elif coding == MICRO:
        frame.floats[feature, index] = value / _MICRO
    else:
        frame.ints[feature, index] = value


@inlined
def _read_ever(
    state: State, plan: Plan, frame: Frame, feature: Integer, index: Integer, row: Integer
) -> None:
    """Read what has no window of its own: the last event, the first event."""
    read = plan.features[feature, FEATURE_READ]
    cell = plan.features[feature, FEATURE_CELL]
    t_us = frame.time_us[index]
    if read in (READ_LAST, READ_SINCE_LAST):
        key = plan.readers[plan.features[feature, FEATURE_READER], READER_KEY]
        last_us, value = read_last(state, plan, key, row, cell, t_us)
        since_us = t_us - last_us
        known = since_us < plan.features[feature, FEATURE_WINDOW_US] and since_us <= plan.limits[EVER_US]
        _put(plan, frame, feature, index, known, value if read == READ_LAST else since_us)
    else:
        first_us = read_first(state, plan, row, cell, t_us)
        value = first_us if read == READ_FIRST_SEEN else t_us - first_us
        _put(plan, frame, feature, index, first_us != NEVER, value)


@inlined
def _read_window(
    state: State,
    plan: Plan,
    arrivals: Arrivals,
    frame: Frame,
    feature: Integer,
    index: Integer,
    row: Integer,
) -> None:
    """Read an aggregate of an exact window that stands at the event's time."""
    words = state.words
    read = plan.features[feature, FEATURE_READ]
    cell = plan.features[feature, FEATURE_CELL]
    at = row + plan.cells[cell, CELL_AT]
    if read in (READ_COUNT, READ_SUM):
        _put(plan, frame, feature, index, True, words[at])
    elif read in (READ_MIN, READ_MAX):
        key = plan.readers[plan.features[feature, FEATURE_READER], READER_KEY]
        known = extreme(state, plan, key, plan.features[feature, FEATURE_GROUP], row, cell)
        _put(plan, frame, feature, index, known, words[at])
    elif read == READ_DISTINCT:
        _put(plan, frame, feature, index, True, read_distinct(state, at))
    elif read == READ_MEDIAN:
        known, value = read_median(state, plan, at)
        frame.known[feature, index] = known
        frame.floats[feature, index] = value / _scale(plan, cell)
    else:
        count = words[row + plan.cells[plan.features[feature, FEATURE_COUNT], CELL_AT]]
        low, high = 0, 0
        squares = plan.features[feature, FEATURE_SQUARES]
        if squares != NIL:
            word = row + plan.cells[squares, CELL_AT]
            low, high = words[word], words[word + 1]
        _put_moments(plan, arrivals, frame, feature, index, (count, words[at], low, high))


@called
def _read_panes(
    state: State,
    plan: Plan,
    arrivals: Arrivals,
    frame: Frame,
    feature: Integer,
    index: Integer,
    row: Integer,
) -> None:
    """Read an aggregate of a long window."""
    read = plan.features[feature, FEATURE_READ]
    group = plan.features[feature, FEATURE_GROUP]
    cell = plan.features[feature, FEATURE_CELL]
    at = plan.cells[cell, CELL_AT]
    now_us = pane_time(state, plan, group, row, frame.time_us[index])
    low = lowest(plan, group, now_us)
    record = high_pane(state, plan, group, row, now_us)
    if read in (READ_COUNT, READ_SUM):
        _put(plan, frame, feature, index, True, pane_sum(state, record, low, at))
    elif read in (READ_MIN, READ_MAX):
        known, value = pane_extreme(state, record, low, at, plan.cells[cell, CELL_KIND])
        _put(plan, frame, feature, index, known, value)
    elif read == READ_DISTINCT:
        _put(plan, frame, feature, index, True, pane_distinct(state, plan, group, row, cell, now_us))
    else:
        counter = plan.cells[plan.features[feature, FEATURE_COUNT], CELL_AT]
        total, count = pane_sum(state, record, low, at), pane_sum(state, record, low, counter)
        squares_low, squares_high = 0, 0
        squares = plan.features[feature, FEATURE_SQUARES]
        if squares != NIL:
            squares_low, squares_high = pane_squares(state, record, low, plan.cells[squares, CELL_AT])
        _put_moments(plan, arrivals, frame, feature, index, (count, total, squares_low, squares_high))


@inlined
def _scale(plan: Plan, cell: Integer) -> float:
    """Return what makes one unit of a value out of the whole numbers of a cell."""
    return _MICRO if plan.values[plan.cells[cell, CELL_VALUE], VALUE_CODING] == MICRO else 1.0


@called
def _put_moments(
    plan: Plan,
    arrivals: Arrivals,
    frame: Frame,
    feature: Integer,
    index: Integer,
    moments: tuple[Integer, Integer, Integer, Integer],
) -> None:
    """Write an average, a deviation, or how the event compares with them."""
    count, total, squares_low, squares_high = moments
    read = plan.features[feature, FEATURE_READ]
    scale = _scale(plan, plan.features[feature, FEATURE_CELL])
    average = total / count if count > 0 else 0.0
    spread = 0.0
    if count > 1 and plan.features[feature, FEATURE_SQUARES] != NIL:
        spread = deviation(count, total, squares_low, squares_high)
    if read == READ_AVG:
        frame.known[feature, index] = count > 0
        frame.floats[feature, index] = average / scale
        return
    if read == READ_STDDEV:
        frame.known[feature, index] = count > 1
        frame.floats[feature, index] = spread / scale
        return
    own = plan.features[feature, FEATURE_VALUE]
    if not value_known(arrivals, plan.values[own, 0], plan.values[own, 1], index):
        return
    value = np.float64(value_now(plan, arrivals, own, index))
    divisor = average if read == READ_RATIO else spread
    if divisor != 0.0:
        frame.known[feature, index] = True
        frame.floats[feature, index] = value / divisor if read == READ_RATIO else (value - average) / divisor

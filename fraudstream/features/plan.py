"""The tables that describe a set of features to the kernels, and the names of their columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

KEY_COLUMNS_MAX = 3
NIL = -1
"""No row, no event, no number."""
NEVER = -(2**62)
"""The time of something that never happened."""
FOREVER = 2**62

# What a cell keeps.
COUNT, SUM, SQUARES, MIN, MAX, DISTINCT, MEDIAN, LAST, FIRST = range(9)

# What a feature reads; the order of `catalogue.Aggregate`.
(
    READ_COUNT,
    READ_SUM,
    READ_AVG,
    READ_MIN,
    READ_MAX,
    READ_STDDEV,
    READ_DISTINCT,
    READ_MEDIAN,
    READ_RATIO,
    READ_ZSCORE,
    READ_LAST,
    READ_SINCE_LAST,
    READ_SINCE_FIRST,
    READ_FIRST_SEEN,
) = range(14)

# Where a value comes from, and how it is kept: whole numbers, floats as whole millionths, floats in order.
FROM_CODES, FROM_INTS, FROM_FLOATS, FROM_TIME, FROM_GIVEN = range(5)
WHOLE, MICRO, SORTABLE = range(3)

# Columns of Plan.keys; the first three are rows of the code matrix, NIL pads.
KEY_WORDS, KEY_GROUPS, KEY_GROUPS_END, KEY_PANES_END, KEY_EVERS, KEY_EVERS_END, KEY_READER = range(3, 10)
KEY_WIDTH = 10

# Columns of Plan.groups. A group of exact windows has PANE_US 0.
(
    GROUP_KEY,
    GROUP_WINDOW_US,
    GROUP_OFFSET_US,
    GROUP_PANE_US,
    GROUP_AT,
    GROUP_CELLS,
    GROUP_CELLS_END,
    GROUP_ENTRIES,
    GROUP_RECORD_WORDS,
    GROUP_MASK,
) = range(10)
GROUP_WIDTH = 10

# Columns of Plan.cells. CELL_AT counts from the row, in a group of panes from the record of a pane.
CELL_KIND, CELL_AT, CELL_MASK, CELL_VALUE, CELL_TABLE = range(5)
CELL_WIDTH = 5

# Columns of Plan.readers; the first three are rows of the code matrix.
READER_KEY, READER_SAME, READER_GROUPS, READER_GROUPS_END = range(3, 7)
READER_WIDTH = 7

# Columns of Plan.features.
(
    FEATURE_READ,
    FEATURE_READER,
    FEATURE_CELL,
    FEATURE_COUNT,
    FEATURE_SQUARES,
    FEATURE_GROUP,
    FEATURE_CURRENT,
    FEATURE_VALUE,
    FEATURE_WINDOW_US,
) = range(9)
FEATURE_WIDTH = 9

# Columns of Plan.masks and Plan.values.
MASK_WHERE, MASK_SOURCE, MASK_ROW = range(3)
VALUE_SOURCE, VALUE_ROW, VALUE_CODING = range(3)

# Entries of Plan.limits.
LATENESS_US, RETENTION_US, EVER_US, DISTINCT_EXACT, EVENT_WORDS, EVENT_ENTRIES = range(6)


class Plan(NamedTuple):
    """The tables of a set of features as the kernels take them; all int64."""

    keys: NDArray[np.int64]  # [keys, KEY_WIDTH]
    key_masks: NDArray[np.int64]  # [keys, mask words] bits of the masks that count under a key
    groups: NDArray[np.int64]  # [groups, GROUP_WIDTH]
    cells: NDArray[np.int64]  # [cells, CELL_WIDTH]
    readers: NDArray[np.int64]  # [readers, READER_WIDTH]
    reader_groups: NDArray[np.int64]  # the exact groups that a reader reads, one reader after the other
    features: NDArray[np.int64]  # [features, FEATURE_WIDTH]
    masks: NDArray[np.int64]  # [masks, 3]
    values: NDArray[np.int64]  # [values, 3]
    limits: NDArray[np.int64]
    buckets: NDArray[np.int64]  # lower bounds of the buckets of a median

"""Which parts of the contract the generator draws from."""

from __future__ import annotations

OFFSETS = False
"""Windows that end in the past."""
LONG_WINDOWS = False
"""Windows longer than the deployment's exact ones, counted by panes."""
MOMENTS = False
"""stddev, median, ratio and zscore."""
FLOAT_SUMS = False
"""sum, avg and the moments over columns of floats."""
EVER = False
"""Memories without a window end after 400 days."""
IDS_MAX = False
"""Duplicates are remembered for a given number of ids."""
OVERFLOW = False
"""Integers beyond int64 are unknown."""
BETWEEN = False
LISTS = False
RULE_REFERENCES = False
BANDS = False
TYPOLOGIES = False
ALLOW_LISTS = False
BUDGETS = False
RELOADS = False
SNAPSHOTS = False

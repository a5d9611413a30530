"""Which parts of the contract the generator draws from."""

from __future__ import annotations

OFFSETS = True
"""Windows that end in the past."""
LONG_WINDOWS = True
"""Windows longer than the deployment's exact ones, counted by panes."""
MOMENTS = True
"""stddev, median, ratio and zscore."""
FLOAT_SUMS = True
"""sum, avg and the moments over columns of floats."""
EVER = True
"""Memories without a window end after 400 days."""
IDS_MAX = True
"""Duplicates are remembered for a given number of ids."""
OVERFLOW = True
"""Integers beyond int64 are unknown."""
OWN_MONEY_DECIMALS = True
"""Plain decimals such as 1.13 beside an amount in its own currency are exact."""
BETWEEN = True
LISTS = True
RULE_REFERENCES = True
BANDS = True
TYPOLOGIES = True
ALLOW_LISTS = True
BUDGETS = True
ROLLOUTS = True
RELOADS = True
SNAPSHOTS = True

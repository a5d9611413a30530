"""Where the buckets of histograms lie, and how many series each metric may have."""

from __future__ import annotations

STAGE_SECONDS_BUCKETS = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
)
LATENCY_SECONDS_BUCKETS = (*STAGE_SECONDS_BUCKETS[3:], 60.0, 300.0)
BATCH_EVENTS_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
SCORE_BUCKETS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1.0)
HOUR_SECONDS, DAY_SECONDS = 3_600, 86_400
LABEL_DELAY_SECONDS_BUCKETS = (
    *(60, 600),
    *(hours * HOUR_SECONDS for hours in (1, 6)),
    *(days * DAY_SECONDS for days in (1, 3, 7, 14, 30, 60, 90)),
)

RULES_MAX = 500
"""How many rules have series of their own on the page of one worker."""
RULES_RANKED = 50
BANDS_MAX = 500
FEATURES_MAX = 100
MODELS_MAX = 50
PARTITIONS_MAX = 200
SHARDS_MAX = 200
LABELS_MAX = 100
"""Of what has few values by its nature, so that a slip cannot make thousands."""

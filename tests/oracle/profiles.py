"""How many streams are drawn, and which."""

from __future__ import annotations

import os

from hypothesis import HealthCheck

from tests.oracle.draw_worlds import STREAMS

NIGHTLY = os.environ.get("FRAUDSTREAM_PROFILE", "ci") == "nightly"
CI_STREAMS = 600
STREAMS_MAX = 20_000 if NIGHTLY else CI_STREAMS
CI_WORLDS = CI_STREAMS // STREAMS
CI_SEED = 20261125
SEED = int(os.environ.get("FRAUDSTREAM_SEED", CI_SEED))
"""The same seed draws the same streams; another one draws others."""
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
"""What hypothesis finds slow, and a whole world is."""

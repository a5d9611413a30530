"""How many worlds are run, and which."""

from __future__ import annotations

import os

NIGHTLY = os.environ.get("FRAUDSTREAM_PROFILE", "ci") == "nightly"
WORLDS = int(os.environ.get("FRAUDSTREAM_WORLDS", "5000" if NIGHTLY else "120"))
CI_SEED = 20261125
SEED = int(os.environ.get("FRAUDSTREAM_SEED", CI_SEED))
"""The first world's; each further one has the next number."""
STEPS_BETWEEN_CRASHES = 1 if NIGHTLY else 4
"""The short run is ended at each of its steps, in CI at every fourth."""


def replay_command(seed: int) -> str:
    """Return the command that runs one world again."""
    return f"FRAUDSTREAM_SEED={seed} FRAUDSTREAM_WORLDS=1 python -m pytest tests/sim/test_worlds.py"

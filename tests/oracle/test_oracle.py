"""The engine against the oracle, on rulesets, streams and batch cuts drawn at random."""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings

from tests.oracle.adapter import build
from tests.oracle.comparing import World, run
from tests.oracle.draw_worlds import STREAMS, worlds
from tests.oracle.writing import files_of

STREAMS_BY_PROFILE = {"ci": 600, "nightly": 20_000}
PROFILE = os.environ.get("FRAUDSTREAM_PROFILE", "ci")
SEEN: Counter[str] = Counter()


@settings(
    max_examples=STREAMS_BY_PROFILE[PROFILE] // STREAMS,
    derandomize=PROFILE == "ci",
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    phases=[Phase.generate] if "NOSHRINK" in os.environ else list(Phase),
)
@given(worlds())
def test_the_engine_keeps_the_contract(runs: list[World]) -> None:
    """Every dead letter, feature, outcome, decision and alert is what the oracle says."""
    loaded = build(files_of(runs[0].ruleset))
    for world in runs:
        SEEN.update(run(world, loaded))
        SEEN["streams"] += 1


def test_zz() -> None:
    """x."""
    print(dict(sorted(SEEN.items())))

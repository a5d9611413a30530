"""The fold in stages against the fold in one piece, on the oracle's rulesets, streams and reloads."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from fraudstream.engine.step import Engine
from tests.keyed_fold import KeyedFold, told
from tests.oracle.adapter import build, settings_of
from tests.oracle.comparing import World
from tests.oracle.draw_worlds import STREAMS, worlds
from tests.oracle.profiles import SEED, SLOW, STREAMS_MAX
from tests.oracle.writing import files_of


@seed(SEED)
@settings(
    max_examples=STREAMS_MAX // STREAMS // 2,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=SLOW,
)
@given(worlds(), st.integers(1, 4))
def check(seen: Counter[str], runs: list[World], partitions: int) -> None:
    """Run both over a few streams, with the same reloads; the stages are saved and restored on the way."""
    loaded = [build(files_of(ruleset)) for ruleset in runs[0].rulesets]
    for world in runs:
        given_ = settings_of(world.deployment)
        whole, keyed = Engine(loaded[0], given_), KeyedFold(loaded[0], given_, partitions)
        for start, end in pairwise(world.bounds):
            if start in world.reloads:
                ruleset = loaded[world.reloads[start]]
                for fold in (whole, keyed):
                    fold.reload(fold.prepare(ruleset))
                seen["reloads"] += 1
            if start in world.snapshots:
                keyed.resume()
                seen["snapshots"] += 1
            batch = world.stream[start:end]
            appended_us = np.array([-1 if when is None else when for _, when in batch], np.int64)
            values = [message for message, _ in batch]
            once, staged = (fold.step(values, appended_us=appended_us) for fold in (whole, keyed))
            assert told(staged) == told(once), f"messages {start} to {end - 1}\n{world.describe()}"
            assert (staged.rule_outcomes == once.rule_outcomes).all()
            seen["alerts"] += len(once.alerts)


def test_the_stages_give_what_one_engine_gives() -> None:
    """Late and ancient events, reloads of other features and snapshots: every byte is the same."""
    seen: Counter[str] = Counter()
    check(seen)
    assert seen["alerts"] > 500
    assert seen["reloads"] > 20
    assert seen["snapshots"] > 20

"""The engine against the oracle, on rulesets, streams and batch cuts drawn at random."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, seed, settings

from tests.oracle.adapter import build
from tests.oracle.comparing import World, run
from tests.oracle.draw_worlds import STREAMS, worlds
from tests.oracle.profiles import SEED, SLOW, STREAMS_MAX
from tests.oracle.writing import files_of

RICH: dict[str, float] = {
    "late": 0.03,
    "ancient": 0.02,
    "duplicates": 0.01,
    "dead: ahead_of_time": 0.01,
    "alerts": 0.05,
    "suppressed": 0.01,
    "held back": 0.02,
    "summaries": 0.005,
    "patterns": 0.02,
    "capped": 0.005,
    "banded hits": 0.01,
    "shadow alerts": 0.03,
    "shadow summaries": 0.001,
    "would change": 0.01,
    "rolled out, live": 0.02,
    "rolled out, shadow": 0.02,
    "hit": 0.2,
    "miss": 0.2,
    "not_evaluated": 0.1,
    "features": 2.0,
    "reloads": 0.02,
    "snapshots": 0.02,
}
"""What must happen, per message of all streams, for the comparison to mean something."""


@seed(SEED)
@settings(
    max_examples=STREAMS_MAX // STREAMS,
    deadline=None,
    database=None,
    suppress_health_check=SLOW,
)
@given(worlds())
def check(seen: Counter[str], runs: list[World]) -> None:
    """Run both over a few streams that share rulesets, and count what happened."""
    loaded = [build(files_of(ruleset)) for ruleset in runs[0].rulesets]
    for world in runs:
        seen.update(run(world, loaded))
        seen["streams"] += 1


def test_the_engine_keeps_the_contract() -> None:
    """Every dead letter, feature, outcome, decision and alert is what the oracle says, and all occur."""
    seen: Counter[str] = Counter()
    print(f"FRAUDSTREAM_SEED={SEED}")
    check(seen)
    print(dict(sorted(seen.items())))
    assert seen["streams"] >= min(STREAMS_MAX, 500)
    rare = {name: seen[name] for name, share in RICH.items() if seen[name] < share * seen["messages"]}
    assert rare == {}, f"the streams lack these, of {seen['messages']} messages"
    assert seen["unknown features"] < 0.7 * seen["features"]
    assert sum(name.startswith("dead: ") for name in seen) >= 12
    assert all(seen[f"action {action}"] for action in ("allow", "review", "report", "hold", "block"))

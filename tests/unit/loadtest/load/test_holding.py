"""Every check holds of a run in which everything is well, and fails where what it is about is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import inf

import pytest

from loadtest.load import holding
from loadtest.load.catalogue import SCENARIOS
from loadtest.load.holding import Claim
from loadtest.load.observed import Run
from loadtest.load.soak import HOLDS
from tests.unit.loadtest.load.made_runs import FIGURES, run, with_last, with_samples

GOOD = run()
BACK = holding.back(0.4)
CLAIMS = {
    id(claim): claim for claim in (*HOLDS, BACK, *(each for it in SCENARIOS.values() for each in it.holds))
}


def with_figures(**changes: int) -> Run:
    """Return the good run with other words of the audit."""
    return replace(GOOD, figures={**FIGURES, **changes})


def leaking() -> Run:
    """Return the good run with 200 MB/h more memory."""
    samples = [replace(each, rss_mb=400 + 200 * each.seconds / 3_600) for each in GOOD.samples]
    return replace(GOOD, samples=samples)


VIOLATIONS: list[tuple[Claim, Run]] = [
    (holding.COMPLETE, replace(GOOD, accounted=Counter({"decision": 11_999}))),
    (holding.COMPLETE, replace(GOOD, accounted=Counter({"decision": 12_001}))),
    (holding.COMPLETE, with_figures(events_unread=1)),
    (holding.COMPLETE, replace(with_figures(events_unread=1), accounted=Counter())),
    (holding.SAME_ALERTS, with_figures(alerts_lost=1)),
    (holding.SAME_ALERTS, with_figures(decisions_different=1)),
    (holding.SAME_ALERTS, with_figures(alerts_expected=0)),
    (holding.LETTERS, with_figures(dead_letters_lost=1)),
    (holding.LETTERS, with_figures(dead_letters_different=1)),
    (holding.ONCE, with_figures(alerts_duplicated=1)),
    (holding.ONCE, with_figures(dead_letters_duplicated=1)),
    (holding.OBJECTIVE, replace(GOOD, latency={1.0: 11_879.0, inf: 12_000.0})),
    (holding.DRAINED, replace(GOOD, drained_s=61.0)),
    (BACK, with_last(GOOD, lag_s=3.0)),
    (BACK, with_samples(with_samples(GOOD, 0.4, lag_s=9.0), 0.6, lag_s=0.1)),
    (holding.SURVIVED, replace(GOOD, blow="not within 60 s: one of them takes over")),
    (holding.LATE_COUNTED, with_last(GOOD, late=3.0)),
    (holding.LATE_COUNTED, with_last(replace(GOOD, fates=Counter()), late=0.0)),
    (holding.DUPLICATES_COUNTED, with_last(GOOD, duplicates=4.0)),
    (holding.LETTERS_COUNTED, with_last(GOOD, dead_letters={"not_json": 5.0})),
    (holding.LETTERS_COUNTED, with_last(GOOD, dead_letters={"not_json": 5.0, "other": 1.0})),
    (holding.AHEAD_COUNTED, with_last(GOOD, dead_letters={"ahead_of_time": 5.0})),
    (holding.UNHARMED, replace(GOOD, good_lost=1)),
    (holding.UNHARMED, replace(GOOD, good_added=1)),
    (holding.UNHARMED, replace(GOOD, good_lost=None, good_added=None)),
    (holding.WATERMARK, replace(GOOD, watermark_s=GOOD.newest_s + 172_800)),
    (holding.ENTITIES_BOUNDED, with_last(GOOD, entities=6_001.0)),
    (holding.ENTITIES_BOUNDED, with_last(GOOD, entities=0.0)),
    (holding.EVICTED, with_last(GOOD, evicted_entities=0.0)),
    (holding.DISK_TOLD, with_samples(GOOD, 0.0, checkpoint_errors=0.0)),
    (holding.DISK_RESUMED, with_samples(GOOD, 0.45, checkpoints=50.0)),
    (holding.MEMORY_FLAT, leaking()),
    (holding.LAG_FLAT, with_samples(GOOD, 0.75, lag_s=1.3)),
    (holding.COMPLETE, replace(GOOD, figures={}, accounted=Counter({"decision": 11_999}))),
]


def good_for(claim: Claim) -> Run:
    """Return the good run, of which a claim about a single sort of dead letters expects only that sort."""
    if claim is holding.AHEAD_COUNTED:
        return with_last(GOOD, dead_letters={"ahead_of_time": 6.0})
    return GOOD


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.name)
def test_a_check_holds_of_a_good_run(claim: Claim) -> None:
    """And says what it has seen."""
    finding = claim.check(good_for(claim))
    assert finding.held, finding.seen
    assert finding.seen


@pytest.mark.parametrize(("claim", "violated"), VIOLATIONS, ids=lambda value: getattr(value, "name", None))
def test_a_check_fails_of_a_run_that_violates_it(claim: Claim, violated: Run) -> None:
    """By that alone."""
    assert not claim.check(violated).held


def test_every_check_is_seen_to_fail() -> None:
    """No claim of a scenario is without a run that violates it."""
    assert {claim.name for claim in CLAIMS.values()} == {claim.name for claim, _ in VIOLATIONS}


def test_a_short_run_tells_nothing_of_memory() -> None:
    """The slope of a minute means nothing, and it says so."""
    short = replace(leaking(), seconds=590.0)
    finding = holding.MEMORY_FLAT.check(short)
    assert finding.held
    assert finding.seen.endswith("too short to tell")
    assert holding.memory_mb_per_h(leaking()) == pytest.approx(200)


def test_every_claim_says_a_sentence() -> None:
    """And a scenario does not claim the same twice."""
    for scenario in SCENARIOS.values():
        names = [claim.name for claim in scenario.holds]
        assert len(set(names)) == len(names)
        assert all(claim.says.endswith(".") for claim in scenario.holds)

"""Whether the oracle's streams would notice: small faults planted in the engine must be found."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, seed, settings

from tests.oracle.adapter import build
from tests.oracle.comparing import World, run
from tests.oracle.draw_worlds import worlds
from tests.oracle.faults import FAULTS
from tests.oracle.profiles import CI_SEED, CI_WORLDS, NIGHTLY, SLOW
from tests.oracle.writing import files_of

FAULTS_IN_CI = 4


@seed(CI_SEED)
@settings(
    max_examples=CI_WORLDS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=SLOW,
)
@given(worlds())
def look(runs: list[World]) -> None:
    """Run both until they differ; what is found is not made smaller."""
    loaded = [build(files_of(ruleset)) for ruleset in runs[0].rulesets]
    for world in runs:
        run(world, loaded)


@pytest.mark.parametrize("fault", list(FAULTS) if NIGHTLY else list(FAULTS)[:FAULTS_IN_CI])
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By no more streams than the quick profile draws."""
    FAULTS[fault](monkeypatch)
    with pytest.raises(AssertionError, match=": engine "):
        look()

"""What a pass notes of every message is what the engine decided on it."""

from __future__ import annotations

import numpy as np
import pytest

from fraudstream.engine.step import Engine, Settings
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.quality.fraudtwin_product import RULES
from loadtest.quality.passes import run
from loadtest.traffic import generate

EVENTS = 12_000


@pytest.mark.parametrize("turn", [500, 2_500])
def test_the_scores_of_hits_add_up_to_the_decisions(turn: int) -> None:
    """At their rows, with repeated and malformed messages among them, whatever the turns."""
    payloads = generate(EVENTS, seed=3).payloads
    ruleset = load_ruleset(RULES)
    turns = (((), payloads[start : start + turn]) for start in range(0, EVENTS, turn))
    said = run(ruleset, Settings(), EVENTS, turns)
    decisions = Engine(ruleset).step(payloads).decisions
    decided = np.zeros(EVENTS, np.int64)
    decided[decisions.row] = decisions.score
    assert decided.any()
    assert np.array_equal(np.minimum(said.summed(said.hits), 100), decided)
    told = said.summed(said.of_no_model()) + said.summed(["MOD-ANO-001"])
    assert np.array_equal(told, said.summed(said.hits))
    assert np.isfinite(said.ranks["anomaly"][-1_000:]).mean() > 0.99
    assert np.isnan(said.ranks["anomaly"][:8_000]).all()

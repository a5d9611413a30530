"""A model whose input changes for good says so, and which."""

from __future__ import annotations

import numpy as np
import pytest

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.scorers import watched
from tests.unit.rule_files import event, rule_file, rule_files

MODEL = b"""schema: fraudstream.model/v1
id: unusual
title: Amounts
features: {amount: log1p(amount_usd), fixed: "5"}
estimator: {kind: loda}
warm_up: 50
seed: 1
"""


def test_a_drift_is_counted_by_model_and_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amounts that double are noticed within some blocks; the constant beside them never is."""
    monkeypatch.setattr(watched, "BLOCK", 50)
    engine = Engine(build_ruleset(rule_files(rule_file(cases="[]"), **{"models/unusual.yml": MODEL})))
    random = np.random.default_rng(1)
    amounts = np.concatenate([random.integers(10, 100, 2_000), random.integers(200, 900, 2_000)])
    messages = [event(f"e{number}", amount=int(amount)) for number, amount in enumerate(amounts)]
    before, after = engine.step(messages[:2_000]), engine.step(messages[2_000:])
    assert not before.drifted
    assert after.drifted["unusual", "amount"] >= 1
    assert ("unusual", "fixed") not in after.drifted
    restored = Engine(engine.ruleset)
    restored.restore(engine.snapshot())
    later = [event(f"f{number}", amount=int(amount)) for number, amount in enumerate(amounts[:2_000])]
    assert restored.step(later).drifted == engine.step(later).drifted != {}

"""The handbook's payments through the engine: each is scored, and no label is read before its time."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fraudstream.features.catalogue import DAY_US
from loadtest.quality.data import Payments
from loadtest.quality.product import RULES, judged

DELAY_US = 7 * DAY_US


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return the models, one of which has learned enough after 300 labels."""
    shutil.copytree(RULES, tmp_path / "rules")
    model = tmp_path / "rules" / "models" / "learned.yml"
    text = model.read_text().replace("kind: binned_logistic}", "kind: binned_logistic, first: 300}")
    model.write_text(text.replace("warm_up: 1000", "warm_up: 20"))
    return tmp_path / "rules"


def payments() -> Payments:
    """Return payments of some cards at some terminals, two of which are bad for a while."""
    random = np.random.default_rng(3)
    count = 2_000
    terminal = random.integers(0, 20, count)
    return Payments(
        time_us=np.sort(random.integers(0, 40 * DAY_US, count)) // 1_000_000 * 1_000_000,
        card=random.integers(0, 30, count),
        terminal=terminal,
        amount=random.integers(100, 10_000, count),
        fraud=terminal < 2,
        first_day=np.datetime64("2018-04-01", "D"),
    )


def test_known_frauds_of_a_terminal_raise_the_score_of_its_payments(rules: Path) -> None:
    """Once their labels have come; before that nothing is scored."""
    found = payments()
    scores = judged(found, DELAY_US, rules).ranks["learned"]
    assert np.isnan(scores[found.time_us < DELAY_US]).all()
    late = found.time_us > 25 * DAY_US
    assert np.isfinite(scores[late]).all()
    assert scores[late & found.fraud].mean() > 0.9
    assert scores[late & ~found.fraud].mean() < 0.6


def test_a_label_changes_nothing_before_it_is_known(rules: Path) -> None:
    """Payments whose labels come after some day may have been anything: until then each score is the same."""
    found = payments()
    day_us = 30 * DAY_US
    unknown = found.time_us > day_us - DELAY_US
    other = replace(found, fraud=np.where(unknown, ~found.fraud, found.fraud))
    before = found.time_us < day_us
    one, two = (judged(each, DELAY_US, rules).ranks["learned"] for each in (found, other))
    assert np.array_equal(one[before], two[before], equal_nan=True)
    assert not np.array_equal(one, two, equal_nan=True)


def test_rules_say_what_they_say_and_read_no_label_early(rules: Path) -> None:
    """Amounts above 220 are sure; a terminal is held against payments once its frauds are known."""
    found = payments()
    found = replace(found, amount=np.where(np.arange(2_000) % 100 == 7, 22_001, found.amount))
    said = judged(found, DELAY_US, rules)
    assert said.of_no_model() <= {"HBK-AMT-001", "HBK-CRD-001", "HBK-CRD-002", "HBK-TRM-001"}
    assert np.array_equal(said.hits["HBK-AMT-001"] == 90, found.amount > 22_000)
    terminal = said.hits["HBK-TRM-001"] > 0
    assert not terminal[found.time_us < DELAY_US].any()
    assert found.fraud[terminal].all()

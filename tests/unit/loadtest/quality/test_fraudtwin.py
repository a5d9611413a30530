"""The worlds are read as they are, and what an alert budget finds is counted by scenario."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadtest.quality.data import DAY_US
from loadtest.quality.fraudtwin import SILENT_US, Worlds, load_worlds, recall, velocities

MINUTE_US = 60_000_000


def worlds(rows: int, scenario: dict[int, str], frauds: set[int]) -> Worlds:
    """Return payments a minute apart, of one payer to one payee."""
    return Worlds(
        time_us=np.arange(rows) * MINUTE_US,
        world=np.arange(rows) * 8 // rows,
        payer=np.zeros(rows, np.int64),
        payee=np.zeros(rows, np.int64),
        card=np.full(rows, -1),
        known_us=np.arange(rows) * MINUTE_US + 2 * DAY_US,
        amount=np.full(rows, 1_000),
        scenario=np.array([scenario.get(row, "") for row in range(rows)]),
        fraud=np.array([row in frauds for row in range(rows)]),
    )


def test_worlds_are_read_one_after_the_other_and_payments_once(tmp_path: Path) -> None:
    """Equal names in two worlds are two entities; an amount below 0 counts as 0."""
    payments, records, labels = (tmp_path / f"{name}.parquet" for name in ("payments", "records", "labels"))
    pq.write_table(
        pa.table(
            {
                "world": [2, 1, 1, 1],
                "payment_id": ["P1", "P2", "P1", "P1"],
                "initiated_at": ["2026-01-01T00:00:00Z", *["2026-01-01T00:01:00Z"] * 3],
                "payer_account_id": ["A", "A", "A", "A"],
                "payee_account_id": [None, "B", "B", "B"],
                "merchant_id": ["M", None, None, None],
                "card_id": [None, "C", None, None],
                "amount": [5.0, -1.0, 0.29, 0.29],
            }
        ),
        payments,
    )
    answers = {"world": [1], "payment_id": ["P2"], "scenario_type": ["F01"], "fraud_truth": [True]}
    pq.write_table(pa.table(answers), records)
    told = {"world": [1], "payment_id": ["P2"], "label_available_at": ["2026-01-02T00:00:00Z"]}
    pq.write_table(pa.table(told), labels)
    read = load_worlds(payments, records, labels)
    assert read.amount.tolist() == [0, 29, 500]
    assert read.payer.tolist() == [0, 0, 1]
    assert read.payee.tolist() == [0, 0, 1]
    assert read.time_us.tolist() == [MINUTE_US, MINUTE_US, 10 * 24 * 60 * MINUTE_US]
    assert read.fraud.tolist() == [True, False, False]
    assert read.scenario.tolist() == ["F01", "", ""]
    assert read.card.tolist() == [0, -1, -1]
    assert read.known_us.tolist() == [DAY_US, MINUTE_US + SILENT_US, 10 * DAY_US + SILENT_US]


def test_one_payment_in_a_hundred_is_alerted() -> None:
    """Of two frauds of one scenario one is alerted, and one of the two hard negatives."""
    stream = worlds(200, {3: "F01", 4: "F01", 5: "F02", 6: "F02"}, {3, 4})
    score = np.zeros(200)
    score[[4, 6]] = 1
    found = recall("x", stream, score)
    assert found.recall == 0.5
    assert found.by_scenario == {"F01": 0.5}
    assert found.hard_negatives == 0.5


def test_velocities_are_of_the_windows_that_they_name() -> None:
    """A payment a minute makes none before it in the last minute, nine in ten, and one new payee an hour."""
    named = velocities(worlds(30, {}, set()))
    assert np.expm1(named["payer_1m"][-1]) == pytest.approx(0)
    assert np.expm1(named["payer_10m"][-1]) == pytest.approx(9)
    assert np.expm1(named["payee_1h"][-1]) == pytest.approx(29)
    assert named["new_payee"].tolist() == [1] + [0] * 29
    assert np.expm1(named["new_payees_1h"][-1]) == pytest.approx(1)


def test_what_has_no_score_is_never_alerted_and_a_part_has_a_budget_of_its_own() -> None:
    """Of the last hundred payments one is alerted, however high the first hundred score."""
    stream = worlds(200, {3: "F01", 120: "F02", 150: "F01"}, {3, 150})
    score = np.full(200, np.nan)
    assert recall("x", stream, score).recall == 0
    score[[3, 150]] = 2, 1
    assert recall("x", stream, score, np.arange(200) >= 100).recall == 1

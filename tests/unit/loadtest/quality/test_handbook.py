"""The split is the handbook's: what is tested, and whose payments are left out on which day."""

from __future__ import annotations

import numpy as np
import pytest

from loadtest.quality.data import DATA, DAY_US, DataMissingError, Payments, load_handbook, located
from loadtest.quality.handbook import TRAIN_FROM, ceiling, split


def payments(*rows: tuple[int, int, bool]) -> Payments:
    """Return payments at noon: day, card, fraud."""
    day, card, fraud = (np.array(column) for column in zip(*rows, strict=True))
    return Payments(
        day * DAY_US + DAY_US // 2,
        card,
        np.zeros_like(card),
        np.full_like(card, 1_000),
        fraud.astype(np.bool_),
        np.datetime64("2018-07-25"),
    )


def test_a_week_is_trained_on_and_the_week_after_next_is_tested() -> None:
    """Days 0 to 6 train, 7 to 13 are waited for, 14 to 20 are tested; both ends exact."""
    rows = split(payments(*((day, 1, False) for day in range(23))), 0)
    assert rows.train.tolist() == [*range(7)]
    assert rows.test.tolist() == [*range(14, 21)]


def test_a_card_with_a_fraud_in_the_training_week_is_left_out() -> None:
    """It is known before the test week begins."""
    rows = split(payments((3, 1, True), (14, 1, False), (14, 2, False)), 0)
    assert rows.test.tolist() == [2]


def test_a_card_is_left_out_from_the_day_on_that_its_fraud_is_known() -> None:
    """A fraud of day 8 is known on day 16 and after, not on day 15."""
    rows = split(payments((8, 1, True), *((day, 1, False) for day in range(14, 21))), 0)
    assert rows.test.tolist() == [1, 2]


def test_the_published_counts_come_out() -> None:
    """The real table gives the rows, the frauds and the ceiling that were published for it."""
    try:
        real = load_handbook(located("handbook/transactions.parquet"))
    except DataMissingError as missing:
        pytest.skip(str(missing))
    rows = split(real, real.day_of(TRAIN_FROM))
    assert (len(rows.train), int(real.fraud[rows.train].sum())) == (67_240, 598)
    assert (len(rows.test), int(real.fraud[rows.test].sum())) == (58_264, 385)
    assert ceiling(real, rows.test) == pytest.approx(0.397, abs=0.0005)


def test_a_missing_table_is_named() -> None:
    """Who has no tables is told which, without a path of the machine."""
    with pytest.raises(DataMissingError, match=r"nothing\.parquet is missing"):
        located("nothing.parquet")
    assert DATA.parts[-2:] == ("shared", "data")

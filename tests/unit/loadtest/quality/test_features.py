"""What a model is told of a payment, on a few payments that can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from loadtest.quality.data import DAY_US, Payments
from loadtest.quality.features import Table, features, habit
from loadtest.quality.windows import EVER


def payments(*rows: tuple[float, int, int, float, bool]) -> Payments:
    """Return payments: day, card, terminal, amount in major units, fraud."""
    day, card, terminal, amount, fraud = (np.array(column) for column in zip(*rows, strict=True))
    return Payments(
        np.rint(day * DAY_US).astype(np.int64),
        card,
        terminal,
        np.rint(amount * 100).astype(np.int64),
        fraud.astype(np.bool_),
        np.datetime64("2018-04-01"),
    )


def last(table: Table, name: str) -> float:
    """Return a feature of the last payment."""
    return float(table.x[-1, table.names.index(name)])


def test_an_amount_is_compared_with_the_cards_earlier_ones() -> None:
    """Mean 20, sample deviation 10: 50 is three deviations above; before three payments there is no habit."""
    stream = payments(*((day, 1, 0, amount, False) for day, amount in enumerate((10.0, 20.0, 30.0, 50.0))))
    own = habit(stream, EVER)
    assert own.z.tolist() == [0, 0, 0, pytest.approx(3.0)]
    assert own.ratio[-1] == pytest.approx(np.log(51 / 21))


def test_the_first_of_april_2018_was_a_sunday() -> None:
    """Weekends are Saturday and Sunday, nights end with the seventh hour."""
    table = features(
        payments((0, 1, 0, 5.0, False), (1, 1, 0, 5.0, False), (6 + 7 / 24, 1, 0, 5.0, False)), DAY_US
    )
    assert table.x[:, table.names.index("weekend")].tolist() == [1, 0, 1]
    assert table.x[:, table.names.index("night")].tolist() == [1, 1, 0]


def test_the_risk_of_a_terminal_is_of_known_payments() -> None:
    """Seven days later the fraud of day 0 is known, and the genuine payment of day 1 is not yet."""
    stream = payments((0, 1, 3, 5.0, True), (1, 2, 3, 5.0, False), (7.5, 4, 3, 5.0, False))
    table = features(stream, 7 * DAY_US)
    assert last(table, "known_risk_7d") == 1
    assert last(table, "known_streak") == pytest.approx(np.log(3))
    assert last(table, "known_streak_age") == pytest.approx(7.5 / 28)


def test_a_fraud_that_the_card_explains_says_nothing_of_the_terminal() -> None:
    """A strange amount is the card's own trouble; a usual one points at where it was paid."""
    habits = [(day / 10, 1, 0, amount, False) for day, amount in enumerate((10.0, 20.0, 30.0))]
    for amount, unexplained in ((500.0, 0.0), (20.0, np.log(2))):
        table = features(payments(*habits, (1, 1, 3, amount, True), (9, 2, 3, 5.0, False)), 7 * DAY_US)
        assert last(table, "known_unexplained_7d") == pytest.approx(unexplained)
        assert last(table, "known_risk_7d") == 1


def test_a_terminal_becomes_familiar_and_an_hour_usual() -> None:
    """A third visit at noon is more usual than the first, and one at night is not."""
    stream = payments(*((at, 1, 3, 5.0, False) for at in (0.1, 1.5, 2.5, 3.5, 4.1)))
    table = features(stream, DAY_US)
    assert table.x[:, table.names.index("terminal_familiarity")] == pytest.approx(np.log([1, 2, 3, 4, 5]))
    surprise = table.x[:, table.names.index("hour_surprise")]
    assert surprise[3] < surprise[2] < surprise[1]
    assert surprise[4] > surprise[3]

"""The Fraud Detection Handbook's protocol: a week to train on, a week of delay, a week to be tested on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtest.quality.data import Payments
from loadtest.quality.metrics import auc_roc, average_precision, card_precision, card_precision_ceiling

TRAIN_FROM = "2018-07-25"
TRAIN_DAYS = DELAY_DAYS = TEST_DAYS = 7


@dataclass(frozen=True)
class Split:
    """The rows of the training week and of the test week, as indices into the payments."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Quality:
    """The three figures of the handbook."""

    auc: float
    ap: float
    cp100: float


def split(payments: Payments, train_from: int) -> Split:
    """Split as the handbook does, from the training week's first day on.

    On a day of the test week a card is known to be compromised, and its payments are left out, if it had a
    fraud between the training week's first day and the eighth day before this one.
    """
    day = payments.day
    train = np.flatnonzero((day >= train_from) & (day < train_from + TRAIN_DAYS))
    return Split(train, np.concatenate([*_test_days(payments, day, train, train_from)]))


def _test_days(
    payments: Payments, day: NDArray[np.int64], train: NDArray[np.int64], train_from: int
) -> Iterator[NDArray[np.int64]]:
    known = np.zeros(int(payments.card.max()) + 1, np.bool_)
    known[payments.card[train[payments.fraud[train]]]] = True
    for number in range(TEST_DAYS):
        known[payments.card[(day == train_from + TRAIN_DAYS + number - 1) & payments.fraud]] = True
        rows = np.flatnonzero(day == train_from + TRAIN_DAYS + DELAY_DAYS + number)
        yield rows[~known[payments.card[rows]]]


def judge(payments: Payments, test: NDArray[np.int64], score: NDArray[np.float64]) -> Quality:
    """Measure the scores of the test rows."""
    fraud = payments.fraud[test]
    return Quality(
        auc=auc_roc(fraud, score),
        ap=average_precision(fraud, score),
        cp100=card_precision(payments.day[test], payments.card[test], fraud, score),
    )


def ceiling(payments: Payments, test: NDArray[np.int64]) -> float:
    """Return the card precision at 100 of one who knows the answers."""
    return card_precision_ceiling(payments.day[test], payments.card[test], payments.fraud[test])

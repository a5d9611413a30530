"""AUC ROC, average precision and card precision, as the Fraud Detection Handbook defines them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]

CARDS_A_DAY = 100


def auc_roc(fraud: Flags, score: Scores) -> float:
    """Return the share of pairs (fraud, genuine) that the score puts in the right order; ties count half."""
    positives = int(fraud.sum())
    negatives = len(fraud) - positives
    _, place, sizes = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(sizes) - (sizes - 1) / 2
    rank_sum = float(mean_rank[place[fraud]].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def average_precision(fraud: Flags, score: Scores) -> float:
    """Return the mean precision over the steps of recall; equal scores are one step."""
    values, place = np.unique(-score, return_inverse=True)
    found = np.bincount(place, weights=fraud, minlength=len(values))
    alerted = np.bincount(place, minlength=len(values))
    precision = np.cumsum(found) / np.cumsum(alerted)
    return float((precision * found).sum() / fraud.sum())


def precision_recall(fraud: Flags, score: Scores) -> tuple[Scores, Scores]:
    """Return recall and precision, float64 [k], where the 1st to kth highest distinct scores are alerted."""
    values, place = np.unique(-score, return_inverse=True)
    found = np.cumsum(np.bincount(place, weights=fraud, minlength=len(values)))
    return found / fraud.sum(), found / np.cumsum(np.bincount(place, minlength=len(values)))


def card_precision(day: Ids, card: Ids, fraud: Flags, score: Scores, cards_a_day: int = CARDS_A_DAY) -> float:
    """Return the mean over days of the share of compromised cards among the `cards_a_day` highest scored.

    A card's score of a day is the highest of its payments. A compromised card that was found is blocked: its
    payments of later days are left out. Of equal scores the lower card number comes first.
    """
    return float(np.mean(card_precision_by_day(day, card, fraud, score, cards_a_day)))


def card_precision_by_day(
    day: Ids, card: Ids, fraud: Flags, score: Scores, cards_a_day: int = CARDS_A_DAY
) -> list[float]:
    """Return that share of each day, in the order of the days."""
    return [found / cards_a_day for found in _found_by_day(day, card, fraud, score, cards_a_day)]


def card_precision_ceiling(day: Ids, card: Ids, fraud: Flags, cards_a_day: int = CARDS_A_DAY) -> float:
    """Return the card precision of one who knows the answers."""
    return card_precision(day, card, fraud, fraud.astype(np.float64), cards_a_day)


def _found_by_day(day: Ids, card: Ids, fraud: Flags, score: Scores, cards_a_day: int) -> Iterator[int]:
    blocked = np.zeros(int(card.max()) + 1, np.bool_)
    for today in np.unique(day):
        rows = np.flatnonzero((day == today) & ~blocked[card])
        cards, place = np.unique(card[rows], return_inverse=True)
        highest = np.full(len(cards), -np.inf)
        np.maximum.at(highest, place, score[rows])
        compromised = np.zeros(len(cards), np.bool_)
        np.logical_or.at(compromised, place, fraud[rows])
        alerted = np.argsort(-highest, kind="stable")[:cards_a_day]
        found = cards[alerted[compromised[alerted]]]
        blocked[found] = True
        yield len(found)

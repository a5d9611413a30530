"""What an alert budget buys: the highest keys of each day are alerted, and one sees what they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtest.quality.metrics import card_precision, card_precision_ceiling

Keys = NDArray[np.float64]
"""By what alerts are ranked, float64 [n]; what is 0 or not known is never alerted."""
Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Stream:
    """What is alerted on, and what it was; every array is [n].

    `period` is the day, or whatever the budget is given for, `entity` the card or payer, `amount` in one
    currency, and `case` what a fraud is a part of: found with any of its parts.
    """

    period: Ids
    entity: Ids
    amount: NDArray[np.float64]
    fraud: Flags
    case: Ids

    def take(self, rows: NDArray[np.int64]) -> Stream:
        """Return some of the rows."""
        return Stream(
            self.period[rows], self.entity[rows], self.amount[rows], self.fraud[rows], self.case[rows]
        )


@dataclass(frozen=True)
class Found:
    """What a ranking found: `alerts` is the mean of a period, `value` the share of the frauds' amounts."""

    alerts: float
    recall: float
    precision: float
    card_precision: float
    value: float


def alerted(period: Ids, key: Keys, budget: int) -> Flags:
    """Alert the `budget` highest keys of each period, of equal ones the earlier; none that is 0 or NaN."""
    order = np.lexsort((-np.nan_to_num(key), period))
    begins = np.searchsorted(period[order], period[order])
    out = np.zeros(len(key), np.bool_)
    out[order] = np.arange(len(key)) - begins < budget
    return out & (key > 0)


def limit_for(period: Ids, key: Keys, budget: int) -> float:
    """Return the key at and above which these periods have, in the mean, at most `budget` alerts."""
    allowed = budget * len(np.unique(period))
    highest = np.sort(key[key > 0])[::-1]
    if len(highest) <= allowed:
        return float(highest[-1]) if len(highest) else np.inf
    return float(np.nextafter(highest[allowed], np.inf))


def found(stream: Stream, alert: Flags, key: Keys, budget: int) -> Found:
    """See what alerts were; the card precision is that of the `budget` cards with the highest keys."""
    cases = np.unique(stream.case[stream.fraud])
    caught = np.unique(stream.case[stream.fraud & alert])
    return Found(
        alerts=float(alert.sum() / len(np.unique(stream.period))),
        recall=len(caught) / len(cases),
        precision=float(stream.fraud[alert].mean()) if alert.any() else 0.0,
        card_precision=_card_precision(stream, key, budget),
        value=float(
            stream.amount[stream.fraud & np.isin(stream.case, caught)].sum()
            / stream.amount[stream.fraud].sum()
        ),
    )


def ceiling(stream: Stream, budget: int) -> float:
    """Return the card precision of one who knows the answers."""
    return card_precision_ceiling(stream.period, stream.entity, stream.fraud, budget)


def recall_curve(stream: Stream, key: Keys, budgets: list[int]) -> list[float]:
    """Return the recall at each budget."""
    return [found(stream, alerted(stream.period, key, each), key, each).recall for each in budgets]


def _card_precision(stream: Stream, key: Keys, budget: int) -> float:
    """Return it with no alert on a card whose key is 0: a day of few alerts counts as a full one."""
    flagged = key > 0
    if not flagged.any():
        return 0.0
    some = stream.take(np.flatnonzero(flagged))
    share = len(np.unique(some.period)) / len(np.unique(stream.period))
    return share * card_precision(some.period, some.entity, some.fraud, key[flagged], budget)

"""Whether a score that is read as a probability is one: of payments given 0.2, is one in five a fraud?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Probabilities = NDArray[np.float64]

_EDGES = np.array([0, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 1.0])
_FEWEST = 10
"""A bin of fewer payments says nothing."""
_Z = 1.96


class Bin(NamedTuple):
    """Payments of about one probability: its mean, the share of frauds and the bounds of 95 %, how many."""

    predicted: float
    observed: float
    lowest: float
    highest: float
    payments: int


def probability(log_odds: Probabilities) -> Probabilities:
    """Return the probability of log-odds."""
    return 1 / (1 + np.exp(-log_odds))


def reliability(predicted: Probabilities, fraud: Flags) -> Iterator[Bin]:
    """Yield the bins of predicted probability that have enough payments, the lowest first."""
    place = np.minimum(np.searchsorted(_EDGES, predicted, side="right"), len(_EDGES) - 1)
    for number in np.unique(place):
        inside = place == number
        count = int(inside.sum())
        if count >= _FEWEST:
            share = float(fraud[inside].mean())
            yield Bin(float(predicted[inside].mean()), share, *wilson(share, count), count)


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the bounds in which the true share lies in 95 % of cases (Wilson 1927)."""
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    spread = _Z / (1 + _Z**2 / count) * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, float(middle - spread)), min(1.0, float(middle + spread))

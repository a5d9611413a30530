"""Small drawn payment streams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loadtest.quality.data import DAY_US, Payments


def drawn_payments(
    rows: int, seed: int, days: int = 40, cards: int = 12, terminals: int = 8, fraud_share: float = 0.1
) -> Payments:
    """Draw payments over some days, some of them at equal times."""
    random = np.random.default_rng(seed)
    minutes: NDArray[np.int64] = np.sort(random.integers(0, days * 24 * 60, rows))
    return Payments(
        time_us=minutes * (DAY_US // (24 * 60)),
        card=random.integers(0, cards, rows),
        terminal=random.integers(0, terminals, rows),
        amount=random.integers(100, 30_000, rows),
        fraud=random.random(rows) < fraud_share,
        first_day=np.datetime64("2018-04-01"),
    )

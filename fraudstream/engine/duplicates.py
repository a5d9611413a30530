"""Drops events whose id was seen before, within a horizon of event time and a bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Horizon:
    """An id is remembered for `horizon_us` of event time, and for at least the next `ids_min` ids."""

    horizon_us: int = 86_400_000_000
    ids_min: int = 1_000_000


class Duplicates:
    """Remembers ids in two generations: when the young one is full it becomes the old one."""

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def first_seen(self, ids: Sequence[str], time_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for n events in stream order whether each is the first with its id."""
        fresh = np.ones(len(ids), np.bool_)
        for index, (identity, t_us) in enumerate(zip(ids, time_us.tolist(), strict=True)):
            seen_us = self._young.get(identity)
            if seen_us is None:
                seen_us = self._old.get(identity)
            if seen_us is not None and abs(t_us - seen_us) < self._horizon.horizon_us:
                fresh[index] = False
                continue
            if len(self._young) >= self._horizon.ids_min:
                self._young, self._old = {}, self._young
            self._young[identity] = t_us
        return fresh

"""What each of many values of a parameter hits, counted batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch
from fraudstream.events.interning import MISSING
from fraudstream.workbench.answers import FRAUD, GENUINE

DAY_US = 86_400_000_000
_MONDAY = 4
"""The first Monday, in days since 1970-01-01."""
_STRAY_SHARE = 0.01
"""A day with less than this share of an average day's events is none."""


class Seen(NamedTuple):
    """Of n judged events: hits bool [values, n], days since 1970, labels, and worth in minor units."""

    hits: NDArray[np.bool_]
    day: NDArray[np.int64]
    label: NDArray[np.int8]
    worth: NDArray[np.float64]


@dataclass
class Week:
    """What a week from Monday on held, and what each value [values] hit of it."""

    hits: NDArray[np.int64]
    frauds_hit: NDArray[np.int64]
    genuine_hit: NDArray[np.int64]
    worth_hit: NDArray[np.float64]
    events: int = 0
    frauds: int = 0
    genuine: int = 0
    worth: float = 0.0

    @classmethod
    def empty(cls, values: int) -> Week:
        """Return a week of which nothing has been seen."""
        hits, frauds, genuine = np.zeros((3, values), np.int64)
        return cls(hits, frauds, genuine, np.zeros(values))

    def add(self, seen: Seen) -> None:
        """Count some events, all of this week."""
        fraud, genuine = seen.label == FRAUD, seen.label == GENUINE
        self.hits += np.count_nonzero(seen.hits, axis=1)
        self.events += seen.hits.shape[1]
        if fraud.any():
            found, worth = seen.hits[:, fraud], seen.worth[fraud]
            self.frauds += len(worth)
            self.worth += float(worth.sum())
            self.frauds_hit += np.count_nonzero(found, axis=1)
            self.worth_hit += found @ worth
        if genuine.any():
            self.genuine += int(np.count_nonzero(genuine))
            self.genuine_hit += np.count_nonzero(seen.hits[:, genuine], axis=1)

    def __add__(self, other: Week) -> Week:
        """Return both together."""
        return Week(
            *(mine + its for mine, its in zip(vars(self).values(), vars(other).values(), strict=True))
        )


class Sweep:
    """Counts by week, and the days on which there were events."""

    def __init__(self, values: int) -> None:
        self._values = values
        self.weeks: dict[int, Week] = {}
        """By the day since 1970 of their Monday."""
        self._days: Counter[int] = Counter()

    def add(self, seen: Seen) -> None:
        """Count the judged events of a batch."""
        days, events = np.unique(seen.day, return_counts=True)
        self._days.update(dict(zip(days.tolist(), events.tolist(), strict=True)))
        mondays = seen.day - (seen.day - _MONDAY) % 7
        for monday in np.unique(days - (days - _MONDAY) % 7).tolist():
            week = self.weeks.setdefault(monday, Week.empty(self._values))
            mine = mondays == monday
            part = seen if mine.all() else Seen(seen.hits[:, mine], *(each[mine] for each in seen[1:]))
            week.add(part)

    def total(self) -> Week:
        """Return all weeks together."""
        return sum(self.weeks.values(), Week.empty(self._values))

    def full_days(self) -> int:
        """Return how many days in UTC there were; a few stray events of wrong clocks make no day."""
        enough = self._days.total() / len(self._days) * _STRAY_SHARE
        return sum(events >= enough for events in self._days.values())

    def in_order(self) -> Iterator[tuple[int, Week]]:
        """Yield the weeks by their Mondays."""
        return iter(sorted(self.weeks.items()))


class Entities:
    """Which entities each value hit, by their texts in some columns: codes are given to others in time."""

    def __init__(self, columns: Sequence[str], values: int) -> None:
        self.columns = tuple(columns)
        self._places: dict[tuple[str, ...], int] = {}
        self._hit = np.zeros((0, values), np.bool_)

    def add(self, hits: NDArray[np.bool_], batch: EventBatch) -> None:
        """Note whom the events of a batch hit; `hits` is bool [values, n]."""
        events = np.flatnonzero(hits.any(axis=0))
        codes = np.stack([batch.code(column)[events] for column in self.columns])
        known = (codes != MISSING).all(axis=0)
        events, codes = events[known], codes[:, known]
        if not len(events):
            return
        distinct, of_event = np.unique(codes, axis=1, return_inverse=True)
        places = np.array([self._place(key, batch) for key in distinct.T.tolist()])
        np.logical_or.at(self._hit, places[of_event.ravel()], hits[:, events].T)

    def _place(self, key: Sequence[int], batch: EventBatch) -> int:
        place = self._places.setdefault(tuple(map(batch.texts.text, key)), len(self._places))
        if place >= len(self._hit):
            room = np.zeros((max(64, len(self._hit)), self._hit.shape[1]), np.bool_)
            self._hit = np.concatenate([self._hit, room])
        return place

    def counts(self) -> NDArray[np.int64]:
        """Return how many entities each value hit."""
        found: NDArray[np.int64] = self._hit.sum(axis=0, dtype=np.int64)
        return found

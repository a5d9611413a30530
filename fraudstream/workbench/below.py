"""Below the line: which events a reviewer judges that a looser value would hit and the current one does not.

Walking from the current value to either side, an event belongs to the band of the first value that hits it.
Of each band a sample is drawn by a hash of seed and event id: the same whatever the batches, and every event
of a band is as likely to be drawn as any other.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.alerting import Judged
from fraudstream.engine.wording import Moment, Wording
from fraudstream.events.money import EXPONENTS, decimal_text
from fraudstream.events.times import format_time
from fraudstream.rules.compile import Compiled

_KEY_BYTES = 8


@dataclass(frozen=True, order=True)
class Drawn:
    """One event of a sample, those with the smallest keys being drawn; `values` are what its rule read."""

    key: int
    event_id: str
    occurred_at: str
    entity: str
    amount: str
    currency: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Band:
    """The events that one value hits and the values between it and the current one do not."""

    value: int
    """The index of that value."""
    events: int
    drawn: tuple[Drawn, ...]


class BelowTheLine:
    """Draws samples of `size` events a band while batches pass."""

    def __init__(self, values: int, current: int, entity: Sequence[str], size: int, seed: int) -> None:
        self._current, self._size, self._seed = current, size, seed
        self._entity = entity
        self._heaps: list[list[tuple[int, Drawn]]] = [[] for _ in range(values)]
        self._events = np.zeros(values, np.int64)

    def add(self, hits: NDArray[np.bool_], judged: Judged, when: Compiled) -> None:
        """Draw from the judged events of a batch; `hits` is bool [values, n], `when` the rule's condition."""
        events = np.flatnonzero(hits.any(axis=0) & ~hits[self._current])
        if not len(events):
            return
        bands = first_beside(hits[:, events], self._current)
        self._events += np.bincount(bands, minlength=len(self._events))
        wanted = []
        for event, band in zip(events.tolist(), bands.tolist(), strict=True):
            key = self._key(judged.batch.ids.text(event))
            heap = self._heaps[band]
            if len(heap) < self._size or key < -heap[0][0]:
                wanted.append((key, event, band))
        self._keep(wanted, judged, when)

    def _key(self, event_id: str) -> int:
        content = f"{self._seed}:{event_id}".encode()
        return int.from_bytes(blake2b(content, digest_size=_KEY_BYTES).digest(), "big")

    def _keep(self, wanted: Sequence[tuple[int, int, int]], judged: Judged, when: Compiled) -> None:
        # Other events than those that hit: what the engine keeps for its alerts stays as it is.
        vectors = judged.vectors.apart([event for _, event, _ in wanted])
        wording = Wording(when)
        for key, event, band in wanted:
            batch = judged.batch
            moment = Moment(vectors, event, batch.text("currency", event), batch.texts.text)
            drawn = self._drawn(key, event, judged, wording.evidence(moment))
            heap = self._heaps[band]
            if len(heap) < self._size:
                heapq.heappush(heap, (-key, drawn))
            else:
                heapq.heappushpop(heap, (-key, drawn))

    def _drawn(self, key: int, event: int, judged: Judged, values: Mapping[str, Any]) -> Drawn:
        batch = judged.batch
        amount, currency = batch.number("amount"), batch.text("currency", event) or ""
        known = bool(amount.present[event]) and currency in EXPONENTS
        return Drawn(
            key,
            batch.ids.text(event),
            format_time(int(batch.time_us[event])),
            " ".join(batch.text(column, event) or "" for column in self._entity),
            decimal_text(int(amount.values[event]), currency) if known else "",
            currency,
            values,
        )

    def bands(self) -> list[Band]:
        """Return the bands that hold an event, those nearest to the current value first."""
        order = sorted(range(len(self._heaps)), key=lambda value: (abs(value - self._current), value))
        return [
            Band(
                value,
                int(self._events[value]),
                tuple(sorted((drawn for _, drawn in self._heaps[value]), key=lambda each: each.key)),
            )
            for value in order
            if self._events[value]
        ]


def first_beside(hits: NDArray[np.bool_], current: int) -> NDArray[np.intp]:
    """Return for each event the value nearest to the current one that hits it; one at least does.

    `hits` is bool [values, n]; of two values equally near it is the lower.
    """
    below, above = hits[:current][::-1], hits[current + 1 :]
    far = len(hits) + 1
    down = np.where(below.any(axis=0), below.argmax(axis=0), far) if len(below) else far
    up = np.where(above.any(axis=0), above.argmax(axis=0), far) if len(above) else far
    found: NDArray[np.intp] = np.where(
        down <= up, current - 1 - np.asarray(down), current + 1 + np.asarray(up)
    )
    return found

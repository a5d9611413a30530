"""Events that wait for their labels: what is needed of each to learn from it later."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.known_ids import IDS_MAX, KnownIds
from fraudstream.engine.labels import Labels
from fraudstream.events.batch import Ids
from fraudstream.features.catalogue import DAY_US

EVENTS_MIN = 1_000
"""As many as are judged at once: each has a place of its own then."""


@dataclass(frozen=True)
class Wait:
    """An event waits `wait_us` of event time for its label, and until `events_max` others came after it."""

    wait_us: int = 30 * DAY_US
    events_max: int = 1_000_000

    def __post_init__(self) -> None:
        if not EVENTS_MIN <= self.events_max <= IDS_MAX:
            raise ValueError(f"events_max is {self.events_max}: choose {EVENTS_MIN} to {IDS_MAX}")


class Wanted(NamedTuple):
    """A part that is kept of every event: so many values of a type."""

    width: int
    dtype: str


class Told(NamedTuple):
    """What n labels have come to.

    `places` int64 [k] are those of the events that are labelled now, in the order of the labels, `ids` what
    they were named, `time_us` int64 [k] when they were, and `fraud` bool [k] what they are. `repeated` labels
    are of events that have one, and change nothing; `unknown` ones name no event that waits.
    """

    places: NDArray[np.int64]
    ids: Ids
    time_us: NDArray[np.int64]
    fraud: NDArray[np.bool_]
    repeated: int
    unknown: int


class Awaiting:
    """Remembers parts of the last events by their ids, until their labels come.

    The first label of an event counts. Memory: 33 to 41 bytes an event and the parts, as events come.
    """

    def __init__(self, wait: Wait) -> None:
        self._wait = wait
        self._events = KnownIds(wait.events_max)
        self._alerts = KnownIds(wait.events_max)
        self._event_of = np.zeros(self._alerts.size, np.int64)
        """Of each alert the number of its event among all accepted."""
        self._told = np.zeros(self._events.size, np.bool_)
        """Which events have their label."""
        self._parts: dict[str, NDArray[Any]] = {}
        self._since: dict[str, int] = {}
        """From which event on a part is kept."""

    def want(self, parts: Mapping[str, Wanted], fresh: Collection[str] = ()) -> None:
        """Keep these parts from now on and no others; `fresh` ones begin anew."""
        kept = {name: part for name, part in self._parts.items() if name in parts and name not in fresh}
        added = {name: wanted for name, wanted in parts.items() if name not in kept}
        size = self._events.size
        self._parts = kept | {name: np.zeros((size, each.width), each.dtype) for name, each in added.items()}
        self._since = {name: self._since.get(name, 0) for name in kept} | dict.fromkeys(
            added, self._events.accepted
        )

    def enter(self, ids: Ids, time_us: NDArray[np.int64], parts: Mapping[str, NDArray[Any]]) -> None:
        """Remember n events; each part is [n, width]. The order of calls is that of the stream."""
        self._events.accept(ids, time_us, 0)
        self._told = _as_long(self._told, self._events.size)
        places = np.arange(self._events.accepted - len(ids), self._events.accepted) % self._events.size
        self._told[places] = False
        for name, kept in self._parts.items():
            self._parts[name] = longer = _as_long(kept, self._events.size)
            longer[places] = parts[name]

    def alerted(self, alert_ids: Ids, event_ids: Ids) -> None:
        """Let events be named by the ids of their alerts too."""
        places = self._events.places(event_ids)
        self._alerts.accept(alert_ids, np.zeros(len(places), np.int64), 0)
        self._event_of = _as_long(self._event_of, self._alerts.size)
        at = np.arange(self._alerts.accepted - len(places), self._alerts.accepted) % self._alerts.size
        self._event_of[at] = self._numbers(places)

    def tell(self, labels: Labels, watermark_us: int) -> Told:
        """Take note of labels."""
        places = self._places(labels)
        known = places >= 0
        known[known] = self._events.time_us[places[known]] > watermark_us - self._wait.wait_us
        first = np.zeros(len(labels), np.bool_)
        for row in np.flatnonzero(known):
            first[row] = not self._told[places[row]]
            self._told[places[row]] = True
        counts = int(np.count_nonzero(known)), int(np.count_nonzero(first))
        ids = labels.ids.take(np.flatnonzero(first))
        return Told(
            places[first],
            ids,
            self._events.time_us[places[first]],
            labels.fraud[first],
            repeated=counts[0] - counts[1],
            unknown=len(labels) - counts[0],
        )

    def part(self, name: str, places: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return a part of the events at these places [k], and for which of them it was kept."""
        return self._parts[name][places], self._numbers(places) >= self._since[name]

    def _places(self, labels: Labels) -> NDArray[np.int64]:
        places = self._events.places(labels.ids)
        rows = np.flatnonzero(labels.of_alert)
        if len(rows):
            at = self._alerts.places(labels.ids.take(rows))
            numbers = np.where(at >= 0, self._event_of[at], -1)
            # Its place is taken by another event by now, if that many have come since.
            there = numbers >= max(0, self._events.accepted - self._events.size)
            places[rows] = np.where(there, numbers % self._events.size, -1)
        return places

    def _numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which of all accepted events stand at these places; -1 for no place."""
        newest = self._events.accepted - 1
        numbers = newest - (newest - places) % self._events.size
        return np.where(places >= 0, numbers, -1)

    @property
    def wants(self) -> bool:
        """Whether anything is kept at all."""
        return bool(self._parts)

    @property
    def bytes(self) -> int:
        """How many bytes of memory all this takes."""
        own: list[NDArray[Any]] = [self._told, self._event_of, *self._parts.values()]
        return self._events.bytes + self._alerts.bytes + sum(each.nbytes for each in own)

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state, the oldest event first."""
        order, alerts = self._events.order(), self._alerts.order()
        forgotten = self._events.accepted - len(order)
        return {
            "events": self._events.snapshot(),
            "told": self._told[order],
            "parts": {name: part[order] for name, part in self._parts.items()},
            "since": {name: max(0, since - forgotten) for name, since in self._since.items()},
            "alerts": self._alerts.snapshot(),
            # A restored ring counts from its oldest event on.
            "event_of": self._event_of[alerts] - forgotten,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of the same parts."""
        self._events.restore(state["events"])
        self._alerts.restore(state["alerts"])
        kept = len(self._events.order())
        lost = len(state["told"]) - kept
        self._told = _as_long(np.array(state["told"][lost:]), self._events.size)
        self._parts = {
            name: _as_long(np.array(part[lost:]), self._events.size) for name, part in state["parts"].items()
        }
        self._since = {name: max(0, since - lost) for name, since in state["since"].items()}
        event_of = np.array(state["event_of"][len(state["event_of"]) - len(self._alerts.order()) :]) - lost
        self._event_of = _as_long(event_of, self._alerts.size)


def _as_long(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return an array with so many rows, its own first."""
    if len(array) == size:
        return array
    longer = np.zeros((size, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer

"""Reads the alerts of a run, and what their offsets and times tell."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from loadtest.bench_load import Reader

_ONE_BATCH_MS = 20
"""Alerts that are appended so close together come from one batch of events."""


class BenchError(RuntimeError):
    """A measurement failed, or its result would mean nothing; the message says why."""


@dataclass(frozen=True)
class AlertLog:
    """Alerts in the order of their topic: the offset of each one's event, its append time, and its id."""

    offsets: list[int] = field(default_factory=list)
    appended_ms: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def events_per_s(self, first: int, last: int) -> float:
        """Return the rate between the alerts on two events, those at or next after `first` and `last`.

        The whole batch of the first alert was judged before that alert was appended, so none of it counts.
        """
        begin, end = bisect_left(self.offsets, first), bisect_left(self.offsets, last)
        begin_ms, end_ms = self.appended_ms[begin], self.appended_ms[end]
        judged = begin
        while judged < end and self.appended_ms[judged + 1] <= begin_ms + _ONE_BATCH_MS:
            judged += 1
        return (self.offsets[end] - self.offsets[judged]) / (end_ms - begin_ms) * 1000

    def latency_ms(self, first: int, events_appended_ms: Sequence[int]) -> NDArray[np.int64]:
        """Return the time from event to alert of the alerts on n events, given when those were appended."""
        begin, end = (bisect_left(self.offsets, each) for each in (first, first + len(events_appended_ms)))
        events_ms = [events_appended_ms[offset - first] for offset in self.offsets[begin:end]]
        return np.array(self.appended_ms[begin:end], np.int64) - np.array(events_ms, np.int64)


class AlertReader:
    """Reads an alert topic of one partition from its beginning into `log`."""

    def __init__(self, bootstrap: str, topic: str, check: Callable[[], None]) -> None:
        self.log = AlertLog()
        self._check = check
        """Raises where no more alerts can come."""
        self._reader = Reader(bootstrap, topic)

    def __enter__(self) -> AlertReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def read_until(self, offset: int, seconds_max: float) -> None:
        """Read until the alert on the event of an offset, or one after it; BenchError where none comes."""
        deadline = time.monotonic() + seconds_max
        while not self.log.offsets or self.log.offsets[-1] < offset:
            if time.monotonic() > deadline:
                raise BenchError(f"no alert on event {offset} or later within {seconds_max:g} s")
            self._read()

    def read_for(self, seconds: float) -> None:
        """Read for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read()

    def _read(self) -> None:
        self._check()
        for message in self._reader.read():
            headers = dict(message.headers())
            self.log.offsets.append(int(headers["source_offset"]))
            self.log.appended_ms.append(message.timestamp()[1])
            self.log.ids.append(headers.get("alert_id", b"").decode())

"""Reads the alerts of a run, and what their offsets and times tell."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from types import TracebackType

import numpy as np
from kafka import KafkaConsumer, TopicPartition
from numpy.typing import NDArray

_POLL_MS = 100
_ONE_BATCH_MS = 20
"""Alerts that are appended so close together come from one batch of events."""


class BenchError(RuntimeError):
    """A measurement failed, or its result would mean nothing; the message says why."""


class Alerts:
    """The alerts of a topic with one partition, as far as they were read: by event offset, time and id."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.offsets: list[int] = []
        self.appended_ms: list[int] = []
        self.ids: list[str] = []
        self._partition = TopicPartition(topic, 0)
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=50)
        self._consumer.assign([self._partition])
        self._consumer.seek_to_beginning(self._partition)

    def __enter__(self) -> Alerts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def read_until(self, offset: int, check: Callable[[], None], seconds_max: float) -> None:
        """Read until the alert on the event of an offset; `check` raises where none can come any more."""
        deadline = time.monotonic() + seconds_max
        while not self.offsets or self.offsets[-1] < offset:
            if time.monotonic() > deadline:
                read = self.offsets[-1] if self.offsets else "none"
                raise BenchError(f"no alert on event {offset} within {seconds_max:g} s; the last: {read}")
            check()
            self._read()

    def read_for(self, seconds: float, check: Callable[[], None], seconds_max: float) -> None:
        """Read for so long from the first alert on, which must come within `seconds_max`."""
        self.read_until(0, check, seconds_max)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            check()
            self._read()

    def _read(self) -> None:
        for record in self._consumer.poll(timeout_ms=_POLL_MS).get(self._partition, ()):
            headers = dict(record.headers)
            self.offsets.append(int(headers["source_offset"]))
            self.ids.append(headers.get("alert_id", b"").decode())
            self.appended_ms.append(record.timestamp)

    def events_per_s(self, first: int, last: int) -> float:
        """Return the rate between the alerts on two events, those at or after `first` and `last`.

        The whole batch of the first alert was judged before that alert was appended, so none of it counts.
        """
        begin, end = bisect_left(self.offsets, first), bisect_left(self.offsets, last)
        batch_end_ms = self.appended_ms[begin] + _ONE_BATCH_MS
        before = max(
            offset
            for offset, time_ms in zip(self.offsets[begin:], self.appended_ms[begin:], strict=True)
            if time_ms <= batch_end_ms
        )
        seconds = (self.appended_ms[end] - self.appended_ms[begin]) / 1000
        return (self.offsets[end] - before) / seconds

    def latency_ms(self, first: int, appended_ms: Sequence[int]) -> NDArray[np.int64]:
        """Return the time from event to alert of all alerts from an offset on, given when its events came."""
        begin = bisect_left(self.offsets, first)
        sent_ms = [appended_ms[offset - first] for offset in self.offsets[begin:]]
        return np.array(self.appended_ms[begin:], np.int64) - np.array(sent_ms, np.int64)

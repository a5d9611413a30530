"""Load for as long as a run lasts: events in their order at some pace, while something else happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any

from confluent_kafka import Producer

EVENTS_PER_S = 1_500
_PACE_SECONDS = 0.02
_TURN_EVENTS_MAX = 5_000
_FLUSH_SECONDS_MAX = 120.0


Due = Callable[[float], float]
"""How many events should have been sent so many seconds after the beginning."""


def steady(seconds: float) -> float:
    """Have `EVENTS_PER_S` sent."""
    return seconds * EVENTS_PER_S


class Load:
    """Sends events over all partitions in turn, while the block lasts or until they are finished."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        partitions: int,
        payloads: Iterable[bytes],
        due: Due = steady,
        compression: str = "none",
    ) -> None:
        self._topic, self._partitions, self._due = topic, partitions, due
        self._payloads: Iterator[bytes] = iter(payloads)
        # Idempotent, and patient with a broker that is away: each event is there once and in its place.
        options = {"enable.idempotence": True, "message.timeout.ms": 300_000, "linger.ms": 5, "log_level": 0}
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "compression.type": compression, **options}
        )
        self.sent = 0
        self.ran_out = False
        """Whether all there was is sent."""
        self._failed: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """AssertionError where there is no load any more."""
        assert not self.ran_out, "the load ran out: this machine is too slow for it"

    def finish(self) -> int:
        """Send no more; return how many were sent. AssertionError where the broker did not take them all."""
        self._over.set()
        self._thread.join()
        assert self._producer.flush(_FLUSH_SECONDS_MAX) == 0, "events did not reach the broker"
        assert not self._failed, self._failed[0]
        return self.sent

    def _run(self) -> None:
        begin = time.monotonic()
        while not self.ran_out and not self._over.wait(_PACE_SECONDS):
            due = int(self._due(time.monotonic() - begin)) - self.sent
            wanted = max(0, min(due, _TURN_EVENTS_MAX))
            before = self.sent
            for payload in islice(self._payloads, wanted):
                self._send(payload)
                self.sent += 1
            self.ran_out = self.sent - before < wanted
            self._producer.poll(0)

    def _send(self, payload: bytes) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic, payload, partition=self.sent % self._partitions, on_delivery=self._delivered
                )
            except BufferError:
                self._producer.poll(_PACE_SECONDS)
            else:
                return

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed.append(str(error))

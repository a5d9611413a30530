"""Load for as long as a run lasts: events in their order at a steady pace, while something else happens."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from confluent_kafka import Producer

EVENTS_PER_S = 1_500
_PACE_SECONDS = 0.05
_FLUSH_SECONDS_MAX = 120.0


class Load:
    """Sends events over all partitions in turn, while the block lasts or until they are finished."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, payloads: Sequence[bytes]) -> None:
        self._topic, self._partitions, self._payloads = topic, partitions, payloads
        # Idempotent, and patient with a broker that is away: each event is there once and in its place.
        options = {"enable.idempotence": True, "message.timeout.ms": 300_000, "linger.ms": 5, "log_level": 0}
        self._producer = Producer({"bootstrap.servers": bootstrap, **options})
        self.sent = 0
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
        assert self.sent < len(self._payloads), "the load ran out: this machine is too slow for it"

    def finish(self) -> int:
        """Send no more; return how many were sent. AssertionError where the broker did not take them all."""
        self._over.set()
        self._thread.join()
        assert self._producer.flush(_FLUSH_SECONDS_MAX) == 0, "events did not reach the broker"
        assert not self._failed, self._failed[0]
        return self.sent

    def _run(self) -> None:
        per_turn = round(EVENTS_PER_S * _PACE_SECONDS)
        while not self._over.wait(_PACE_SECONDS):
            stop = min(self.sent + per_turn, len(self._payloads))
            for number in range(self.sent, stop):
                self._send(number)
            self.sent = stop
            self._producer.poll(0)

    def _send(self, number: int) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    self._payloads[number],
                    partition=number % self._partitions,
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(_PACE_SECONDS)
            else:
                return

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed.append(str(error))

"""The two ends of the demo: sends labelled traffic into Kafka, and collects what comes out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
from kafka import KafkaConsumer, KafkaProducer

from loadtest.traffic import Traffic

_SLICE_SECONDS = 0.01


class Sender(threading.Thread):
    """Sends all payloads in order at a steady rate, 0 = as fast as it goes; remembers when each left.

    After the first one it waits for `go`: a worker needs seconds to join its group, which is not the time
    that an event takes.
    """

    def __init__(self, bootstrap: str, topic: str, traffic: Traffic, rate: int) -> None:
        super().__init__(daemon=True)
        self._address, self._topic, self._traffic, self._rate = bootstrap, topic, traffic, rate
        self._stopping = threading.Event()
        self.go = threading.Event()
        self.started_s = 0.0
        self.sent_ms = np.zeros(len(traffic.payloads), np.int64)
        self.sent = 0
        self.error: Exception | None = None

    def run(self) -> None:
        """Send everything, or until stopped."""
        try:
            producer = KafkaProducer(bootstrap_servers=self._address, linger_ms=2)
            futures = self._send_all(producer)
            producer.flush()
            for future in futures:
                future.get(timeout=30)
            producer.close()
        except Exception as error:
            self.error = error

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()
        self.go.set()
        self.join(10)

    def _send_all(self, producer: Any) -> list[Any]:
        futures = []
        for index, (key, payload) in enumerate(zip(self._traffic.keys, self._traffic.payloads, strict=True)):
            if index == 1:
                producer.flush()
                self.go.wait()
                self.started_s = time.monotonic()
            self._keep_pace(index)
            if self._stopping.is_set():
                break
            now_ms = time.time_ns() // 1_000_000
            self.sent_ms[index] = now_ms
            futures.append(producer.send(self._topic, value=payload, key=key, timestamp_ms=now_ms))
            self.sent = index + 1
        return futures

    def _keep_pace(self, index: int) -> None:
        if not self._rate or not self.started_s:
            return
        ahead = index / self._rate - (time.monotonic() - self.started_s)
        if ahead > _SLICE_SECONDS:
            self._stopping.wait(ahead)


class Collector(threading.Thread):
    """Reads alerts as they come; `on_alert` takes each as (content, source offset, append time in ms)."""

    def __init__(self, bootstrap: str, topic: str, on_alert: Callable[[Any, int, int], None]) -> None:
        super().__init__(daemon=True)
        self._address, self._topic, self._on_alert = bootstrap, topic, on_alert
        self._stopping = threading.Event()

    def run(self) -> None:
        """Read until stopped."""
        consumer = KafkaConsumer(
            self._topic, bootstrap_servers=self._address, auto_offset_reset="earliest", fetch_max_wait_ms=50
        )
        while not self._stopping.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    headers = dict(record.headers)
                    offset = int(headers["source_offset"])
                    self._on_alert(orjson.loads(record.value), offset, record.timestamp)
        consumer.close()

    def stop(self) -> None:
        """Read no more."""
        self._stopping.set()
        self.join(10)

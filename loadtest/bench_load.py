"""Puts events on a topic, all at once or at a steady pace, at little cost to whoever reads them meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition

FLUSH_SECONDS_MAX = 60.0
_PAUSE_SECONDS = 0.0002

Options = dict[str, str | int]

BULK: Options = {"linger.ms": 20, "batch.size": 2**18}
"""Of a topic that is filled."""
USUAL: Options = {"linger.ms": 5}
"""As Kafka's clients send unless told otherwise."""
ONE_BY_ONE: Options = {"linger.ms": 0, "batch.num.messages": 1, "acks": 1}
"""One event in a record batch, and one record batch in a request."""


class LoadError(RuntimeError):
    """The load did not reach its topic; the message says how much of it is missing."""


def send(
    bootstrap: str, topic: str, payloads: Sequence[bytes], options: Options, events_per_s: float = 0
) -> None:
    """Send n events in order to partition 0, at a steady pace unless it is 0; return when all are appended.

    LoadError where the broker does not take them all within `FLUSH_SECONDS_MAX` after the last one.
    """
    room = {"queue.buffering.max.messages": len(payloads) + 1, "queue.buffering.max.kbytes": 2**21 - 1}
    producer = Producer({"bootstrap.servers": bootstrap, **room, **options})
    start = time.perf_counter()
    sent = 0
    while sent < len(payloads):
        due = events_due(time.perf_counter() - start, events_per_s, len(payloads))
        for payload in payloads[sent:due]:
            producer.produce(topic, payload, partition=0)
        sent = due
        producer.poll(0)
        time.sleep(_PAUSE_SECONDS)
    if left := producer.flush(FLUSH_SECONDS_MAX):
        raise LoadError(f"{bootstrap}: {left} of {len(payloads)} events did not reach {topic}")


def events_due(seconds: float, events_per_s: float, events: int) -> int:
    """Return how many of some events should have been sent after so long; all of them where the pace is 0."""
    return min(int(seconds * events_per_s) + 1, events) if events_per_s else events


def append_times_ms(bootstrap: str, topic: str, first: int, events: int) -> list[int]:
    """Return when each of n events from an offset on was appended, in milliseconds since 1970 UTC."""
    reader = Reader(bootstrap, topic, first)
    times_ms: list[int] = []
    while len(times_ms) < events:
        times_ms += [message.timestamp()[1] for message in reader.read()]
    reader.close()
    return times_ms[:events]


class Reader:
    """Reads partition 0 of a topic from an offset on."""

    def __init__(self, bootstrap: str, topic: str, offset: int = OFFSET_BEGINNING) -> None:
        settings = {"group.id": "fraudstream-bench", "enable.auto.commit": False, "fetch.min.bytes": 2**16}
        self._consumer = Consumer({"bootstrap.servers": bootstrap, **settings})
        self._consumer.assign([TopicPartition(topic, 0, offset)])

    def read(self, seconds_max: float = 0.5) -> list[Message]:
        """Return what comes within some time, perhaps nothing; LoadError where the broker refuses."""
        messages: list[Message] = self._consumer.consume(num_messages=10_000, timeout=seconds_max)
        for message in messages:
            if message.error():
                raise LoadError(f"cannot read {message.topic()}: {message.error()}")
        return messages

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

"""The events that go through Kafka in a benchmark, and which of them are alerted on for sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from fraudstream.events.times import format_time
from loadtest.bench_rules import MARKER_USD_MIN
from loadtest.traffic import Traffic

WARM_UP = 20_000
"""Events before the ones that count: by then every kernel is compiled and the model gives scores."""


@dataclass(frozen=True)
class Stream:
    """Traffic in parts that follow one another; the last event of each is alerted on for sure.

    Attributes
    ----------
    payloads
        The n messages.
    ends
        Of each part the offset behind its last event; the last is n.
    """

    payloads: list[bytes]
    ends: tuple[int, ...]

    def part(self, number: int) -> list[bytes]:
        """Return the messages of a part."""
        first = self.ends[number - 1] if number else 0
        return self.payloads[first : self.ends[number]]


def stream_of(traffic: Traffic, lengths: Sequence[int]) -> Stream:
    """Cut parts of some lengths out of traffic, which must be long enough."""
    ends = tuple(sum(lengths[: number + 1]) for number in range(len(lengths)))
    stream = Stream(traffic.payloads[: ends[-1]], ends)
    for offset in (end - 1 for end in ends):
        stream.payloads[offset] = _marker(f"marker-{offset}", int(traffic.occurred_at_us[offset]))
    return stream


def _marker(name: str, time_us: int) -> bytes:
    """Return an event on which the benchmark's rules alert whatever came before."""
    return orjson.dumps(
        {
            "id": name,
            "kind": "transfer",
            "occurred_at": format_time(time_us),
            "amount": MARKER_USD_MIN,
            "currency": "USD",
            "status": "approved",
            "debtor": {"id": name},
        }
    )

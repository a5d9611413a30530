"""The messages of a run, with what must become of those that are no plain event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

import numpy as np
import orjson

from loadtest.bench_entities import DAY_US, KEYS
from loadtest.bench_entities import payloads as drawn_payloads
from loadtest.faults import spoil
from loadtest.traffic import EVENTS_MIN, Traffic, generate

LATE, DUPLICATE, DEAD = "late", "duplicate", "dead letter"
STORM = (1 / 3, 2 / 3)
"""Between these shares of a stream a storm blows."""
LATE_SHARE, LATE_HOURS = 0.3, (1, 48)
DUPLICATE_TIMES, DUPLICATE_BACK = 3, 1_000
POISON_SHARE = 0.5
AHEAD_SHARE, AHEAD_DAYS = 0.1, 2
HOT_SHARE = 0.5
ENTITIES_EACH = 2_000
PAYEES = 5
_CHUNK = 10_000
IDLE_DAYS = 500
"""More than the 400 days after which what has no window is forgotten."""
HOT_START_US = int(np.datetime64("2026-03-02", "us").astype(np.int64))
FLOOD_START_US = int(np.datetime64("2015-01-01", "us").astype(np.int64))


@dataclass
class Stream:
    """Messages in their order, and the fates of those that are no plain event, by their numbers."""

    payloads: list[bytes] = field(default_factory=list)
    fates: dict[int, str] = field(default_factory=dict)

    def add(self, payload: bytes, fate: str = "") -> None:
        """Append a message."""
        if fate:
            self.fates[len(self.payloads)] = fate
        self.payloads.append(payload)

    def count(self, sent: int) -> Counter[str]:
        """Return how many of each fate are among the first n messages."""
        return Counter(fate for number, fate in self.fates.items() if number < sent)

    def good(self, sent: int) -> list[bytes]:
        """Return the plain events among the first n messages."""
        return [each for number, each in enumerate(self.payloads[:sent]) if number not in self.fates]


Make = Callable[[int, int], Stream]
"""Makes at least n messages from a seed."""


def usual(events: int, seed: int) -> Stream:
    """Give the labelled traffic of the demo, with its few duplicates and malformed messages."""
    return Stream(generate(max(events, EVENTS_MIN), seed).payloads)


def late_storm(events: int, seed: int) -> Stream:
    """Date 30 % of the events in the storm 1 to 48 hours back."""
    traffic, chance, stream = _clean(events, seed), Random(seed), Stream()
    for number, payload in enumerate(traffic.payloads):
        if _blows(number, events) and chance.random() < LATE_SHARE:
            back_us = int(chance.uniform(*LATE_HOURS) * 3_600_000_000)
            stream.add(_dated(payload, int(traffic.occurred_at_us[number]) - back_us), LATE)
        else:
            stream.add(payload)
    return stream


def duplicate_storm(events: int, seed: int) -> Stream:
    """Send in the storm three of the last 1,000 events again with every event."""
    traffic, chance, stream = _clean(events, seed), Random(seed), Stream()
    for number, payload in enumerate(traffic.payloads):
        stream.add(payload)
        for _ in range(DUPLICATE_TIMES if _blows(number, events) else 0):
            stream.add(traffic.payloads[chance.randint(max(0, number - DUPLICATE_BACK), number)], DUPLICATE)
    return stream


def poison_flood(events: int, seed: int) -> Stream:
    """Follow half of the events in the storm with a message that is none, broken in nine ways."""
    traffic, chance = _clean(events, seed), Random(seed)
    whole = [each for each in traffic.payloads if all(word in each for word in _SPOILABLE)]
    poison = chance.choices(whole, k=events)
    spoil(poison, range(len(poison)))
    stream = Stream()
    for number, payload in enumerate(traffic.payloads):
        stream.add(payload)
        if _blows(number, events) and chance.random() < POISON_SHARE:
            stream.add(poison.pop(), DEAD)
    return stream


_SPOILABLE = (b'"amount":', b'"currency":', b'"name":"', b'"occurred_at":')


def clock_skew(events: int, seed: int, now_us: int | None = None) -> Stream:
    """Follow a tenth of the events in the storm with one of a producer whose clock is two days ahead."""
    traffic, chance, stream = _clean(events, seed), Random(seed), Stream()
    now = int(np.datetime64("now", "us").astype(np.int64)) if now_us is None else now_us
    for number, payload in enumerate(traffic.payloads):
        stream.add(payload)
        if _blows(number, events) and chance.random() < AHEAD_SHARE:
            event = orjson.loads(payload) | {"id": f"ahead-{number}"}
            stream.add(_dated(orjson.dumps(event), now + AHEAD_DAYS * DAY_US), DEAD)
    return stream


def hot_key(events: int, seed: int) -> Stream:
    """Have half of all events name one customer, card, merchant, device, address and account."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, ENTITIES_EACH, (events, len(KEYS)))
    codes[rng.random(events) < HOT_SHARE] = 0
    return Stream([*drawn_payloads(0, 1e6, codes, _cents(rng, events), HOT_START_US)])


def entity_flood(events: int, seed: int) -> Stream:
    """Have most events name six entities that nobody has named before, 2,000 days of event time in all.

    Two in ten, one after the other, are of one regular customer, so that there is something to alert on.
    """
    rng = np.random.default_rng(seed)
    number = np.arange(events)
    fresh = np.where(np.isin(number % 10, (1, 2)), 0, number + 1)
    codes = np.repeat(fresh[:, None], len(KEYS), axis=1)
    step_us = 4 * IDLE_DAYS * DAY_US / events
    return Stream([*drawn_payloads(0, step_us, codes, _cents(rng, events), FLOOD_START_US)])


def customers(number: int, step_us: int, seed: int, start_us: int) -> Iterator[bytes]:
    """Yield events without end, so far apart, of customers drawn alike who keep their habits.

    Each has a card, a device, an address and five accounts that it pays; 20 share a merchant. So the
    number of pairs is bounded too, and what is kept of them stays the same once all have been seen.
    """
    rng = np.random.default_rng(seed)
    for first in count(0, _CHUNK):
        who = rng.integers(0, number, _CHUNK)
        payee = who * PAYEES + rng.integers(0, PAYEES, _CHUNK)
        codes = np.stack([who, who, who // 20, who, who, payee], axis=1)
        yield from drawn_payloads(first, step_us, codes, _cents(rng, _CHUNK), start_us)


def newest_us(payloads: list[bytes]) -> int:
    """Return the latest event time among events, in microseconds since 1970 UTC."""
    times = [orjson.loads(each)["occurred_at"].removesuffix("Z") for each in payloads]
    return int(np.datetime64(max(times), "us").astype(np.int64))


def _clean(events: int, seed: int) -> Traffic:
    return generate(max(events, EVENTS_MIN), seed, duplicate_share=0, malformed_share=0)


def _blows(number: int, events: int) -> bool:
    return STORM[0] <= number / events < STORM[1]


def _dated(payload: bytes, time_us: int) -> bytes:
    return orjson.dumps(orjson.loads(payload) | {"occurred_at": f"{np.datetime64(time_us, 'us')}Z"})


def _cents(rng: np.random.Generator, events: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return rng.integers(100, 20_000, events)

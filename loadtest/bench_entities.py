"""A stream of any number of entities that all live at the same rate, for what entities cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

KEYS = ("debtor", "card", "merchant", "device", "ip", "account")
"""What an event names one entity of each: the keys of the benchmark's features."""
DAY_US = 86_400_000_000
_START_US = 1_790_000_000_000_000
_KINDS = ("card_payment", "transfer")

Codes = NDArray[np.int64]


def drawn(entities: int, events_per_day: float, seed: int) -> Iterator[bytes]:
    """Yield events without end: each names one entity of each key, all drawn alike and independently.

    `entities` counts those of all keys; each has `events_per_day` on average. So more entities make more
    events a day, and what an entity has in its windows stays the same.
    """
    rng = np.random.default_rng(seed)
    each = entities // len(KEYS)
    step_us = DAY_US / (each * events_per_day)
    for first in count(0, 10_000):
        codes = rng.integers(0, each, (10_000, len(KEYS)))
        cents = rng.integers(100, 20_000, 10_000)
        yield from payloads(first, step_us, codes, cents)


def rounds(entities: int, events: int, seed: int) -> list[bytes]:
    """Return within one hour `events` for each of `entities` of all keys, who take turns in any order."""
    rng = np.random.default_rng(seed)
    each = entities // len(KEYS)
    turns = [np.stack([rng.permutation(each) for _ in KEYS], axis=1) for _ in range(events)]
    cents = rng.integers(100, 20_000, each * events)
    return list(payloads(0, DAY_US / 24 / (each * events), np.concatenate(turns), cents))


def payloads(
    first: int, step_us: float, codes: Codes, cents: Codes, start_us: int = _START_US
) -> Iterator[bytes]:
    """Yield one message per row of `codes` [n, keys], numbered from `first` and `step_us` apart."""
    times_us = start_us + (np.arange(first, first + len(codes)) * step_us).astype(np.int64)
    stamps = np.datetime_as_string(times_us.astype("datetime64[us]"), unit="us")
    for row, (stamp, names, amount) in enumerate(zip(stamps, codes.tolist(), cents.tolist(), strict=True)):
        debtor, card, merchant, device, ip, account = names
        yield (
            f'{{"id":"n{first + row}","kind":"{_KINDS[row % 2]}","occurred_at":"{stamp}Z",'
            f'"amount":"{amount // 100}.{amount % 100:02d}","currency":"USD","status":"approved",'
            f'"channel":"mobile","debtor":{{"id":"c{debtor}","country":"US"}},"card":{{"id":"k{card}"}},'
            f'"merchant":{{"id":"m{merchant}","country":"US"}},"device":{{"id":"d{device}","ip":"i{ip}"}},'
            f'"creditor":{{"account":"a{account}"}}}}'
        ).encode()

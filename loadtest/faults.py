"""What goes wrong on the way: late arrival, repeated delivery, and payloads that are no events."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from loadtest.rows import SECOND_US, Ints, Rows

_LATE_SHARE = 0.005
_LATE_US_MAX = 115 * SECOND_US


def arrival_times_us(rng: np.random.Generator, rows: Rows) -> Ints:
    """Return when each row arrives: at its event time, or for a few up to two minutes later."""
    delay_us = rng.integers(SECOND_US, _LATE_US_MAX, len(rows))
    return np.asarray(rows["time_us"] + np.where(rng.random(len(rows)) < _LATE_SHARE, delay_us, 0))


def repeat_some(rng: np.random.Generator, rows: Rows, arrival_us: Ints, count: int) -> tuple[Ints, Ints]:
    """Choose `count` punctual rows that arrive a second time; return them and their second arrival."""
    punctual = np.flatnonzero(arrival_us == rows["time_us"])
    repeated = rng.choice(punctual, count, replace=False)
    return repeated, arrival_us[repeated] + rng.integers(SECOND_US, _LATE_US_MAX, count)


def _replace(pattern: bytes, replacement: bytes) -> Callable[[bytes], bytes]:
    compiled = re.compile(pattern)
    return lambda payload: compiled.sub(replacement, payload, count=1)


_FAULTS: tuple[Callable[[bytes], bytes], ...] = (
    lambda payload: payload[: len(payload) // 2],
    _replace(rb'"amount":[^,]+', rb'"amount":["12.00"]'),
    _replace(rb'"amount":[^,]+', rb'"amount":NaN'),
    _replace(rb'"amount":', rb'"amount":-'),
    _replace(rb'"currency":"..."', rb'"currency":"ZZQ"'),
    _replace(rb'"id":"[^"]+",', b""),
    _replace(rb'"name":"', b'"name":"\xff\xfe'),
    _replace(rb'"occurred_at":"[^"]+"', rb'"occurred_at":"2026-02-30T08:15:00Z"'),
    lambda payload: b"",
)
"""No JSON, a list as amount, NaN, negative amount, no such currency, no id, no UTF-8, no such date, empty."""


def spoil(payloads: list[bytes], chosen: Sequence[int]) -> None:
    """Make the chosen payloads malformed, each in the next way; they need an amount and a debtor."""
    for turn, row in enumerate(chosen):
        payloads[row] = _FAULTS[turn % len(_FAULTS)](payloads[row])

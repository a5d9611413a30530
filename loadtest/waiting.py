"""Waiting for something to come about, for a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_MAX = 60.0
_POLL_SECONDS = 0.1


def until(condition: Callable[[], bool], what: str, seconds_max: float = SECONDS_MAX) -> None:
    """Wait for a condition; an AssertionError tells what did not come about."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds_max:g} s: {what}"
        time.sleep(_POLL_SECONDS)

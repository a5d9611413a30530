"""Where a worker stands at a moment, as it reports it every second."""

from __future__ import annotations

from typing import NamedTuple


class Lag(NamedTuple):
    """How far behind a partition is: messages not yet done with, and the age of the oldest of them."""

    events: int
    seconds: float


class Pulse(NamedTuple):
    """What is under way: shards being recovered, batches fetched and not acknowledged, their payload."""

    recovering: int
    batches_open: int
    bytes_open: int

"""The way of a batch through a worker, as traces tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]


class Passage(NamedTuple):
    """Messages of one partition that went through a step together, and what came of them.

    Of what the messages say there is nothing in it but the `headers` of each, which are only looked at where
    the batch is traced. `step_seconds` is from when they were taken up until they were judged, `seconds`
    until the broker had what came of them, which is now.
    """

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    messages: int
    ruleset: str
    alerts: int
    dead_letters: int
    step_seconds: float
    seconds: float
    headers: Iterable[Headers] = ()

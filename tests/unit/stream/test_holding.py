"""Labels stay behind the events of their time, and hold up no stop."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from fraudstream.stream import holding
from fraudstream.stream.batch import Batch
from fraudstream.stream.holding import until_due
from fraudstream.stream.ledger import Ledger
from tests.unit.stream.fakes import record


class Reads:
    """Has judged the events of some time after some looks."""

    def __init__(self, looks: int, *, is_stopping: bool = False) -> None:
        self.looks, self.is_stopping = looks, is_stopping
        self.asked: list[tuple[str, int]] = []
        self.waits_for: list[Any] = []

    def leave(self, message: Any) -> None:
        """Take note that nobody waits for it."""
        self.waits_for.remove(message)

    def take_up(self, message: Any) -> bool:
        """Wait for it again, unless the worker stops."""
        if not self.is_stopping:
            self.waits_for.append(message)
        return not self.is_stopping

    async def is_past(self, topic: str, append_ms: int) -> bool:
        """Look once."""
        assert self.waits_for == []
        self.asked.append((topic, append_ms))
        return len(self.asked) > self.looks


def batch(*times_ms: int) -> Batch:
    """Return a batch of messages that were appended at these times."""
    records = [record(offset, timestamp=at) for offset, at in enumerate(times_ms)]
    return Batch(("labels", 0), records)


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr(holding, "LOOK_SECONDS", 0)


@pytest.mark.parametrize("is_stopping", [False, True])
def test_labels_wait_for_the_events_of_their_time(is_stopping: bool) -> None:
    """Of the newest of them; meanwhile nobody waits for them, and whoever stops then has them read again."""
    message: Any = SimpleNamespace(value=batch(3, 9, 7))
    reads = Reads(looks=2, is_stopping=is_stopping)
    reads.waits_for.append(message)
    assert asyncio.run(until_due(reads, "events", message)) is not is_stopping
    assert reads.asked == [("events", 9)] * 3
    assert reads.waits_for == ([] if is_stopping else [message])


def test_the_ledger_knows_when_what_is_done_was_appended() -> None:
    """Up to the first batch that is not emitted, and from nothing on after a rewind."""
    ledger, first, second = Ledger(8, 1_000), batch(3, 5), batch(6, 8)
    place = first.partition
    assert (ledger.done_ms(place), ledger.is_open(place)) == (-1, False)
    ledger.open(first)
    ledger.open(second)
    second.emitted = True
    ledger.settle(place)
    assert ledger.done_ms(place) == -1
    first.emitted = True
    ledger.settle(place)
    assert (ledger.done_ms(place), ledger.is_open(place)) == (8, False)
    ledger.rewind()
    ledger.has_room(place)
    assert ledger.done_ms(place) == -1

"""The merge waits for what is to come, goes on without what is gone, and fetches what its letters hold."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import pytest

from fraudstream.config import Kafka
from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.part import Failure, OutOfStepError, Stretch, read, write
from fraudstream.engine.keyed.share import Share
from fraudstream.stream.batch import Batch
from fraudstream.stream.emission import Outlet, emission
from fraudstream.stream.keyed.folding import Folded
from fraudstream.stream.keyed.merging import Merging
from fraudstream.stream.keyed.origins import Origins, part_messages
from fraudstream.stream.keyed.state import StageState
from fraudstream.stream.producer import Headers
from tests.unit.rule_files import event
from tests.unit.stream.fakes import FakeObserver, keyed_topology, record
from tests.unit.stream.keyed.test_state import FIRST, RULESETS, SETTINGS, TOPIC_IDS

OUTLET = Outlet("alerts", "dead", "journal", parts="parts")
SOURCE = ("events", 3)


class FakeFollower:
    """Gives what one share found."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.left = deque(record(offset, value) for offset, value in enumerate(values))

    async def next(self, number: int) -> Any:
        """Return the next message."""
        return self.left.popleft()

    def put_back(self, number: int, back: Any) -> None:
        """Have a message come again."""
        self.left.appendleft(back)


class Setup:
    """A merge of one share, and the messages of some events, each a batch of its own."""

    def __init__(self, *names: str) -> None:
        self.observer = FakeObserver()
        self.state = StageState(Merge(FIRST, SETTINGS, 1), 1, 1, RULESETS.get)
        self.state.renew(None, TOPIC_IDS)
        kafka, keyed = Kafka(bootstrap="nowhere:1"), keyed_topology(1).keyed
        assert keyed is not None
        self.work = Merging(self.state, kafka, keyed, OUTLET, self.observer)
        ingest, share = Ingest(FIRST, SETTINGS, 1), Share(FIRST, SETTINGS, 0, 1)
        self.found: list[bytes] = []
        self.parts: list[tuple[bytes, Headers]] = []
        for offset, name in enumerate(names):
            batch = Batch(SOURCE, [record(offset, event(name), timestamp=offset)])
            sent = part_messages(batch, ingest.step(batch.values).parts, "parts")
            self.found.append(share.step(read(sent[0].value or b"")))
            self.parts.append((sent[1].value or b"", sent[1].headers))

    async def judge(self, value: bytes, headers: Headers) -> Folded:
        """Judge a stretch."""
        packed, message = read(value), record(0)
        message.headers = headers
        brought = await self.work.bring(packed)
        return await self.work.tell(message, brought, self.work.step(brought, ()))

    def run(self, found: Sequence[bytes]) -> list[Folded]:
        """Judge all stretches by what the share told."""
        self.work._follower = FakeFollower(found)  # type: ignore[assignment]

        async def judged() -> list[Folded]:
            return [await self.judge(*each) for each in self.parts]

        return asyncio.run(judged())


def test_events_whose_answer_is_gone_are_judged_without_it(caplog: pytest.LogCaptureFixture) -> None:
    """It is told once for all of them; the answers behind it count for their own events."""
    setup = Setup("a", "b", "c", "d")
    folded = setup.run([setup.found[0], setup.found[3]])
    assert [len(each.messages) for each in folded] == [0, 0, 0, 1]
    assert setup.observer.errors == ["retention"]
    (line,) = caplog.messages
    gone = "fraudstream.found[0]: what share 0 has found for 2 events is gone"
    assert line.startswith(f"{gone}: they are judged without its features")
    assert setup.state.found == {0: 2}
    for each in folded:
        each.report()
    assert [len(each.decisions.row) for each in setup.observer.results] == [1, 1, 1, 1]
    assert [each.warming for each in setup.observer.results] == [0, 1, 1, 1]
    assert [each.alerts for each in setup.observer.passages] == [0, 0, 0, 1]
    assert {each[:2] for each in setup.observer.passages} == {("fraudstream.parts", 1)}


def test_answers_of_events_that_the_merge_never_saw_are_passed_by() -> None:
    """Its state may be younger than the topic."""
    setup = Setup("a", "b")
    old = write(Stretch(-4, 1, 0, 0, FIRST.version), {}, None)
    folded = setup.run([old, *setup.found])
    assert [len(each.messages) for each in folded] == [0, 1]
    assert (setup.observer.errors, setup.state.found) == ([], {0: 3})


def test_an_answer_of_other_events_is_refused() -> None:
    """It begins where theirs does, and is not theirs: another topology writes to the topic."""
    setup = Setup("a")
    with pytest.raises(OutOfStepError, match="another topology's"):
        setup.run([write(Stretch(0, 7, 0, 0, FIRST.version), {}, None)])


class FakeReader:
    """The input, as far as it is still there."""

    def __init__(self, records: Sequence[Any]) -> None:
        self._records = records

    async def __aenter__(self) -> FakeReader:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""

    async def read(self, partition: object, start: int, stop: int) -> AsyncIterator[Batch]:
        """Give what lies between two offsets."""
        assert partition == SOURCE
        found = [each for each in self._records if start <= each.offset < stop]
        if found:
            yield Batch(SOURCE, found)


def fetched(records: Sequence[Any]) -> dict[str, bytes]:
    """Return the only dead letter, as headers with key and value, of an event that stood at offset 7."""
    setup = Setup(*"abcdefgh")
    origins = Origins(setup.parts[7][1])
    asyncio.run(origins.fetch([0], Kafka(bootstrap="nowhere:1"), lambda *_: FakeReader(records)))
    failure = Failure(0, "PoisonError", "no such luck (in share 0)")
    packed = read(setup.parts[7][0])
    result = Merge(FIRST, SETTINGS, 1).step(packed, [None], [failure])
    (message,) = emission(origins, result, FIRST.version, OUTLET).messages
    return {**dict(message.headers), "key": message.key or b"", "value": message.value or b""}


def test_a_letter_holds_the_message_of_its_event() -> None:
    """Read again from the input, with all that is known of the failure."""
    letter = fetched([record(7, b"payload", b"key", timestamp=7)])
    assert letter == {
        "reason": b"step_failed",
        "stage": b"step",
        "exception": b"PoisonError",
        "detail": b"PoisonError: no such luck (in share 0)",
        "source_topic": b"events",
        "source_partition": b"3",
        "source_offset": b"7",
        "key": b"key",
        "value": b"payload",
    }


@pytest.mark.parametrize("there", [[], [record(7, b"other", timestamp=8)]], ids=["gone", "made anew"])
def test_a_letter_says_that_the_message_is_gone(there: list[Any]) -> None:
    """Another message at the same offset is not taken for it."""
    letter = fetched(there)
    assert (letter["left_behind"], letter["key"], letter["value"]) == (b"gone", b"", b"")
    assert np.int64(letter["source_offset"]) == 7

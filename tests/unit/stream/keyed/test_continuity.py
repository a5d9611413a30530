"""What is gone between the stages is said and marked; what cannot be is not gone on with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from fraudstream.engine.keyed.part import OutOfStepError, Stretch
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.keyed.continuity import StageContinuity
from fraudstream.stream.keyed.standing import StageStanding
from tests.unit.stream.fakes import FakeObserver, keyed_topology
from tests.unit.stream.keyed.test_state import FIRST, TOPIC_IDS, fold, kept, parts, share


@dataclass
class Setup:
    """A share that has folded two parts of one event each, and a topic that may have changed since."""

    first: int = 0
    ids: tuple[str, ...] = TOPIC_IDS
    partition: int = 0
    observer: FakeObserver = field(default_factory=FakeObserver)

    def __post_init__(self) -> None:
        self.state = share()
        fold(self.state, parts(FIRST, FIRST))

    def follow(self, first: int) -> None:
        """Take note of a stretch of one event."""
        topology = keyed_topology(1)
        assert topology.keyed is not None
        standing = StageStanding(self.ids, self.first, 0)
        continuity = StageContinuity(topology, topology.keyed, self.state, self.observer, lambda *_: standing)
        asyncio.run(continuity.follow(Stretch(first, 1, 0, 0, FIRST.version)))


@pytest.mark.parametrize("first", [2, 0])
def test_the_next_part_and_a_new_stream_may_come(first: int) -> None:
    """Nothing is asked for that, and nothing said."""
    setup = Setup(first=9)
    setup.follow(first)
    assert (setup.observer.errors, setup.state.following) == ([], 2)


def test_parts_that_have_left_the_topic_unread_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """With the number of their events and what to mend; from there on anything may come."""
    setup = Setup(first=7)
    setup.follow(12)
    assert (setup.observer.errors, setup.state.following) == (["retention"], None)
    (told,) = caplog.messages
    assert told.startswith("fraudstream.parts[0]: 10 events have left the topic, and share 0 does not count")
    assert "marked as warming; retention.ms" in told


@pytest.mark.parametrize("first", [1, 5])
def test_parts_that_are_there_and_do_not_follow_are_refused(first: int) -> None:
    """Nothing has left the topic: going on would count wrongly without anybody noticing."""
    setup = Setup(first=2)
    with pytest.raises(OutOfStepError, match=f"before 2, and is to go on with {first}: parts were skipped"):
        setup.follow(first)
    assert setup.observer.errors == []


def test_a_topic_made_anew_while_it_is_read_ends_the_worker() -> None:
    """Its offsets are not those of the old one."""
    setup = Setup(ids=("another", "id of found"))
    with pytest.raises(BrokerError, match=r"fraudstream\.parts was deleted and made anew while it was read"):
        setup.follow(5)


def test_what_was_folded_before_topics_were_made_anew_stays() -> None:
    """The windows go on where the new topic follows; its positions, and those of found, begin."""
    values = parts(FIRST, FIRST, FIRST)
    whole, before = share(), share()
    expected = fold(whole, values)
    fold(before, values[:2])
    before.found = {0: 17}
    heir = share()
    heir.renew(kept(before), ("another", "id of found"))
    assert (heir.positions, heir.found, heir.following) == ({0: 0}, {0: 17}, 2)
    assert fold_under(heir, ("another", "id of found"), values[2:]) == expected[2:]
    heir.renew(kept(before), ("id of parts", "another"))
    assert (heir.positions, heir.found, heir.following) == ({0: 2}, {0: 0}, 2)


def fold_under(state: Any, ids: tuple[str, ...], values: list[bytes]) -> list[bytes]:
    """Return what a share finds in parts of topics of those ids."""
    assert state.topic_ids == ids
    return fold(state, values)


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_was_lost_with_a_topic_is_told(is_kept: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Also where no checkpoint tells what came before: everything is missing then."""
    setup = Setup(ids=("another", "another"))
    setup.state.renew(kept(setup.state) if is_kept else None, ("another", "another"))
    setup.follow(12)
    assert setup.observer.errors == ["retention"]
    assert f"fraudstream.parts[0]: {10 if is_kept else 12} events have left the topic" in caplog.text

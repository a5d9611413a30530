"""What comes in follows what was folded, or it is said and marked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fraudstream.config import Topology
from fraudstream.stores.checkpoints import CheckpointError, Listed
from fraudstream.stream import patience
from fraudstream.stream.admin import Standing
from fraudstream.stream.batch import Partition
from fraudstream.stream.continuity import Continuity
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.shard import Shard
from tests.unit.stream.fakes import FakeEngine, FakeObserver, batch, topology


class Setup:
    """A shard that has folded five messages of a topic."""

    def __init__(self, first: int = 0, topic_id: str = "one") -> None:
        self.engine, self.observer = FakeEngine(), FakeObserver()
        self.shard = Shard(self.engine.as_engine())
        self.shard.last = replace(self.shard.last, topic_id="one")
        self.shard.cluster_id = "here"
        self.shard.positions = {0: 5}
        now = Standing(topic_id, {0: first}, {0: 9}, {})

        async def oldest(_: Partition) -> int:
            return first

        self.continuity = Continuity(topology(), self.shard, self.observer, lambda _: now, oldest)

    def unseen(self, *offsets: int, number: int = 0) -> list[int]:
        """Return the offsets of a batch that are not yet folded."""
        found = asyncio.run(self.continuity.unseen(batch(offsets, partition=("fraudstream.events", number))))
        return [] if found is None else [record.offset for record in found.records]


@pytest.mark.parametrize(("first", "missed"), [(0, 0), (5, 0), (6, 1), (8, 1)])
def test_a_jump_is_a_gap_where_messages_have_left_the_topic(
    first: int, missed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Other jumps are markers of transactions, or what compaction has left: nothing is lost there."""
    setup = Setup(first)
    assert setup.unseen(8) == [8]
    assert setup.engine.missed == missed
    assert setup.observer.errors == ["retention"] * missed
    if missed:
        assert caplog.messages == [
            f"fraudstream.events[0] offsets 5 to {first - 1} have left the topic unread: decisions that look "
            "back to them are marked as warming"
        ]


def test_the_begin_of_a_partition_is_no_gap() -> None:
    """Of one that is read for the first time nothing was ever known."""
    setup = Setup(first=8)
    assert setup.unseen(8, number=1) == [8]
    assert setup.engine.missed == 0


def test_what_was_folded_is_left_out() -> None:
    """As it is read again behind a rebalance."""
    setup = Setup()
    assert setup.unseen(3, 4, 5) == [5]
    assert setup.unseen(3, 4) == []


def test_equal_offsets_of_another_topic_are_not_what_was_folded() -> None:
    """A topic that was made anew begins with offsets that the old one had too: nothing is dropped."""
    with pytest.raises(BrokerError, match="was deleted and made anew while it was read: stopping") as raised:
        Setup(topic_id="two").unseen(3, 4)
    assert raised.value.stage == "topics"


def listed(extra: Mapping[str, Any]) -> Listed:
    """Return a checkpoint that says something of itself."""
    return Listed(1, 1, {}, extra, 0, 0, 0.0, 0)


def test_checkpoints_of_another_cluster_are_refused() -> None:
    """Two deployments with one place, group and name would delete each other's."""
    setup = Setup()
    for extra in ({}, {"cluster_id": ""}, {"cluster_id": "here"}):
        setup.continuity.check_cluster(listed(extra))
    with pytest.raises(
        CheckpointError, match="of a shard on cluster there, and this worker is on here: give"
    ):
        setup.continuity.check_cluster(listed({"cluster_id": "there"}))


def test_a_broker_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before it went is in hand still, and cannot be judged without its answer."""
    monkeypatch.setattr(patience, "AGAIN_SECONDS", 0)
    setup = Setup()
    now = setup.continuity.standing(topology())
    answers: list[Standing | BrokerError] = [BrokerError("nobody there", is_away=True), now]

    def standing(_: Topology) -> Standing:
        answer = answers.pop(0)
        if isinstance(answer, BrokerError):
            raise answer
        return answer

    setup.continuity.standing = standing
    assert setup.unseen(3, 4, 5, 6) == [5, 6]
    assert setup.observer.errors == ["broker"]

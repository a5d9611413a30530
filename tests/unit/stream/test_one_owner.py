"""One worker of a group gets everything, and keeps it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fraudstream.stream.one_owner import OneOwner

CLUSTER = SimpleNamespace(partitions_for_topic=lambda topic: {2, 0, 1})


def rebalanced(members: dict[str, OneOwner]) -> str:
    """Let one of some members assign, tell all, and return who got the partitions."""
    told = {name: member.metadata(["events"]) for name, member in members.items()}
    given: dict[str, Any] = members[min(members)].assign(CLUSTER, told)
    for name, member in members.items():
        member.on_assignment(given[name])
    (owner,) = (name for name, each in given.items() if each.assignment)
    assert given[owner].assignment == [("events", [0, 1, 2])]
    return owner


def test_the_owner_keeps_everything_when_others_come_and_go() -> None:
    """Whatever their names."""
    workers = {name: OneOwner() for name in "mazb"}
    assert rebalanced({"m": workers["m"]}) == "m"
    assert rebalanced({name: workers[name] for name in "ma"}) == "m"
    assert rebalanced(workers) == "m"
    assert rebalanced({name: workers[name] for name in "mz"}) == "m"


def test_one_that_stands_by_takes_over() -> None:
    """When the owner is gone, and keeps the shard when the old owner comes back with what it remembers."""
    workers = {name: OneOwner() for name in "mab"}
    assert rebalanced({"m": workers["m"]}) == "m"
    assert rebalanced(workers) == "m"
    heir = rebalanced({name: workers[name] for name in "ab"})
    assert heir in "ab"
    assert rebalanced(workers) == heir

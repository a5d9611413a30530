"""Each stage has one worker, the load is even, and stages stay where they are if they can."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fraudstream.stream.keyed.assigning import SLACK, StageAssignor

INPUTS, PARTS = "events", "parts"
Placed = dict[str, set[tuple[str, int]]]


class Group:
    """Workers that join and leave; each remembers what it was told, as a process does."""

    def __init__(self, shares: int, inputs: int = 1) -> None:
        self._shares = shares
        self._cluster = SimpleNamespace(partitions_for_topic=lambda topic: set(range(inputs)))
        self.members: dict[str, StageAssignor] = {}

    def join(self, name: str) -> None:
        """Let a worker join that has had nothing yet."""
        self.members[name] = StageAssignor(INPUTS, PARTS, self._shares)

    def balance(self, deaf: Sequence[str] = ()) -> Placed:
        """Give everything out; who is deaf does not hear of it. Return what each was given."""
        told = {name: each.metadata([INPUTS, PARTS]) for name, each in self.members.items()}
        told = {name: type(each).decode(each.encode()) for name, each in told.items()}
        given = next(iter(self.members.values())).assign(self._cluster, told)
        for name in self.members.keys() - set(deaf):
            self.members[name].on_assignment(given[name])
        return {name: placed(each) for name, each in given.items()}

    def cost(self, partitions: set[tuple[str, int]]) -> float:
        """Return what the stages of some partitions cost."""
        stages = next(iter(self.members.values())).stages([0])
        return sum(stage.cost for stage in stages if set(stage.partitions) <= partitions)


def placed(assignment: Any) -> set[tuple[str, int]]:
    """Return the partitions of an assignment."""
    return {(topic, number) for topic, numbers in assignment.assignment for number in numbers}


def everything(shares: int, inputs: int) -> list[tuple[str, int]]:
    """Return all partitions of a topology."""
    read = [(INPUTS, each) for each in range(inputs)]
    return sorted([*read, *((PARTS, each) for each in range(shares + 1))])


@given(st.integers(1, 9), st.integers(1, 4), st.lists(st.sampled_from("abcde"), min_size=1))
def test_every_partition_has_one_worker_whoever_comes_and_goes(
    shares: int, inputs: int, changes: Sequence[str]
) -> None:
    """None is left out, none is given twice, and all partitions of the input go to one worker."""
    group = Group(shares, inputs)
    group.join("z")
    for name in changes:
        if name in group.members:
            del group.members[name]
        else:
            group.join(name)
        given_ = group.balance()
        assert sorted(each for mine in given_.values() for each in mine) == everything(shares, inputs)
        assert sum(any(topic == INPUTS for topic, _ in mine) for mine in given_.values()) == 1


@given(st.integers(1, 16), st.integers(1, 6))
def test_the_load_is_even(shares: int, workers: int) -> None:
    """No worker has more than the most expensive stage above its fair part."""
    group = Group(shares)
    for number in range(workers):
        group.join(f"worker {number}")
    costs = [group.cost(mine) for mine in group.balance().values()]
    dearest = max(stage.cost for stage in group.members["worker 0"].stages([0]))
    assert max(costs) <= sum(costs) / workers + dearest


def test_two_workers_have_the_merge_and_the_rest() -> None:
    """Of two workers one judges, and the other does what comes before."""
    group = Group(shares=2)
    group.join("a")
    group.join("b")
    merge = (PARTS, 2)
    assert sorted(group.balance().values(), key=len) == [{merge}, {(INPUTS, 0), (PARTS, 0), (PARTS, 1)}]


def test_who_stays_keeps_what_it_has() -> None:
    """When a worker dies only its stages move; when nobody changes, nothing does."""
    group = Group(shares=8)
    for name in "abc":
        group.join(name)
    before = group.balance()
    assert group.balance() == before
    del group.members["b"]
    after = group.balance()
    for name in "ac":
        assert before[name] <= after[name]


def test_a_new_worker_takes_some_of_the_load() -> None:
    """One worker had everything; a second one gets at least what one may have too much."""
    group = Group(shares=4)
    group.join("a")
    group.balance()
    group.join("b")
    given_ = group.balance()
    assert all(given_.values())
    whole = sum(map(group.cost, given_.values()))
    assert max(map(group.cost, given_.values())) <= SLACK * whole / 2


def test_who_missed_the_last_change_counts_for_nothing() -> None:
    """A worker that was frozen claims stages that another has by now: they stay with that one."""
    group = Group(shares=4)
    group.join("a")
    group.balance()
    group.join("b")
    after = group.balance(deaf=["a"])
    again = group.balance()
    assert again["b"] >= after["b"]

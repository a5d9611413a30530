"""The coordinator of a consumer group whose partitions all go to one member."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.sim.cluster import Cluster
from tests.sim.processes import Process

LOOK_SECONDS = 0.5
SESSION_SECONDS = 6.0
REJOIN_SECONDS_MAX = 10.0
NOTICE_SECONDS_MAX = 1.5
"""A member learns of a rebalance from its next heartbeat."""


class Revoked(NamedTuple):
    """The member has to give up what it has and to join anew."""


class Assigned(NamedTuple):
    """The member belongs to a generation, and has all partitions or none."""

    generation: int
    is_owner: bool


@dataclass(eq=False)
class Member:
    """A member as the coordinator knows it."""

    process: Process
    notices: asyncio.Queue[Revoked | Assigned] = field(default_factory=asyncio.Queue)
    seen_at: float = 0.0
    has_joined: bool = False
    is_told: bool = False
    """Whether it knows, or will, that it has to join."""
    is_assigned: bool = False
    """Whether it has its part of a generation."""


class Coordinator:
    """Keeps the members that are heard of, and leaves the partitions where they are as long as it can."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._members: list[Member] = []
        self._known: list[Member] = []
        self._owner: Member | None = None
        self._rebalancing_since: float | None = None

    def join(self, member: Member) -> None:
        """Take a member in, new or known."""
        member.has_joined, member.is_told, member.is_assigned = True, False, False
        member.seen_at = self._now()
        if member not in self._members:
            self._members.append(member)
            self._known.append(member)
            self._rebalance()

    def leave(self, member: Member) -> None:
        """Let a member go that has said so."""
        self._known.remove(member)
        if member in self._members:
            self._members.remove(member)
            self._rebalance()

    async def run(self) -> None:
        """Look after the members for good."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for member in [*self._known]:
                self._look_after(member)
            self._maybe_assign()

    def _look_after(self, member: Member) -> None:
        """Put out whoever is not heard of for a session; tell whoever is heard of again."""
        if self._is_heard(member.process):
            member.seen_at = self._now()
            if member not in self._members and not member.is_told:
                self._tell_to_join(member)
        elif self._now() - member.seen_at > SESSION_SECONDS and member in self._members:
            self._members.remove(member)
            self._rebalance()

    def _is_heard(self, process: Process) -> bool:
        return not (process.is_dead or process.is_frozen or process.cut_until > self._now())

    def _rebalance(self) -> None:
        """Have everybody join anew."""
        self._rebalancing_since = self._now()
        for member in self._members:
            if member.has_joined and member.is_assigned:
                member.has_joined = False
                self._tell_to_join(member)

    def _tell_to_join(self, member: Member) -> None:
        member.is_told = True
        self._tell(member, Revoked())

    def _tell(self, member: Member, notice: Revoked | Assigned) -> None:
        seconds = self._cluster.loop.later(NOTICE_SECONDS_MAX if isinstance(notice, Revoked) else 0.01)
        self._cluster.at(seconds, lambda: self._deliver(member, notice))

    def _deliver(self, member: Member, notice: Revoked | Assigned) -> None:
        """Hand over a notice, once the network and the member's order of notices let it."""
        wait = member.process.cut_until - self._now()
        if wait > 0:
            self._cluster.at(wait, lambda: self._deliver(member, notice))
        else:
            member.notices.put_nowait(notice)

    def _maybe_assign(self) -> None:
        """End the rebalance when all have joined, or those who have not had their time."""
        if self._rebalancing_since is None:
            return
        is_late = self._now() - self._rebalancing_since > REJOIN_SECONDS_MAX
        if not is_late and not all(member.has_joined for member in self._members):
            return
        self._members = [member for member in self._members if member.has_joined]
        self._rebalancing_since = None
        self._cluster.group.generation += 1
        if self._owner not in self._members:
            self._owner = self._cluster.rng.choice(self._members) if self._members else None
        for member in self._members:
            member.is_assigned = True
            self._tell(member, Assigned(self._cluster.group.generation, member is self._owner))

    def _now(self) -> float:
        return self._cluster.loop.time()

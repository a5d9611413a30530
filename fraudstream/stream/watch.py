"""Looks at broker and topics now and then, for what no message would tell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraudstream.stream.admin import fixed_partitions, stage_topics, watched_topics
from fraudstream.stream.continuity import made_anew
from fraudstream.stream.errors import BrokerError

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
GONE_LOOKS = 3
"""So often in a row a topic must be missing: a broker that has just come back may not know it yet."""

Found = Mapping[str, tuple[str, int] | None]
"""By topic its id and its number of partitions, None where it is not there."""


@dataclass
class _Known:
    """What is known of a topic, empty or 0 where it is not; and how often in a row it was missing."""

    topic_id: str = ""
    partitions: int = 0
    missed: int = 0


class TopicWatch:
    """Tells of a broker that is away, and of topics that are gone, others, or of more partitions.

    Without its input, or a topic between its stages, the worker has nothing to go on with: then `on_failure`
    is called. `folded_id` tells the id of the input that this worker folds, empty where it folds none.
    `known` tells ids and numbers of partitions at the start, as far as they are known.
    """

    def __init__(
        self,
        topology: Topology,
        observer: StreamObserver,
        on_failure: Callable[[], None],
        folded_id: Callable[[], str],
        known: Found,
        ask: Callable[[Topology], Found] = watched_topics,
    ) -> None:
        self._topology = topology
        self._observer = observer
        self._on_failure = on_failure
        self._folded_id = folded_id
        self._ask = ask
        self._is_away = False
        names = (topology.input.topic, *stage_topics(topology))
        self._known = {name: _Known(*(known.get(name) or ())) for name in names}

    async def look(self) -> None:
        """Look once; never raises."""
        try:
            found = await asyncio.to_thread(self._ask, self._topology)
        except BrokerError as error:
            self._broker_away(error)
            return
        if self._is_away:
            self._is_away = False
            log.info("the broker answers again")
        for name, known in self._known.items():
            if self._is_over(name, known, found[name]):
                # What is wrong with the others is of no matter any more.
                return

    @property
    def _where(self) -> str:
        return self._topology.kafka.bootstrap

    def _broker_away(self, error: BrokerError) -> None:
        if not self._is_away:
            log.error("%s; until it answers nothing is judged, and nothing is lost", error)
        self._is_away = True
        self._observer.on_error(error.stage)

    def _is_over(self, name: str, known: _Known, found: tuple[str, int] | None) -> bool:
        """Hold what is found of a topic against what is known; return whether the worker has to stop."""
        known.missed = 0 if found else known.missed + 1
        if found is None:
            if known.missed == GONE_LOOKS:
                remedy = "stopping; create it with `fraudstream topics create`"
                self._fail(f"{self._where}: {name} was deleted while it was read: {remedy}")
            return known.missed == GONE_LOOKS
        topic_id, partitions = found
        if self._is_another(name, known, topic_id):
            return True
        before, known.partitions = known.partitions or partitions, partitions
        if partitions != before:
            log.warning("%s: %s", self._where, self._added(name, partitions, before))
            self._observer.on_error("topics")
        return False

    def _is_another(self, name: str, known: _Known, topic_id: str) -> bool:
        """Whether a topic is no longer the one that is folded; the worker stops then."""
        if name == self._topology.input.topic:
            before, message = self._folded_id(), made_anew(self._topology)
        else:
            before, message = known.topic_id, stage_made_anew(self._topology, name)
        known.topic_id = topic_id
        if before in ("", topic_id):
            return False
        self._fail(message)
        return True

    def _added(self, name: str, partitions: int, before: int) -> str:
        now = f"{name} has {partitions} partitions now, it had {before}"
        fixed = fixed_partitions(self._topology).get(name)
        if fixed is None:
            return f"{now}: all are read: mend the topology's input.partitions"
        return (
            f"{now}: nothing goes to those that were added, but no worker starts with them: once everything "
            f"is judged and no worker runs, make the topic anew with {fixed}"
        )

    def _fail(self, message: str) -> None:
        log.error("%s", message)
        self._observer.on_error("topics")
        self._on_failure()


def stage_made_anew(topology: Topology, name: str) -> str:
    """Return what is said of a topic between stages that was deleted and made anew while it was read."""
    return (
        f"{topology.kafka.bootstrap}: {name} was deleted and made anew while it was read: stopping; start "
        "again to go on with what the stages have folded: what was in it and not yet judged is lost"
    )

"""Looks at broker and input topic now and then, for what no message would tell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from fraudstream.stream.admin import BrokerError, input_topic
from fraudstream.stream.continuity import made_anew

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
GONE_LOOKS = 3
"""So often in a row a topic must be missing: a broker that has just come back may not know it yet."""


class TopicWatch:
    """Tells of a broker that is away, and of an input that is gone, another one, or of more partitions.

    Without its input the worker has nothing to go on with: then `on_failure` is called. `folded_id` tells the
    id of the topic that this worker folds, empty where it folds none. `partitions` is how many it had at the
    start, 0 where that is not known.
    """

    def __init__(
        self,
        topology: Topology,
        observer: StreamObserver,
        on_failure: Callable[[], None],
        folded_id: Callable[[], str],
        partitions: int,
        ask: Callable[[Topology], tuple[str, int] | None] = input_topic,
    ) -> None:
        self._topology = topology
        self._observer = observer
        self._on_failure = on_failure
        self._folded_id = folded_id
        self._ask = ask
        self._is_away = False
        self._missed = 0
        self._partitions = partitions

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
        self._missed = 0 if found else self._missed + 1
        if found is not None:
            self._compare(found)
        elif self._missed == GONE_LOOKS:
            remedy = "stopping; create it with `fraudstream topics create`"
            self._fail(f"{self._where}: {self._topology.input.topic} was deleted while it was read: {remedy}")

    @property
    def _where(self) -> str:
        return self._topology.kafka.bootstrap

    def _broker_away(self, error: BrokerError) -> None:
        if not self._is_away:
            log.error("%s; until it answers nothing is judged, and nothing is lost", error)
        self._is_away = True
        self._observer.on_error(error.stage)

    def _compare(self, found: tuple[str, int]) -> None:
        topic_id, partitions = found
        known, self._partitions = self._partitions or partitions, partitions
        if self._folded_id() not in ("", topic_id):
            self._fail(made_anew(self._topology))
        elif partitions != known:
            log.warning(
                "%s: %s has %d partitions now, it had %d: all are read: mend the topology's input.partitions",
                self._where,
                self._topology.input.topic,
                partitions,
                known,
            )
            self._observer.on_error("topics")

    def _fail(self, message: str) -> None:
        log.error("%s", message)
        self._observer.on_error("topics")
        self._on_failure()

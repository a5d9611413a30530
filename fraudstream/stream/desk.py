"""Takes each batch through the engine, sends what it gives rise to, and acknowledges it last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from aiokafka.errors import KafkaError

from fraudstream.engine.result import Decisions, StepResult
from fraudstream.events.batch import DeadLetter
from fraudstream.stream.batch import Batch
from fraudstream.stream.emission import ALERT_TOO_LARGE, Emission, Outlet, emission
from fraudstream.stream.producer import Outgoing

if TYPE_CHECKING:
    from faust.types import EventT

    from fraudstream.engine.step import Engine
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)

DELIVERY_SECONDS_MAX = 120.0
"""How long the broker may take to acknowledge; longer than a leader election, as with Kafka's own clients."""

Submit = Callable[[Sequence[Outgoing]], Awaitable[Sequence[Awaitable[Any]]]]


class Desk:
    """Judges batch after batch, and lets none count as done before the broker has what came of it.

    While the alerts of one batch are on their way the next is judged. They are handed to the producer in
    the order of the batches. When something cannot be sent, `on_failure` is called once and every batch from
    then on is left alone, so that its offsets are never committed.
    """

    def __init__(
        self,
        engine: Engine,
        outlet: Outlet,
        observer: StreamObserver,
        submit: Submit,
        on_failure: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._outlet = outlet
        self._observer = observer
        self._submit = submit
        self._on_failure = on_failure
        self._failed = False
        self._deliveries: set[asyncio.Task[None]] = set()

    async def handle(self, event: EventT) -> None:
        """Judge the batch of a Faust event and see to its acknowledgement; never raises."""
        if self._failed:
            return
        batch: Batch = event.value
        try:
            started = time.perf_counter()
            result = self._step(batch)
            step_seconds = time.perf_counter() - started
            emitted = emission(batch, result, self._engine.ruleset.version, self._outlet)
            async with asyncio.timeout(DELIVERY_SECONDS_MAX):
                receipts = await self._submit(emitted.messages)
        except Exception as error:
            self._fail(batch, error)
            return
        delivery = asyncio.create_task(self._deliver(event, emitted, step_seconds, receipts))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)

    def _step(self, batch: Batch) -> StepResult:
        try:
            return self._engine.step(batch.values, appended_us=batch.appended_us())
        except Exception as error:
            log.exception("the engine failed on %s: its messages become dead letters", batch)
            self._observer.on_error("step")
            return step_failed(len(batch), error)

    async def _deliver(
        self, event: EventT, emitted: Emission, step_seconds: float, receipts: Sequence[Awaitable[Any]]
    ) -> None:
        batch: Batch = event.value
        try:
            async with asyncio.timeout(DELIVERY_SECONDS_MAX):
                await asyncio.gather(*receipts)
        except Exception as error:
            self._fail(batch, error)
            return
        batch.emitted = True
        event.ack()
        for _ in range(emitted.alerts_too_large):
            self._observer.on_error(ALERT_TOO_LARGE)
        self._observer.on_batch(
            emitted.result,
            events=len(batch),
            step_seconds=step_seconds,
            append_ms=batch.append_ms(),
            done_ms=time.time() * 1000,
        )

    def _fail(self, batch: Batch, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        expected = isinstance(error, (KafkaError, TimeoutError))
        log.error(
            "what came of %s cannot be sent (%r): stopping without committing it, so that it is judged again",
            batch,
            error,
            exc_info=None if expected else error,
        )
        self._observer.on_error("emit")
        self._on_failure()


def step_failed(events: int, error: Exception) -> StepResult:
    """Return the result of a batch on which the engine failed: each message is a dead letter.

    The engine's state may have seen part of the batch, so its messages cannot be tried one by one.
    """
    exception = type(error).__name__
    detail = f"{exception}: {error}"
    return StepResult(
        events_in=events,
        alerts=[],
        dead_letters=[DeadLetter(row, "step_failed", "step", detail, exception) for row in range(events)],
        duplicates=0,
        late=0,
        decisions=Decisions(np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, np.int16)),
        rule_ids=(),
        rule_outcomes=np.zeros((0, 3), np.int64),
        suppressed=0,
        model_scores={},
    )

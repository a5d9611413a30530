"""Takes each batch through the shard, sends what it gives rise to, and acknowledges it last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from aiokafka.errors import KafkaError
from numpy.typing import NDArray

from fraudstream.stream.batch import Batch
from fraudstream.stream.emission import ALERT_TOO_LARGE, Emission, Messages, Outlet, emission, quoted
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.journal import Poison
from fraudstream.stream.journal_writer import JournalWriter
from fraudstream.stream.keyed.origins import part_messages
from fraudstream.stream.log_lines import place
from fraudstream.stream.sender import DELIVERY_SECONDS_MAX, Done, FencedError, Receipts, received
from fraudstream.telemetry.passage import Passage

if TYPE_CHECKING:
    from faust.types import EventT

    from fraudstream.engine.result import StepResult
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.recovery import Recovery
    from fraudstream.stream.sender import Sender
    from fraudstream.stream.shard import Shard

log = logging.getLogger(__name__)

STEP_FAILED = "step_failed"


class _Sent(NamedTuple):
    """A batch that is judged, how long that took, and what came of it with what to await for it.

    `judged_at` is by the clock of `time.perf_counter`.
    """

    batch: Batch
    step_seconds: float
    stages: Mapping[str, float]
    judged_at: float
    ruleset: str
    emitted: Emission
    receipts: Receipts


class Desk:
    """Judges batch after batch, and lets none count as done before the broker has what came of it.

    While the alerts of one batch are on their way the next is judged. They are handed to the producer in
    the order of the batches. When something cannot be sent, `on_failure` is called once and every batch from
    then on is left alone, so that its offsets are never committed.
    """

    def __init__(
        self,
        shard: Shard,
        outlet: Outlet,
        observer: StreamObserver,
        sender: Sender,
        on_failure: Callable[[], None],
    ) -> None:
        self._shard = shard
        self._outlet = outlet
        self._observer = observer
        self._sender = sender
        self._on_failure = on_failure
        self.write = JournalWriter(outlet.journal, sender).write
        """Writes an entry to the journal, and returns once the broker has it."""
        self._failed = False
        self._deliveries: set[asyncio.Task[None]] = set()
        self.recovery: Recovery
        """Brings the shard back where its engine fails; set by whoever builds both."""

    async def handle(self, event: EventT) -> None:
        """Judge the batch of a Faust event and see to its acknowledgement; never raises."""
        if self._failed:
            return
        async with self._shard.folding:
            sent = await self._take_in(event)
        if sent is None:
            return
        delivery = asyncio.create_task(self._deliver(event, sent))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)

    async def _take_in(self, event: EventT) -> _Sent | None:
        """Judge the batch of an event; None where nothing is left to do."""
        try:
            sent = await self._judge(event.value)
        except Exception as error:
            self._fail(event.value, error)
            return None
        if sent is None:
            acknowledge(event)
        return sent

    async def judge(self, batch: Batch) -> None:
        """Judge a batch that no Faust event brings, and return once the broker has what came of it.

        For whoever recovers the shard.
        """
        sent = await self._judge(batch)
        if sent is not None:
            await received(sent.receipts)
            self._observe(sent)

    async def _judge(self, batch: Batch) -> _Sent | None:
        """Fold what is not yet folded of a batch, and hand over what comes of it; None where all of it is."""
        unseen = await self.recovery.continuity.unseen(batch)
        if unseen is None:
            return None
        started = time.perf_counter()
        result = await self._fold(unseen)
        judged_at, stages = time.perf_counter(), self._shard.stopwatch.seconds
        ruleset = self._shard.engine.ruleset.version
        handed_over = await self._send(unseen, result)
        return _Sent(unseen, judged_at - started, stages, judged_at, ruleset, *handed_over)

    async def emit(self, batch: Batch, result: StepResult) -> None:
        """Send what came of a batch, and return once the broker has it."""
        _, receipts = await self._send(batch, result)
        await received(receipts)

    async def _send(self, batch: Batch, result: StepResult) -> tuple[Emission, Receipts]:
        emitted = emission(batch, result, self._shard.engine.ruleset.version, self._outlet)
        messages = [*emitted.messages, *part_messages(batch, result.parts, self._outlet.parts)]
        done = Done(batch.partition, batch.next_offset)
        async with asyncio.timeout(DELIVERY_SECONDS_MAX):
            return emitted, await self._sender.submit(messages, done)

    async def _fold(self, batch: Batch) -> StepResult:
        """Judge a batch; a message on which the engine fails becomes a dead letter, the others are judged."""
        while True:
            # Whoever recovers the shard must know the order before anything comes of it; the rules may
            # change while it is written.
            while (entry := self._shard.turn_to(batch)) is not None:
                await self.write(entry)
            try:
                return self._shard.fold(batch)
            except Exception as error:
                first, last = batch.first_offset, batch.next_offset - 1
                where = place(batch.partition, first, last)
                log.exception("the engine failed on %s: looking for the message", batch, extra=where)
                self._observer.on_error("step")
                await self._leave_out_poison(batch, error)

    async def _leave_out_poison(self, batch: Batch, error: Exception) -> None:
        """Find the message on which the engine fails; raises `error` where it only fails on all together."""
        # Looking for it folds what stands before it, which is not yet judged for good.
        upto = dict(self._shard.positions)
        await self.recovery.again(upto)
        poison = self._poison_in(batch)
        await self.recovery.again(upto)
        if poison is None:
            raise error
        where = {**place(batch.partition, poison.offset), "reason": STEP_FAILED}
        log.error("offset %d of %s is left out: it becomes a dead letter", poison.offset, batch, extra=where)
        await self.write(self._shard.leave_out(poison))

    def _poison_in(self, batch: Batch) -> Poison | None:
        for single in batch.singles():
            try:
                self._shard.fold(single)
            except Exception as error:
                partition, offset = self._shard.number(batch.partition), single.first_offset
                words = quoted(error, quotes=self._outlet.quotes)
                return Poison(partition, offset, type(error).__name__, words)
        return None

    async def _deliver(self, event: EventT, sent: _Sent) -> None:
        try:
            await received(sent.receipts)
        except Exception as error:
            self._fail(sent.batch, error)
            return
        acknowledge(event)
        self._observe(sent)

    def _observe(self, sent: _Sent) -> None:
        report_too_large(sent.emitted, sent.batch, self._observer)
        for model, what in sent.emitted.result.drifted:
            log.warning(
                "model %s: %s has drifted: see whether its scores still tell fraud; on_drift in its file "
                "says what follows by itself",
                model,
                what,
                extra={"model": model},
            )
        self._observer.on_batch(
            sent.emitted.result,
            events=len(sent.batch) - sent.emitted.result.labels.total(),
            step_seconds=sent.step_seconds,
            append_ms=_finished_ms(sent.batch, sent.emitted.result),
            done_ms=time.time() * 1000,
        )
        self._observer.on_input(sent.batch.size_bytes)
        emit_seconds = time.perf_counter() - sent.judged_at
        self._observer.on_stages({**sent.stages, "emit": emit_seconds}, _passage(sent, emit_seconds))

    def _fail(self, batch: Batch, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        report(error, f"what came of {batch} cannot be sent", "emit", self._observer)
        self._on_failure()


def _passage(sent: _Sent, emit_seconds: float) -> Passage:
    batch, (topic, partition) = sent.batch, sent.batch.partition
    return Passage(
        topic,
        partition,
        batch.first_offset,
        batch.next_offset - 1,
        len(batch),
        sent.ruleset,
        len(sent.emitted.result.alerts),
        len(sent.emitted.letter_rows),
        sent.step_seconds,
        sent.step_seconds + emit_seconds,
        (record.headers for record in batch.records),
    )


def _finished_ms(batch: Batch, result: StepResult) -> NDArray[np.int64]:
    """Return when those messages were appended of which no part has gone on to another stage."""
    append_ms = batch.append_ms()
    if result.labels:
        return append_ms[:0]
    if not result.parts:
        return append_ms
    gone_on = np.concatenate([part.rows for part in result.parts])
    return np.delete(append_ms, gone_on)


def report_too_large(emitted: Emission, batch: Messages, observer: StreamObserver) -> None:
    """Say and count which alerts their topic does not take; dead letters stand in for them."""
    for alert in emitted.alerts_too_large:
        about = {**place(batch.partition, batch.origin(alert.row).offset), "reason": ALERT_TOO_LARGE}
        about |= {"alert_id": alert.alert_id}
        log.error(
            "alert %s is too large for its topic: it becomes a dead letter", alert.alert_id, extra=about
        )
        observer.on_error(ALERT_TOO_LARGE)


def report(error: Exception, line: str, stage: str, observer: StreamObserver) -> None:
    """Say and count why the worker stops; what is foreseen says it in its own words."""
    if isinstance(error, (FencedError, BrokerError)):
        log.error("%s", error)
        observer.on_error("fenced" if isinstance(error, FencedError) else error.stage)
        return
    expected = isinstance(error, (KafkaError, TimeoutError))
    log.error(
        "%s (%r): stopping without committing it, so that it is read again",
        line,
        error,
        exc_info=None if expected else error,
    )
    observer.on_error(stage)


def acknowledge(event: EventT) -> None:
    """Take note that all that a batch gave rise to is sent."""
    event.value.emitted = True
    event.ack()

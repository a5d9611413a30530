"""Takes each message of a partition through its stage, sends what it gives, and acknowledges it last."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from fraudstream.stream.desk import acknowledge, report
from fraudstream.stream.keyed.state import FORESEEN
from fraudstream.stream.sender import Done, received

if TYPE_CHECKING:
    from faust.types import ConsumerMessage, EventT

    from fraudstream.stream.batch import Batch
    from fraudstream.stream.keyed.folding import Folded
    from fraudstream.stream.keyed.state import StageState
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.sender import Receipts, Sender


log = logging.getLogger(__name__)


class StageDesk:
    """Folds message after message, and lets none count as done before the broker has what came of it.

    `check_topic` raises BrokerError where the topic was made anew, whose offsets mean something else. When
    something fails, `on_failure` is called once, and every batch from then on is left alone, so that
    its offsets are never committed.
    """

    def __init__(
        self,
        state: StageState[Any],
        fold: Callable[[Any], Awaitable[Folded]],
        check_topic: Callable[[], Awaitable[Any]],
        sender: Sender,
        observer: StreamObserver,
        on_failure: Callable[[], None],
    ) -> None:
        self._state = state
        self._fold_one = fold
        self._check_topic = check_topic
        self._sender = sender
        self._observer = observer
        self._on_failure = on_failure
        self._failed = False
        self._waiting: deque[EventT] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._deliveries: set[asyncio.Task[None]] = set()

    async def handle(self, event: EventT) -> None:
        """Take in the batch of a Faust event, to be folded behind those that came before; never raises.

        Whoever hands it over goes on meanwhile: the batch may need what comes of the next one, of another
        partition.
        """
        if self._failed:
            return
        self._waiting.append(event)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self._waiting:
            event = self._waiting[0]
            batch = event.value.since(self._state.positions[self._state.partition])
            try:
                if batch is not event.value:
                    # Read again behind a rebalance, or at the offsets of another topic.
                    await self._check_topic()
                sent = [] if batch is None else await self._fold(batch)
            except Exception as error:
                self._fail(event.value, error)
                return
            self._waiting.popleft()
            delivery = asyncio.create_task(self._deliver(event, sent))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)

    async def _fold(self, batch: Batch) -> list[tuple[Folded, Receipts]]:
        sent = []
        for record in batch.records:
            folded = await self._fold_one(record)
            done = Done(batch.partition, record.offset + 1)
            sent.append((folded, await self._sender.submit(folded.messages, done)))
            # What other units of this worker have to do comes in between.
            await asyncio.sleep(0)
        return sent

    async def _deliver(self, event: EventT, sent: Sequence[tuple[Folded, Receipts]]) -> None:
        try:
            for folded, receipts in sent:
                await received(receipts)
                folded.report()
        except Exception as error:
            self._fail(event.value, error)
            return
        acknowledge(event)

    def let_go(self) -> Collection[ConsumerMessage]:
        """Leave alone what is not folded to its end; return its messages."""
        if self._runner is not None:
            self._runner.cancel()
            self._runner = None
        left = [event.message for event in self._waiting]
        self._waiting.clear()
        return left

    def _fail(self, batch: Batch, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        if isinstance(error, FORESEEN):
            # They say in their own words what to do.
            log.error("%s: stopping at %s", error, batch)
            self._observer.on_error("stage")
        else:
            report(error, f"{batch} is not done with", "stage", self._observer)
        self._on_failure()

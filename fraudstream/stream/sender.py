"""How what comes of batches gets to the broker: at least once by the app's producer, or in transactions."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced, TransactionalIdAuthorizationFailed

from fraudstream.stream.batch import Partition
from fraudstream.stream.clients import client_settings
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.permissions import may_write, refusal
from fraudstream.stream.producer import Outgoing, PatientProducer, hand_over
from fraudstream.stream.threads import in_thread

if TYPE_CHECKING:
    from fraudstream.config import Kafka
    from fraudstream.stream.app import BatchApp

log = logging.getLogger(__name__)

DELIVERY_SECONDS_MAX = 120.0
"""How long the broker may take to acknowledge; longer than a leader election, as with Kafka's own clients."""
TRANSACTION_MS_MAX = 60_000
"""After so long the broker ends a transaction by itself; whoever took the shard over does so at once."""


Receipts = Sequence[Awaitable[Any]]
"""What to await until the broker has everything."""


async def received(receipts: Receipts) -> list[Any]:
    """Wait until the broker has something, and return what it says of it.

    KafkaError where it refuses, TimeoutError where it is silent.
    """
    async with asyncio.timeout(DELIVERY_SECONDS_MAX):
        return await asyncio.gather(*receipts)


class FencedError(RuntimeError):
    """The broker takes nothing from this process any more, since another one sends for the shard."""

    def __str__(self) -> str:
        return (
            "another worker has taken the shard over (or a transaction was left open for "
            f"{TRANSACTION_MS_MAX // 1000} s): stopping, nothing of what was in hand is sent"
        )


class Done(NamedTuple):
    """An input partition, and the offset up to which everything is sent by then."""

    partition: Partition
    offset: int


class Sender(Protocol):
    """Sends messages, and knows how far the group has committed."""

    async def take(self) -> None:
        """Begin to send for the shard; whoever did before can no longer. FencedError where one was faster."""

    async def submit(self, messages: Sequence[Outgoing], *done: Done) -> Receipts:
        """Hand messages over, in order; return what to await for the broker's acknowledgement."""

    def committed(self) -> Mapping[int, int]:
        """Return the committed offset of each input partition, as far as this process knows."""

    async def close(self) -> None:
        """End in order."""


class AtLeastOnce:
    """Sends at once; the app commits the offsets a little later."""

    def __init__(self, app: BatchApp) -> None:
        self._app = app

    async def take(self) -> None:
        """Do nothing: what a zombie sends as well is equal to what its heir sends."""

    async def submit(self, messages: Sequence[Outgoing], *done: Done) -> Receipts:
        """Hand messages over to the app's producer."""
        receipts: Receipts = await self._app.producer.submit(messages)
        return receipts

    def committed(self) -> Mapping[int, int]:
        """Return what the app's consumer has committed."""
        return self._app.consumer.committed()

    async def close(self) -> None:
        """Do nothing: the app ends its producer."""


@dataclass(frozen=True)
class _Item:
    messages: Sequence[Outgoing]
    done: tuple[Done, ...]
    receipt: asyncio.Future[None]


class ExactlyOnce:
    """Sends messages and commits offsets in one transaction: whatever waits goes with the next one.

    The transactional id is the shard's. Whoever takes the shard fences its last owner, and ends the
    transaction that it left open; `end_hanging` ends those that the broker has lost sight of. The first
    failure is told to everything that waits, then and later: FencedError where another has taken the shard,
    TimeoutError where what went before was given up. `new_producer` makes the Kafka client, from the
    arguments of aiokafka's own; `number` tells the number of a partition, and `committed_in` is told how many
    seconds each transaction took.
    """

    def __init__(
        self,
        transactional_id: str,
        kafka: Kafka,
        settings: Mapping[str, Any],
        end_hanging: Callable[[], None],
        new_producer: Callable[..., Any] = PatientProducer,
        number: Callable[[Partition], int] = lambda partition: partition[1],
        committed_in: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._settings = {**settings, "transactional_id": transactional_id}
        self._new_producer = new_producer
        self._kafka = kafka
        self._number = number
        self._committed_in = committed_in
        self._end_hanging = end_hanging
        self._client: Any = None
        self._waiting: list[_Item] = []
        self._under_way: list[_Item] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._committed: dict[int, int] = {}

    async def take(self) -> None:
        """Fence whoever sent for the shard before; KafkaError or BrokerError where the broker refuses."""
        await self.close()
        settings = {**client_settings(self._kafka), **self._settings}
        self._client = self._new_producer(**settings, transaction_timeout_ms=TRANSACTION_MS_MAX)
        try:
            await self._client.start()
        except TransactionalIdAuthorizationFailed:
            denied = may_write(self._settings["transactional_id"])
            raise BrokerError(refusal(self._kafka, [denied]), "denied") from None
        try:
            await in_thread(self._end_hanging)
        except BrokerError as error:
            # Most likely there are none, and whoever may only write alerts is not allowed to look.
            log.warning("whether transactions hang is not known: %s", error)
        self._committed.clear()
        self._failure = None
        self._task = asyncio.create_task(self._run(self._client))

    async def submit(self, messages: Sequence[Outgoing], *done: Done) -> Receipts:
        """Have messages sent by the next transaction; the receipt comes once it is committed.

        It is cancelled where the sender is closed.
        """
        item = _Item(messages, done, asyncio.get_running_loop().create_future())
        if self._failure is not None:
            item.receipt.set_exception(self._failure)
        elif self._task is None:
            item.receipt.cancel()
        else:
            self._waiting.append(item)
            self._wake.set()
        return [item.receipt]

    def committed(self) -> Mapping[int, int]:
        """Return what was committed since the shard was taken."""
        return dict(self._committed)

    async def close(self) -> None:
        """End the transaction under way, and leave what waits unsent; its receipts are cancelled."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        for item in [*self._under_way, *self._waiting]:
            item.receipt.cancel()
        self._under_way, self._waiting = [], []
        if self._client is not None:
            await self._client.stop()
            self._client = None

    async def _run(self, client: Any) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._under_way, self._waiting = self._waiting, []
            try:
                self._mind_what_was_given_up()
                await self._commit(client, self._under_way)
            except Exception as error:
                self._fail(FencedError() if isinstance(error, ProducerFenced) else error)
                return
            for item in self._under_way:
                if not item.receipt.done():
                    item.receipt.set_result(None)
            self._under_way = []

    def _mind_what_was_given_up(self) -> None:
        """Send nothing behind messages that nobody waits for any more: its offsets would stand for theirs."""
        if any(item.receipt.cancelled() for item in self._under_way):
            raise TimeoutError("messages that go before these were given up")

    def _fail(self, failure: Exception) -> None:
        self._failure = failure
        for item in [*self._under_way, *self._waiting]:
            if not item.receipt.done():
                item.receipt.set_exception(failure)
        self._under_way, self._waiting = [], []

    async def _commit(self, client: Any, items: Sequence[_Item]) -> None:
        started = time.perf_counter()
        offsets = {done.partition: done.offset for item in items for done in item.done}
        async with client.transaction():
            messages = [message for item in items for message in item.messages]
            await asyncio.gather(*await hand_over(client, messages))
            if offsets:
                named = {TopicPartition(*partition): offset for partition, offset in offsets.items()}
                await client.send_offsets_to_transaction(named, self._kafka.group)
        self._committed |= {self._number(partition): offset for partition, offset in offsets.items()}
        self._committed_in(time.perf_counter() - started)

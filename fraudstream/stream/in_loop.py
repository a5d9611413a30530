"""The Kafka client that reads, in the worker's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from faust.transport.drivers import aiokafka as driver
from mode.utils.futures import maybe_async

from fraudstream.stream.clients import FETCH_WAIT_MS
from fraudstream.stream.logs import FAUST_LOG


class InLoop(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Makes the Kafka client, with settings that Faust fixes, and runs it in the worker's own event loop.

    Faust gives it a thread with a loop of its own. The two would take turns at the interpreter's lock, a fold
    would take twice as long, and each fetch would be handed over and back (docs/decisions/0015). The
    price: the client sends no heartbeat while a fold lasts, which is why batches are bounded.
    """

    logger = FAUST_LOG

    async def start(self) -> None:
        """Connect to the broker."""
        self._thread_started.set()
        await self._default_start()

    async def call_thread(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call what Faust would have the thread call."""
        return await maybe_async(fun(*args, **kwargs))

    async def _stop_children(self) -> None:
        await self.on_thread_stop()
        await self._default_stop_children()
        self._shutdown.set()

    async def _stop_futures(self) -> None:
        await self._default_stop_futures()

    async def _stop_exit_stacks(self) -> None:
        await self._default_stop_exit_stacks()

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # The client has no setters; it reads these when it starts.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._partition_assignment_strategy = (self.app.group_assignor,)
        # Events of an aborted transaction never happened.
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_thread_stop(self) -> None:
        """Leave the group and disconnect."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            # aiokafka waits for requests that it has cancelled, and takes their end for its own where one
            # waits for a broker that is away. The worker would take it for its own as well.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            await self._consumer._client.close()

"""An app that is connected to nothing, on an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from fraudstream.stream.app import BatchApp
from fraudstream.stream.transport import BatchConsumer
from tests.unit.stream import fakes


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop that Faust finds."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def app(loop: asyncio.AbstractEventLoop) -> Iterator[BatchApp]:
    """An app in the generation `fakes.GENERATION`."""
    app = fakes.app()
    app.finalize()
    app.consumer_generation_id = fakes.GENERATION
    yield app
    app.consumer._thread.thread_loop.close()


@pytest.fixture
def consumer(app: BatchApp) -> BatchConsumer:
    """Its consumer, reading."""
    app.consumer.resume_flow()
    return app.consumer

"""The Kafka client on uvloop: a connection that is gone is told as such."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from fraudstream.stream.event_loop import new_event_loop

uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed: asyncio's own loop needs no mend")
SENDS = ("send", "_send_sasl_token")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A worker's event loop; the policy of the process is put back."""
    before = asyncio.get_event_loop_policy()
    sends = {name: getattr(AIOKafkaConnection, name) for name in SENDS}
    made = new_event_loop()
    yield made
    made.close()
    for name, send in sends.items():
        setattr(AIOKafkaConnection, name, send)
    asyncio.set_event_loop_policy(before)


def test_the_loop_is_uvloops(loop: asyncio.AbstractEventLoop) -> None:
    """Where it is installed, the worker runs on it."""
    assert isinstance(loop, uvloop.Loop)


def test_a_transport_that_has_closed_is_a_lost_connection(loop: asyncio.AbstractEventLoop) -> None:
    """What aiokafka sends on it fails as its tasks expect, and the connection is renewed."""
    loop.run_until_complete(_send_on_a_closed_transport())


def test_made_twice_it_is_mended_once(loop: asyncio.AbstractEventLoop) -> None:
    """A second loop in the process wraps the client's methods no further."""
    mended = [getattr(AIOKafkaConnection, name) for name in SENDS]
    new_event_loop().close()
    for name, once in zip(SENDS, mended, strict=True):
        assert getattr(AIOKafkaConnection, name).__wrapped__ is once.__wrapped__


async def _send_on_a_closed_transport() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reasons: list[object] = []
    connection = AIOKafkaConnection("127.0.0.1", port, on_close=lambda _, reason: reasons.append(reason))
    connection._reader, connection._writer = await asyncio.open_connection("127.0.0.1", port)
    connection._versions = {MetadataRequest.API_KEY: (0, 1)}
    # The moment in which the transport has closed and the client's reading task has not yet been told.
    connection._read_task = loop.create_future()
    connection._writer.transport.abort()
    await connection._writer.wait_closed()
    with pytest.raises(KafkaConnectionError, match="handler is closed"):
        connection.send(MetadataRequest([]))
    assert reasons == [CloseReason.CONNECTION_BROKEN]
    assert not connection.connected()
    server.close()

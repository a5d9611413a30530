"""The Kafka client on uvloop: a connection that is gone is told as such."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.conn import AIOKafkaConnection, AIOKafkaProtocol, CloseReason
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from fraudstream.stream.event_loop import new_event_loop
from tests.certificates import Authority

uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed: asyncio's own loop needs no mend")
MENDED = ("send", "_send_sasl_token", "close")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A worker's event loop; what it mends is put back."""
    sends = {name: getattr(AIOKafkaConnection, name) for name in MENDED}
    made = new_event_loop()
    yield made
    made.close()
    for name, send in sends.items():
        setattr(AIOKafkaConnection, name, send)
    asyncio.set_event_loop(None)


def test_the_loop_is_uvloops(loop: asyncio.AbstractEventLoop) -> None:
    """Where it is installed, the worker runs on it."""
    assert isinstance(loop, uvloop.Loop)


def test_a_transport_that_has_closed_is_a_lost_connection(loop: asyncio.AbstractEventLoop) -> None:
    """What aiokafka sends on it fails as its tasks expect, and the connection is renewed."""
    loop.run_until_complete(_send_on_a_closed_transport())


def test_made_twice_it_is_mended_once(loop: asyncio.AbstractEventLoop) -> None:
    """A second loop in the process wraps the client's methods no further."""
    mended = [getattr(AIOKafkaConnection, name) for name in MENDED]
    new_event_loop().close()
    for name, once in zip(MENDED, mended, strict=True):
        assert getattr(AIOKafkaConnection, name).__wrapped__ is once.__wrapped__


def test_a_closed_connection_does_not_wait_for_the_broker(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    """TLS says goodbye, and the broker may be busy with what it was asked before."""
    authority = Authority(tmp_path, "authority")
    pair, over = authority.pair("broker"), threading.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)

    def silent(server: socket.socket) -> None:
        with server.accept()[0] as connection, context.wrap_socket(connection, server_side=True):
            over.wait()

    with socket.create_server(("127.0.0.1", 0)) as server:
        broker = threading.Thread(target=silent, args=[server])
        broker.start()
        trusting = ssl.create_default_context(cafile=str(authority.certificate))
        try:
            loop.run_until_complete(_connect_and_close(server.getsockname()[1], trusting))
        finally:
            over.set()
            broker.join()


async def _connect_and_close(port: int, context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    reader, closed = asyncio.StreamReader(), loop.create_future()
    protocol = AIOKafkaProtocol(closed, reader, loop=loop)
    transport, _ = await loop.create_connection(lambda: protocol, "127.0.0.1", port, ssl=context)
    connection = AIOKafkaConnection("127.0.0.1", port, security_protocol="SSL", ssl_context=context)
    connection._reader, connection._closed_fut = reader, closed
    connection._writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    connection._read_task = loop.create_future()
    # By itself the loop would wait for 30 s.
    await asyncio.wait_for(connection.close(), 10)


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

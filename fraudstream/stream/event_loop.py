"""The process's event loop: uvloop's where it is installed, with the Kafka client made fit for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make the event loop and set it."""
    AIOKafkaConnection.close = _CLOSE
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        loop = uvloop.new_event_loop()
        for name, send in _SENDS.items():
            setattr(AIOKafkaConnection, name, _telling_of_a_closed_transport(send))
    asyncio.set_event_loop(loop)
    return loop


_SENDS = {name: getattr(AIOKafkaConnection, name) for name in ("send", "_send_sasl_token")}
"""Whatever writes to a connection."""


def _telling_of_a_closed_transport(send: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of aiokafka's that sends, failing as the client expects of a lost connection.

    Whoever writes to a transport that has just closed gets a RuntimeError of uvloop, where asyncio's own
    loop drops what is written. It would end the client's task that keeps the cluster's metadata fresh; from
    then on the client finds no coordinator, and commits nothing any more.
    """

    @wraps(send)
    def telling(self: AIOKafkaConnection, *args: Any, **options: Any) -> Any:
        try:
            return send(self, *args, **options)
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error

    return telling


def closing_at_once(close: Callable[..., Any]) -> Callable[..., Any]:
    """Return aiokafka's method that closes a connection, so that it does not wait for the broker.

    TLS says goodbye, and asyncio waits up to 30 s for the broker to say it as well. Where the answer to a
    request is under way, as it mostly is to a consumer, uvloop takes them all, and a recovery waits for that.
    """

    @wraps(close)
    def at_once(self: AIOKafkaConnection, *args: Any, **options: Any) -> Any:
        writer = self._writer
        closed = close(self, *args, **options)
        # Nobody waits any more for what is still to be sent or to come.
        if writer is not None and self._security_protocol in ("SSL", "SASL_SSL"):
            writer.transport.abort()
        return closed

    return at_once


_CLOSE = closing_at_once(AIOKafkaConnection.close)

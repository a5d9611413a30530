"""Asks a broker that does not answer again, until it does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from aiokafka.errors import KafkaError, KafkaTimeoutError

from fraudstream.stream.errors import BrokerError

if TYPE_CHECKING:
    from fraudstream.stream.observer import StreamObserver

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

AGAIN_SECONDS = 1.0
"""How long to wait before the broker is asked again."""


async def until_answered(ask: Callable[[], Awaitable[Answer]], observer: StreamObserver) -> Answer:
    """Return the answer; while the broker is away ask again, which is said once and counted each time.

    Every other failure is raised. Nothing may be left half done by a question that fails.
    """
    is_told = False
    while True:
        try:
            return await ask()
        except (BrokerError, KafkaError, TimeoutError) as error:
            if not is_away(error):
                raise
            if not is_told:
                log.warning(
                    "the broker does not answer (%s): asking again until it does", error or repr(error)
                )
            is_told = True
            observer.on_error("broker")
        await asyncio.sleep(AGAIN_SECONDS)


def is_away(error: Exception) -> bool:
    """Whether a failure says no more than that the broker is not there, or not yet ready."""
    if isinstance(error, BrokerError):
        return error.is_away
    return isinstance(error, (TimeoutError, KafkaTimeoutError)) or bool(getattr(error, "retriable", False))

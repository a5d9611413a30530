"""Counts what the Kafka clients complain of: they tell it to nobody but the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fraudstream.stream.observer import StreamObserver

CLIENTS = ("aiokafka", "kafka")


class _Counting(logging.Handler):
    def __init__(self, observer: StreamObserver) -> None:
        super().__init__(logging.WARNING)
        self._observer = observer

    def emit(self, record: logging.LogRecord) -> None:
        client, _, part = record.name.partition(".")
        self._observer.on_client_error(part or client)


@contextmanager
def client_errors_counted(observer: StreamObserver) -> Iterator[None]:
    """Report each warning and error of a Kafka client by the part that logs, also where it is not shown."""
    handler = _Counting(observer)
    for client in CLIENTS:
        logging.getLogger(client).addHandler(handler)
    try:
        yield
    finally:
        for client in CLIENTS:
            logging.getLogger(client).removeHandler(handler)

"""Sends spans in a thread of its own, bounded in everything: what it cannot send is dropped and counted."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

log = logging.getLogger(__name__)

QUEUE_SPANS_MAX = 4_096
REQUEST_SPANS_MAX = 512
REQUEST_SECONDS_MAX = 5.0
"""How long it is tried to send spans."""
EVERY_SECONDS = 1.0
"""How long spans wait for others to be sent with."""
STOP_SECONDS_MAX = 2.0
"""How long a worker that stops waits for its last spans."""


def over_http(
    endpoint: str, headers: Mapping[str, str], ca: Path | None, count: Callable[[str, int], None]
) -> SpanSender:
    """Return what sends spans to a collector by OTLP over HTTP; `count` as of `SpanSender`."""
    session = requests.Session()
    # Else variables and files of other programs would go before what the topology says: REQUESTS_CA_BUNDLE
    # before its authorities, ~/.netrc before its headers.
    session.trust_env = False
    exporter = OTLPSpanExporter(
        endpoint,
        None if ca is None else str(ca),
        headers=headers,
        timeout=REQUEST_SECONDS_MAX,
        compression=Compression.Gzip,
        session=session,
    )
    return SpanSender(exporter, count)


class SpanSender(SpanProcessor):
    """Takes spans that have ended, without ever waiting; a thread hands them to an exporter.

    `count` is told what became of how many: `sent`, `failed` (the collector did not take them) or `full`
    (too many waited).
    """

    def __init__(self, exporter: SpanExporter, count: Callable[[str, int], None]) -> None:
        self._exporter = exporter
        self._count = count
        self._waiting: queue.Queue[ReadableSpan] = queue.Queue(QUEUE_SPANS_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span, or drop it where too many wait."""
        try:
            self._waiting.put_nowait(span)
        except queue.Full:
            self._count("full", 1)

    def shutdown(self) -> None:
        """Send what waits, for `STOP_SECONDS_MAX` at most; what is not sent then is dropped, and said."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS_MAX)
        if self._thread.is_alive():
            log.warning("traces: the last spans could not be sent in %.0f s: dropped", STOP_SECONDS_MAX)
        self._exporter.shutdown()

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            self._send_all()
        self._send_all()

    def _send_all(self) -> None:
        while spans := list(self._taken()):
            taken = self._exporter.export(spans) is SpanExportResult.SUCCESS
            self._count("sent" if taken else "failed", len(spans))

    def _taken(self) -> Iterator[ReadableSpan]:
        for _ in range(REQUEST_SPANS_MAX):
            try:
                yield self._waiting.get_nowait()
            except queue.Empty:
                return

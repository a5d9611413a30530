"""A collector of traces on loopback, which takes OTLP over HTTP as real ones do."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.certificates import Pair


class Collector:
    """The requests that came in, by their bytes and their headers, and the spans in them.

    It answers with `status`.
    """

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.endpoint = ""

    def spans(self) -> list[Any]:
        """Return all spans."""
        return [
            span
            for body in list(self.bodies)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def batches(self) -> list[Any]:
        """Return the spans of batches."""
        return [span for span in self.spans() if span.name.startswith("process ")]


def attributes(span: Any) -> dict[str, Any]:
    """Return the attributes of a span."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


@contextmanager
def collector(shown: Pair | None = None) -> Iterator[Collector]:
    """Run a collector, over TLS where it is given a certificate to show."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.headers.append(dict(self.headers.items()))
            if found.status == 200:
                found.bodies.append(gzip.decompress(body))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if shown is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown.both)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if shown is None else "https"
    found.endpoint = f"{scheme}://127.0.0.1:{server.server_port}/v1/traces"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

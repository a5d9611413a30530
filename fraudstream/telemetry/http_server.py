"""The HTTP server of a worker: small, bounded in everything, and in TLS where it has a certificate."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from fraudstream.telemetry.http_guard import Pages, guarded

CONNECTIONS_MAX = 16
"""More at a time are hung up on."""
REQUEST_BYTES_MAX = 8_192
"""What a request line and its headers may have together; a body is never read."""
SECONDS_MAX = 10.0
"""What a connection has in all: the handshake, the request and the answer."""


@dataclass(frozen=True)
class Access:
    """Who may read, and how.

    Attributes
    ----------
    tls
        What the server shows of itself; without it all is sent in the clear.
    authorization
        What the header of that name must say: `Bearer TOKEN`, or `Basic` and name and password in base64.
    seconds_max
        What a connection has in all.
    """

    tls: ssl.SSLContext | None = None
    authorization: str | None = None
    seconds_max: float = SECONDS_MAX


OPEN = Access()
"""Whoever reaches the address may read."""


def serve(pages: Pages, host: str, port: int, access: Access, refused: Callable[[str], None]) -> int:
    """Answer requests in threads; return the port, chosen by the system where 0 is asked for.

    `refused` is told why a request is not answered: `busy`, or as for `guarded`. OSError where the address
    is taken.
    """
    server = _server_class(host, port)((host.strip("[]"), port), access, refused)
    server.set_app(guarded(pages, access.authorization, refused))
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return int(server.server_port)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], access: Access, refused: Callable[[str], None]) -> None:
        self._access = access
        self._refused = refused
        self._free = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection while there is room."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self._refused("busy")
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, and make room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one request; whoever is slow is cut off, in whatever it is slow."""
        request.settimeout(self._access.seconds_max)
        same = request.dup()
        cut = threading.Timer(self._access.seconds_max, _cut, [same])
        cut.daemon = True
        cut.start()
        try:
            self._answer(request, client_address)
        finally:
            cut.cancel()
            same.close()

    def _answer(self, request: Any, client_address: Any) -> None:
        tls = self._access.tls
        if tls is None:
            super().finish_request(request, client_address)
            return
        # Not where connections are accepted: there one silent client would hold up all others.
        with tls.wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what clients break off is no news."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _server_class(host: str, port: int) -> type[_Server]:
    """Return the server for an address of IPv4 or IPv6; OSError where the name is unknown."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return type("Server", (_Server,), {"address_family": found[0][0]})


class _Handler(WSGIRequestHandler):
    def setup(self) -> None:
        """Read no more than a request may have."""
        super().setup()
        self._bounded = _Bounded(self.rfile)
        self.rfile = io.BufferedReader(self._bounded)

    def parse_request(self) -> bool:
        """Refuse what was not read whole."""
        is_whole = super().parse_request()
        if is_whole and self._bounded.left == 0:
            self.send_error(431)
            return False
        return is_whole

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class _Bounded(io.RawIOBase):
    """Ends after so many bytes."""

    def __init__(self, source: Any) -> None:
        super().__init__()
        self._source = source
        self.left = REQUEST_BYTES_MAX

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is, as far as it goes."""
        read = self._source.read1(min(len(buffer), self.left)) if self.left else b""
        buffer[: len(read)] = read
        self.left -= len(read)
        return len(read)

    def close(self) -> None:
        """Close what is read."""
        self._source.close()
        super().close()

"""A server that ends while it answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def half_an_answer() -> Iterator[int]:
    """Give the port of one that answers a single request, and no more than a part of what it announces."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfraud")

        dying = threading.Thread(target=answer)
        dying.start()
        yield int(server.getsockname()[1])
        dying.join()

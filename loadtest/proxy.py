"""A TCP proxy on loopback whose traffic can be cut: noisily, or so that nothing comes through any more."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType

_BYTES_MAX = 1 << 16


class Proxy:
    """Passes on what reaches `port` to another port of this machine, while the block lasts."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._passing = threading.Event()
        self._passing.set()
        self._refusing = False
        self._delay_s = 0.0
        self._sockets: set[socket.socket] = set()

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _hang_up(self._listening)
        self.cut(noisily=True)
        self._passing.set()

    def cut(self, noisily: bool) -> None:
        """Let nothing through: either hang up on everybody, or hold back what is sent until it is mended."""
        self._passing.clear()
        self._refusing = noisily
        if noisily:
            for each in tuple(self._sockets):
                _hang_up(each)

    def mend(self) -> None:
        """Pass everything on again, first what was held back."""
        self._refusing = False
        self._passing.set()

    def slow(self, delay_s: float) -> None:
        """Hold back for so long what is passed on, in pieces of up to 64 KiB, either way; 0 for no more."""
        self._delay_s = delay_s

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        try:
            if self._refusing:
                raise ConnectionRefusedError
            far = socket.create_connection(self._target)
        except OSError:
            near.close()
            return
        self._sockets |= {near, far}
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(_BYTES_MAX):
                if self._delay_s:
                    time.sleep(self._delay_s)
                self._passing.wait()
                sink.sendall(received)
        self._passing.wait()
        for each in (source, sink):
            _hang_up(each)
            self._sockets.discard(each)


def _hang_up(each: socket.socket) -> None:
    # A mere close would leave a thread that waits for the socket waiting.
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()

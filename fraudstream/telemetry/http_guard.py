"""Decides which requests a worker answers: who asks, how often, and for what."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Start = Callable[..., Any]
Pages = Callable[[Environ, Start], Iterable[bytes]]
"""A WSGI application."""

OPEN_BELOW = "/health/"
"""What stands below needs no credentials and has no rate: an orchestrator has none, and must be answered."""
REQUESTS_PER_S_MAX = 10.0
REQUESTS_AT_ONCE_MAX = 20


class Rate:
    """Lets so many requests through in a second, and so many at once after a pause."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._left = float(REQUESTS_AT_ONCE_MAX)
        self._at = clock()

    def allows(self) -> bool:
        """Whether one more request is let through now."""
        with self._lock:
            now = self._clock()
            self._left = min(REQUESTS_AT_ONCE_MAX, self._left + (now - self._at) * REQUESTS_PER_S_MAX)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


def guarded(
    pages: Pages, authorization: str | None, refused: Callable[[str], None], rate: Rate | None = None
) -> Pages:
    """Return an application that leaves to `pages` what may be answered, and says no to all else.

    `authorization` is what the header of that name must say, None where nobody is asked. `refused` is told
    each refusal, by `credentials`, `method` or `rate`.
    """
    scheme, _, wanted = (authorization or "").partition(" ")
    let_through = rate or Rate()

    def answer(environ: Environ, start: Start) -> Iterable[bytes]:
        start_named = _named(start)
        if environ.get("REQUEST_METHOD") != "GET":
            refused("method")
            return _no(start_named, "405 Method Not Allowed", ("Allow", "GET"))
        if str(environ.get("PATH_INFO")).startswith(OPEN_BELOW):
            return pages(environ, start_named)
        if wanted and not _is_known(str(environ.get("HTTP_AUTHORIZATION", "")), scheme, wanted):
            refused("credentials")
            return _no(start_named, "401 Unauthorized", ("WWW-Authenticate", f'{scheme} realm="fraudstream"'))
        # Whoever is not known uses up nothing of what those have who are.
        if not let_through.allows():
            refused("rate")
            return _no(start_named, "429 Too Many Requests", ("Retry-After", "1"))
        return pages(environ, start_named)

    return answer


def _is_known(told: str, scheme: str, wanted: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    told_scheme, _, credentials = told.partition(" ")
    is_right = hmac.compare_digest(credentials.strip().encode(), wanted.encode())
    return is_right and told_scheme.lower() == scheme.lower()


def _named(start: Start) -> Start:
    """Say no more of the server than its name."""

    def start_named(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start(status, [*headers, ("Server", "fraudstream")], *more)

    return start_named


def _no(start: Start, status: str, header: tuple[str, str]) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), header])
    return [f"{status}\n".encode()]

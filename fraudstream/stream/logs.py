"""Which log lines of the libraries reach the operator."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fraudstream.stream.log_lines import JsonLines

if TYPE_CHECKING:
    from fraudstream.config import Log

from fraudstream.config.secret import masked

OURS = "fraudstream"
REPEAT_SECONDS = 10.0
LINES_MAX = 1_000

FAUST_LOG = logging.getLogger("faust")
"""For our subclasses of Faust's services, which would else log under the name of our module."""


class Sparing(logging.Filter):
    """Lets a library say the same again only after a while: without a broker aiokafka logs 80 lines a second.

    Lines are the same if they differ in their arguments only. Our own lines always pass.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line passes."""
        if record.name.partition(".")[0] == OURS:
            return True
        # aiokafka leaves futures of its own behind; the same error has reached whoever waited for it.
        if record.name == "asyncio" and record.exc_info and "aiokafka" in type(record.exc_info[1]).__module__:
            return False
        line = (record.name, str(record.msg))
        if record.created - self._said_at.get(line, 0.0) < REPEAT_SECONDS:
            return False
        if len(self._said_at) == LINES_MAX:
            self._said_at.clear()
        self._said_at[line] = record.created
        return True


class Masking(logging.Formatter):
    """Writes no secret that this process has read, also not in the trace of an error."""

    def __init__(self, lines: logging.Formatter) -> None:
        super().__init__()
        self._lines = lines

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return masked(self._lines.format(record))


def configure_logging(wanted: Log) -> None:
    """Log to standard error: ours from the level that is wanted on, the libraries' from WARNING on."""
    handler = logging.StreamHandler()
    handler.addFilter(Sparing())
    human = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(Masking(JsonLines() if wanted.format == "json" else human))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(OURS).setLevel(wanted.level.upper())


class _Muted:
    """Counts who wants a logger silent: blocks overlap across threads, and the last one gives its level back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, tuple[int, int]] = {}

    def add(self, name: str) -> None:
        logger = logging.getLogger(name)
        with self._lock:
            count, level = self._wanted.get(name, (0, logger.level))
            self._wanted[name] = (count + 1, level)
            logger.setLevel(logging.CRITICAL + 1)

    def remove(self, name: str) -> None:
        with self._lock:
            count, level = self._wanted.pop(name)
            if count > 1:
                self._wanted[name] = (count - 1, level)
            else:
                logging.getLogger(name).setLevel(level)


_MUTED = _Muted()


@contextmanager
def muted(name: str) -> Iterator[None]:
    """Keep a library's lines out of sight where its errors are handled."""
    _MUTED.add(name)
    try:
        yield
    finally:
        _MUTED.remove(name)

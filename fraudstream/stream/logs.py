"""Which log lines of the libraries reach the operator."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

from fraudstream.config.secret import masked
from fraudstream.events import card_numbers
from fraudstream.stream.log_lines import JsonLines

if TYPE_CHECKING:
    from fraudstream.config import Log

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
    """Writes no secret that this process has read and no card number, also not in the trace of an error.

    Without `quotes` it also keeps back what errors say, which may repeat an event. What foreseen errors say,
    of our own classes and those of the broker's clients, is about no event. Tracebacks are for `lines` to
    write, see `Quiet`.
    """

    def __init__(self, lines: logging.Formatter, *, quotes: bool = True) -> None:
        super().__init__()
        self._lines = lines
        self._quotes = quotes

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        if not self._quotes:
            # A copy: other handlers are handed the same record.
            record = copy(record)
            given = record.args
            record.args = tuple(map(_unquoted, given)) if isinstance(given, tuple) else given
            record.exc_text = None
        return card_numbers.masked(masked(self._lines.format(record)))


def _unquoted(argument: object) -> object:
    if not isinstance(argument, BaseException) or isinstance(argument, OSError):
        return argument
    room = type(argument).__module__.partition(".")[0]
    return argument if room in _OF_NO_EVENT else type(argument).__name__


_OF_NO_EVENT = (OURS, "kafka", "aiokafka")


class Quiet(logging.Formatter):
    """Tells of errors where they were raised, and not what they say."""

    def formatException(self, ei: Any) -> str:
        """Return the places, of what led to the error first."""
        return "\n".join(_places(ei[1]))


class _QuietJson(Quiet, JsonLines):
    pass


def _places(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    yield from _places(error.__cause__ or error.__context__)
    yield from (line.rstrip("\n") for line in traceback.format_tb(error.__traceback__))
    yield type(error).__name__


def lines_of(form: str, *, quotes: bool) -> logging.Formatter:
    """Return what writes lines as `human` or `json`; without `quotes` they leave out what errors say."""
    if form == "json":
        return Masking(JsonLines() if quotes else _QuietJson(), quotes=quotes)
    kind = logging.Formatter if quotes else Quiet
    return Masking(kind("%(asctime)s %(levelname)s %(name)s: %(message)s"), quotes=quotes)


def configure_logging(wanted: Log, *, quotes: bool) -> None:
    """Log to standard error: ours from the level that is wanted on, the libraries' from WARNING on.

    Without `quotes` lines leave out what unforeseen errors say.
    """
    handler = logging.StreamHandler()
    handler.addFilter(Sparing())
    handler.setFormatter(lines_of(wanted.format, quotes=quotes))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(OURS).setLevel(wanted.level.upper())


class _Muted:
    """Counts who wants a logger silent: blocks of threads overlap, and the last one gives its level back."""

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

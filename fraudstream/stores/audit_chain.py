"""The entries of an audit log: each line has the hash of the one before it.

A writer that dies leaves a line without an end. The next one puts a mark behind that line and an entry `torn`
after it, which has the hash of what was left: a torn line is told of for good, and is never taken for a
change of what was whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

FIRST = "0" * 64
"""What stands for the hash before the first entry."""
TORN = "torn"
MARK = b" #torn\n"
_KEYS = ("number", "previous", "time", "actor", "event", "details", "hash")
_TEXTS = ("previous", "time", "actor", "event", "hash")


@dataclass(frozen=True)
class Entry:
    """One entry; `details` are small values by name."""

    number: int
    previous: str
    time: str
    actor: str
    event: str
    details: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """The hash of all of it, and so of all before it."""
        return sha256(orjson.dumps(self._content())).hexdigest()

    def line(self) -> bytes:
        """Return the one spelling of the entry."""
        return orjson.dumps({**self._content(), "hash": self.hash}) + b"\n"

    def _content(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in _KEYS[:-1]}


class BrokenError(ValueError):
    """A line is not what a writer has written there; the message says why."""


@dataclass
class Chain:
    """Takes in a log line by line.

    Attributes
    ----------
    number, head
        Number and hash of the last whole entry.
    loose
        What writers that died have left since, with the marks behind it; the next entry must tell of it.
    """

    number: int = 0
    head: str = FIRST
    loose: list[bytes] = field(default_factory=list)

    def read(self, content: bytes) -> Iterator[Entry]:
        """Yield the entries of a whole log; BrokenError at the first line that is none."""
        *lines, last = content.split(b"\n")
        for line in lines:
            yield from self._line(line + b"\n")
        if last:
            self._check_cut(last)
            self.loose.append(last)

    @property
    def is_torn(self) -> bool:
        """Whether a writer has died, and no entry tells of it yet."""
        return bool(self.loose)

    def next(self, time: str, actor: str, event: str, details: Mapping[str, Any]) -> bytes:
        """Return what is to be written for an entry, and take it in; closes what is torn."""
        closing = b""
        if self.loose:
            end = b"" if self.loose[-1].endswith(MARK) else MARK
            self.loose[-1] += end
            closing = end + self._add(time, actor, TORN, self._left())
            self.loose = []
        return closing + self._add(time, actor, event, details)

    def _line(self, line: bytes) -> Iterator[Entry]:
        if line.endswith(MARK):
            self._check_cut(line[:-1])
            self.loose.append(line)
        else:
            yield self._taken(line)

    def _add(self, time: str, actor: str, event: str, details: Mapping[str, Any]) -> bytes:
        entry = Entry(self.number + 1, self.head, time, actor, event, details)
        self.number, self.head = entry.number, entry.hash
        return entry.line()

    def _taken(self, line: bytes) -> Entry:
        entry = _parsed(line)
        if entry is None:
            raise BrokenError("is no entry as it was written")
        if (entry.number, entry.previous) != (self.number + 1, self.head):
            raise BrokenError("does not follow the entry before it")
        if self._is_closing(entry) != bool(self.loose):
            raise BrokenError(
                "does not tell of the torn line before it" if self.loose else "tells of no torn line"
            )
        self.loose = []
        self.number, self.head = entry.number, entry.hash
        return entry

    def _is_closing(self, entry: Entry) -> bool:
        return entry.event == TORN and (not self.loose or entry.details == self._left())

    def _left(self) -> dict[str, Any]:
        left = b"".join(self.loose)
        return {"lines": len(self.loose), "bytes": len(left), "sha256": sha256(left).hexdigest()}

    def _check_cut(self, line: bytes) -> None:
        """Raise BrokenError unless a line without an end can be the begin of the next entry."""
        # The mark may be cut too, and after a loss of power a file may have kept its length, and zeros.
        marked = next((n for n in range(len(MARK) - 1, 0, -1) if line.endswith(MARK[:n])), 0)
        left = line[: len(line) - marked].rstrip(b"\0")
        begins = f'{{"number":{self.number + 1},"previous":"{self.head}","time":"'.encode()
        if not left.startswith(begins[: len(left)]):
            raise BrokenError("has no end, and is not the begin of an entry that follows")
        if (end := _end_of_object(left)) is not None and _parsed(left[:end] + b"\n" + left[end:]) is None:
            raise BrokenError("is no entry as it was written")


def _end_of_object(text: bytes) -> int | None:
    """Return where the JSON object ends with which a text begins, None where it does not."""
    try:
        # Latin-1 has one character a byte, so that the place is that in the bytes.
        return json.JSONDecoder().raw_decode(text.decode("latin-1"))[1]
    except (ValueError, RecursionError):
        return None


def _parsed(line: bytes) -> Entry | None:
    """Return the entry of a line, None unless it is the one spelling of one with its own hash."""
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(data, dict) or tuple(data) != _KEYS or not isinstance(data["details"], dict):
        return None
    if type(data["number"]) is not int or not all(isinstance(data[key], str) for key in _TEXTS):
        return None
    entry = Entry(**{key: data[key] for key in _KEYS[:-1]})
    return entry if entry.line() == line else None

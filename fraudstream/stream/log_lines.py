"""Log lines as JSON, and the one law for the names of what stands in them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from fraudstream.stream.batch import Partition

FIELDS: Mapping[str, str] = {
    "topic": "the topic that the line is about",
    "partition": "its partition",
    "offset": "the first or only offset",
    "offset_last": "the last offset, where there are several",
    "shard": "0 reads the input, higher numbers are stages of a keyed topology",
    "alert_id": "the id of the alert",
    "reason": "why something was refused or left out, one of a few words",
    "ruleset": "the version of the ruleset in force",
    "rules": "how many of its rules run",
    "bundle": "the sequence of the bundle that it came in, null where it came in none",
    "model": "the model",
    "messages": "how many messages",
    "seconds": "how long it took",
}
"""What may stand in a line beside its message, and in `extra` of a call that logs: places, ids, figures.

Never what an event says: no payload, no name, no card number. A test holds every call against it.
"""


class JsonLines(logging.Formatter):
    """Writes a line as one JSON object: `at`, `level`, `logger`, `message`, its fields, what was raised."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = record.exc_info[0].__name__
            told["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(told, default=str).decode()


def place(partition: Partition, first: int, last: int | None = None) -> dict[str, Any]:
    """Return the fields that name a stretch of a partition, or one message of it."""
    topic, number = partition
    one = {"topic": topic, "partition": number, "offset": first}
    return one if last is None or last == first else {**one, "offset_last": last}

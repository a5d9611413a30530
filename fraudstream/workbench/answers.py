"""What is known of past events: labels from a file, or from a column of the history itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.labels import read_labels
from fraudstream.events.batch import EventBatch
from fraudstream.events.times import parse_time
from fraudstream.workbench.sources import SourceError, open_source

UNKNOWN, GENUINE, FRAUD = -1, 0, 1
Labels = NDArray[np.int8]
"""UNKNOWN, GENUINE or FRAUD for each of n events."""
NOT_DATED_US = -1
"""Nobody says when a label became known."""

_FRAUD = (True, 1, "1", "true", "yes", "fraud")
_GENUINE = (False, 0, "0", "false", "no", "genuine")


class Seen(Protocol):
    """Messages, and the events among them."""

    @property
    def messages(self) -> Sequence[bytes | None]:
        """The messages; the rows of the events lead back to them."""

    @property
    def batch(self) -> EventBatch:
        """The n events."""


class Answers(Protocol):
    """Says of the events of a batch what they were."""

    def of(self, seen: Seen) -> Labels:
        """Return the labels [n] of the events."""

    def known_us(self, seen: Seen) -> NDArray[np.int64]:
        """Return when each label became known, int64 [n]; NOT_DATED_US where nobody says."""


class LabelColumn:
    """A column of the history; a name with dots leads into nested objects."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._path = name.split(".")

    def of(self, seen: Seen) -> Labels:
        """Return what the column says of each event; SourceError where that is no label."""
        rows = seen.batch.row.tolist()
        values = (self._value(seen.messages[row]) for row in rows)
        return np.fromiter(map(self._label, values), np.int8, len(rows))

    def known_us(self, seen: Seen) -> NDArray[np.int64]:
        """Return NOT_DATED_US for each: a column tells what, and not when."""
        return np.full(len(seen.batch), NOT_DATED_US, np.int64)

    def _value(self, message: bytes | None) -> Any:
        try:
            found = orjson.loads(message or b"")
        except orjson.JSONDecodeError:
            # What the engine takes and a strict reader does not has no label.
            return None
        if self._name in found:
            return found[self._name]
        for part in self._path:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def _label(self, value: Any) -> int:
        if value is None or value == "":
            return UNKNOWN
        said = value.strip().lower() if isinstance(value, str) else value
        if said in _FRAUD:
            return FRAUD
        if said in _GENUINE:
            return GENUINE
        remedy = "use true and false, 1 and 0, or fraud and genuine"
        raise SourceError(f"the label column {self._name!r} holds {str(value)[:40]!r}: {remedy}")


class LabelFile:
    """Labels by event id, as the labels topic carries them; of several of one event the first counts."""

    def __init__(self, labels: Mapping[str, bool], known_us: Mapping[str, int] | None = None) -> None:
        self._labels = labels
        self._known_us = known_us or {}

    def of(self, seen: Seen) -> Labels:
        """Return what the file says of each event."""
        said = (self._labels.get(each) for each in seen.batch.ids.all())
        return np.fromiter(
            (UNKNOWN if each is None else int(each) for each in said), np.int8, len(seen.batch)
        )

    def known_us(self, seen: Seen) -> NDArray[np.int64]:
        """Return when the file says that each label became known."""
        times = (self._known_us.get(each, NOT_DATED_US) for each in seen.batch.ids.all())
        return np.fromiter(times, np.int64, len(seen.batch))


class Several:
    """Several answers: of each event the first that knows it counts, and `otherwise` where none does."""

    def __init__(self, answers: Sequence[Answers], otherwise: int = UNKNOWN) -> None:
        self._answers = answers
        self._otherwise = otherwise

    def of(self, seen: Seen) -> Labels:
        """Return what is known of each event."""
        labels = np.full(len(seen.batch), UNKNOWN, np.int8)
        for each in self._answers:
            labels = np.where(labels == UNKNOWN, each.of(seen), labels)
        labels[labels == UNKNOWN] = self._otherwise
        return labels

    def known_us(self, seen: Seen) -> NDArray[np.int64]:
        """Return when each label became known, by the answers that gave it."""
        times = np.full(len(seen.batch), NOT_DATED_US, np.int64)
        open_ = np.ones(len(seen.batch), np.bool_)
        for each in self._answers:
            gives = open_ & (each.of(seen) != UNKNOWN)
            times = np.where(gives, each.known_us(seen), times)
            open_ &= ~gives
        return times


def read_label_file(path: Path) -> LabelFile:
    """Read a file of one label a line, schema `fraudstream.label/v1`; SourceError where a line is none."""
    if path.suffix not in (".jsonl", ".ndjson", ".json"):
        raise SourceError(f"{path}: is no file of labels: give JSON lines, as docs/label.schema.json says")
    labels: dict[str, bool] = {}
    known_us: dict[str, int] = {}
    for event_id, fraud, us in _labels(path):
        if event_id not in labels and us != NOT_DATED_US:
            known_us[event_id] = us
        labels.setdefault(event_id, fraud)
    return LabelFile(labels, known_us)


def _labels(path: Path) -> Iterator[tuple[str, bool, int]]:
    line = 1
    for batch in open_source(path).batches():
        labels, dead = read_labels(batch)
        if dead:
            raise SourceError(f"{path}:{line + dead[0].row}: {dead[0].detail}")
        if labels.of_alert.any():
            # An alert's id holds the ruleset's version, so that it means nothing to another ruleset.
            row = line + int(labels.of_alert.argmax())
            raise SourceError(f"{path}:{row}: names an alert: a back-test needs labels by event_id")
        times = [_time(path, line + row, text) for row, text in enumerate(labels.known_at)]
        yield from zip(labels.ids.all(), labels.fraud.tolist(), times, strict=True)
        line += len(batch)


def _time(path: Path, line: int, text: str | None) -> int:
    if text is None:
        return NOT_DATED_US
    try:
        return parse_time(text)
    except ValueError as error:
        raise SourceError(f"{path}:{line}: known_at: {error}: correct it, or leave known_at out") from None

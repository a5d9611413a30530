"""What is known of past events: labels from a file, or from a column of the history itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.labels import read_labels
from fraudstream.workbench.observing import Look
from fraudstream.workbench.sources import SourceError, open_source

UNKNOWN, GENUINE, FRAUD = -1, 0, 1
Labels = NDArray[np.int8]
"""UNKNOWN, GENUINE or FRAUD for each of n events."""

_FRAUD = (True, 1, "1", "true", "yes", "fraud")
_GENUINE = (False, 0, "0", "false", "no", "genuine")


class Answers(Protocol):
    """Says of the judged events of a batch what they were; the engine never sees it."""

    def of(self, look: Look) -> Labels:
        """Return the labels [n] of the judged events."""


class LabelColumn:
    """A column of the history; a name with dots leads into nested objects."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._path = name.split(".")

    def of(self, look: Look) -> Labels:
        """Return what the column says of each event; SourceError where that is no label."""
        rows = look.judged.batch.row.tolist()
        values = (self._value(look.messages[row]) for row in rows)
        return np.fromiter(map(self._label, values), np.int8, len(rows))

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

    def __init__(self, labels: dict[str, bool]) -> None:
        self._labels = labels

    def of(self, look: Look) -> Labels:
        """Return what the file says of each event."""
        said = (self._labels.get(each) for each in look.judged.batch.ids.all())
        return np.fromiter((UNKNOWN if each is None else int(each) for each in said), np.int8, len(look))


class Several:
    """Several answers: of each event the first that knows it counts, and `otherwise` where none does."""

    def __init__(self, answers: Sequence[Answers], otherwise: int = UNKNOWN) -> None:
        self._answers = answers
        self._otherwise = otherwise

    def of(self, look: Look) -> Labels:
        """Return what is known of each event."""
        labels = np.full(len(look), UNKNOWN, np.int8)
        for each in self._answers:
            labels = np.where(labels == UNKNOWN, each.of(look), labels)
        labels[labels == UNKNOWN] = self._otherwise
        return labels


def read_label_file(path: Path) -> LabelFile:
    """Read a file of one label a line, schema `fraudstream.label/v1`; SourceError where a line is none."""
    if path.suffix not in (".jsonl", ".ndjson", ".json"):
        raise SourceError(f"{path}: is no file of labels: give JSON lines, as docs/label.schema.json says")
    labels: dict[str, bool] = {}
    for event_id, fraud in _labels(path):
        labels.setdefault(event_id, fraud)
    return LabelFile(labels)


def _labels(path: Path) -> Iterator[tuple[str, bool]]:
    line = 1
    for batch in open_source(path).batches():
        labels, dead = read_labels(batch)
        if dead:
            raise SourceError(f"{path}:{line + dead[0].row}: {dead[0].detail}")
        if labels.of_alert.any():
            # An alert's id holds the ruleset's version, so that it means nothing to another ruleset.
            row = line + int(labels.of_alert.argmax())
            raise SourceError(f"{path}:{row}: names an alert: a back-test needs labels by event_id")
        yield from zip(labels.ids.all(), labels.fraud.tolist(), strict=True)
        line += len(batch)

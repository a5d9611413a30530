"""What is known of past events, for those who measure a rule on them; the engine never sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.labels import read_labels
from fraudstream.events.batch import EventBatch
from fraudstream.workbench.sources import SourceError, open_source

UNKNOWN, GENUINE, FRAUD = -1, 0, 1
_FRAUD = (True, 1, "1", "true", "yes", "fraud")
_GENUINE = (False, 0, "0", "false", "no", "genuine")


@dataclass(frozen=True)
class KnownLabels:
    """Labels by event id, from a column of the messages, or both; those by id count first."""

    by_id: Mapping[str, bool] = field(default_factory=dict)
    column: str | None = None
    otherwise: int = UNKNOWN
    """What an event is of which nothing is known."""

    def of(self, batch: EventBatch, messages: Sequence[bytes]) -> NDArray[np.int8]:
        """Return UNKNOWN, GENUINE or FRAUD for each of n events; SourceError where a column holds none."""
        labels = np.full(len(batch), UNKNOWN, np.int8)
        if self.column is not None:
            rows = batch.row.tolist()
            labels[:] = [_label(self.column, _value(self.column, messages[row])) for row in rows]
        if self.by_id:
            for event, identity in enumerate(batch.ids.all()):
                if identity in self.by_id:
                    labels[event] = FRAUD if self.by_id[identity] else GENUINE
        labels[labels == UNKNOWN] = self.otherwise
        return labels


def read_label_file(path: Path) -> dict[str, bool]:
    """Read labels by event id, one of schema `fraudstream.label/v1` a line; of several the first counts.

    SourceError where a line is no label, or names an alert: its id means nothing under other parameters.
    """
    if path.suffix not in (".jsonl", ".ndjson", ".json"):
        raise SourceError(f"{path}: is no file of labels: give JSON lines, as docs/label.schema.json says")
    found: dict[str, bool] = {}
    line = 1
    for batch in open_source(path).batches():
        labels, dead = read_labels(batch)
        if dead:
            raise SourceError(f"{path}:{line + dead[0].row}: {dead[0].detail}")
        if labels.of_alert.any():
            place = f"{path}:{line + int(labels.of_alert.argmax())}"
            raise SourceError(f"{place}: names an alert, which other values may not have: give the event_id")
        _keep_first(found, zip(labels.ids.all(), labels.fraud.tolist(), strict=True))
        line += len(batch)
    return found


def _keep_first(found: dict[str, bool], labels: Iterable[tuple[str, bool]]) -> None:
    for identity, fraud in labels:
        found.setdefault(identity, fraud)


def _value(column: str, message: bytes) -> Any:
    """Return what a message has in a column; a name with dots leads into nested objects."""
    try:
        content = orjson.loads(message)
    except orjson.JSONDecodeError:
        # What the engine takes and a strict reader does not has no label.
        return None
    if column in content:
        return content[column]
    for part in column.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return content


def _label(column: str, value: Any) -> int:
    if value is None or value == "":
        return UNKNOWN
    said = value.strip().lower() if isinstance(value, str) else value
    if said in _FRAUD:
        return FRAUD
    if said in _GENUINE:
        return GENUINE
    remedy = "use true and false, 1 and 0, or fraud and genuine"
    raise SourceError(f"the label column {column!r} holds {str(value)[:40]!r}: {remedy}")

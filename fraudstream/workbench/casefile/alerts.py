"""Finds one alert among many, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from fraudstream.engine.alert_schema import MESSAGES
from fraudstream.workbench.sources import SourceError

ID_CHARS_MIN = 6
"""So much of an id is enough to name it, where it names one only."""


@dataclass(frozen=True)
class Origin:
    """Where the message lies that gave rise to an alert."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Given:
    """A message that may be an alert, where it lies, and where that of its event does if that is known."""

    value: bytes
    place: str
    origin: Origin | None = None


@dataclass(frozen=True)
class FoundAlert:
    """An alert, or the summary of hits held back, as plain data by its schema."""

    content: dict[str, Any]
    place: str
    origin: Origin | None

    @property
    def is_summary(self) -> bool:
        """Whether it sums up what was held back, and is about no event of its own."""
        return "event" not in self.content


def in_file(path: Path) -> Iterator[Given]:
    """Yield the lines of a file of alerts; SourceError where it cannot be read."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield Given(line, f"{path}:{number}")
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}): check the path") from None


def find_alert(alert_id: str, among: Iterable[Given], where: str) -> FoundAlert:
    """Return the alert of an id, or the one whose id begins so; SourceError where there is none, or several.

    A repeated alert has the same id, and says the same: the first is taken.
    """
    if len(alert_id) < ID_CHARS_MIN:
        raise SourceError(
            f"{alert_id}: is too short to name an alert: give {ID_CHARS_MIN} characters or more"
        )
    found: dict[str, Given] = {}
    named = alert_id.encode()
    for given in among:
        # Few lines hold the id at all: only those are parsed.
        if named not in given.value:
            continue
        identity = _id_of(given.value)
        if identity == alert_id:
            return _read(given)
        if identity is not None and identity.startswith(alert_id):
            found.setdefault(identity, given)
    if len(found) > 1:
        raise SourceError(
            f"{alert_id}: {len(found)} alerts begin so ({', '.join(sorted(found)[:3])}): give more"
        )
    if not found:
        raise SourceError(
            f"{alert_id}: there is no such alert in {where}: check the id, and where it was told"
        )
    return _read(next(iter(found.values())))


def _id_of(value: bytes) -> str | None:
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    identity = content.get("alert_id") if isinstance(content, dict) else None
    return identity if isinstance(identity, str) else None


def _read(given: Given) -> FoundAlert:
    content = orjson.loads(given.value)
    try:
        MESSAGES.validate_python(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        why = f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        remedy = "give what this version of fraudstream writes (docs/alert.schema.json)"
        raise SourceError(f"{given.place}: is no alert as it should be ({why}): {remedy}") from None
    return FoundAlert(content, given.place, given.origin)

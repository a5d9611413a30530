"""The events that an alert counted, in the order of their times, as far as history is at hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fraudstream.engine.step import Settings
from fraudstream.engine.wording import readable_duration
from fraudstream.events.batch import EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.events.money import decimal_text
from fraudstream.events.times import format_time, parse_time
from fraudstream.workbench.casefile.schema import Moment, Value
from fraudstream.workbench.casefile.speaker import Speaker
from fraudstream.workbench.sources import History


class Read(NamedTuple):
    """An event of the history: its time, and its columns that have a value."""

    occurred_at: str
    values: Mapping[str, Any]


def read_events(
    wanted: Collection[str],
    histories: Iterable[History],
    settings: Settings,
    progress: Callable[[int], None] = lambda events: None,
) -> dict[str, Read]:
    """Return the events of some ids, as many as a history has; SourceError where it cannot be read.

    Of a repeated id the first counts, as in the engine. Reading ends with the last that is wanted.
    """
    found: dict[str, Read] = {}
    left = set(wanted)
    for history in histories:
        for messages in history.batches():
            if not left:
                return found
            # A decoder of its own for each batch: nothing is kept of the texts in between.
            batch, _ = Decoder(settings.schema, Interner(), settings.mapping).decode(messages)
            for event, identity in enumerate(batch.ids.all()):
                if identity in left:
                    left.remove(identity)
                    found[identity] = _described(batch, event)
            progress(len(messages))
    return found


def _described(batch: EventBatch, event: int) -> Read:
    values: dict[str, Any] = {}
    for column in batch.schema.columns:
        value = _value(batch, event, column.name)
        if value is not None:
            values[column.name] = value
    return Read(format_time(int(batch.time_us[event])), values)


def _value(batch: EventBatch, event: int, name: str) -> Any:
    if name in ("id", "occurred_at"):
        return None
    if name in batch.schema.texts:
        return batch.text(name, event)
    numbers = batch.number(name)
    if not numbers.present[event]:
        return None
    value = numbers.values[event].item()
    currency = batch.text("currency", event)
    return decimal_text(value, currency) if name == "amount" and currency is not None else value


def counted_by(alert: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return by event which rules and typologies of an alert counted it, its own event among them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    found[alert["event"]["id"]] = []
    for rule in alert["rules"]:
        for event in rule["contributing_event_ids"]:
            found[event].append(rule["id"])
    for typology in alert["typologies"]:
        for rule in typology["rules"]:
            if typology["id"] not in found[rule["event_id"]]:
                found[rule["event_id"]].append(typology["id"])
    return dict(found)


def time_line(alert: Mapping[str, Any], read: Mapping[str, Read], speaker: Speaker) -> list[Moment]:
    """Return what an alert counted, by time; those whose time is not known stand in front."""
    dated = dict(_dated(alert)) | {identity: each.occurred_at for identity, each in read.items()}
    own, now = alert["event"]["id"], parse_time(alert["event"]["occurred_at"])
    known = {own: dict(flat(alert["event"]))} | {identity: each.values for identity, each in read.items()}
    moments = [
        Moment(
            event_id=identity,
            occurred_at=dated.get(identity),
            before=_before(now, dated.get(identity)),
            is_alerted=identity == own,
            counted_by=names,
            values=_shown(known.get(identity), speaker),
        )
        for identity, names in counted_by(alert).items()
    ]
    # An alert names the newest first.
    moments.reverse()
    return sorted(moments, key=lambda each: (each.occurred_at or "", each.is_alerted))


def _dated(alert: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the events whose times the alert itself has."""
    yield alert["event"]["id"], alert["event"]["occurred_at"]
    for typology in alert["typologies"]:
        for rule in typology["rules"]:
            yield rule["event_id"], rule["occurred_at"]


def _before(now_us: int, occurred_at: str | None) -> str | None:
    return None if occurred_at is None else readable_duration(now_us - parse_time(occurred_at))


def _shown(values: Mapping[str, Any] | None, speaker: Speaker) -> list[Value] | None:
    return None if values is None else [speaker.column(name, value) for name, value in values.items()]


def flat(event: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the columns of an event as an alert has it."""
    for name, value in event.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        elif f"{prefix}{name}" not in ("id", "occurred_at"):
            yield f"{prefix}{name}", value


def missing_of(alert: Mapping[str, Any], read: Collection[str]) -> Sequence[str]:
    """Return the counted events that were not read, but for the alert's own, which it holds."""
    return [name for name in counted_by(alert) if name not in read and name != alert["event"]["id"]]

"""From messages to columns by way of JSON objects: slower than the kernel, but knows what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.events.appends import Appends
from fraudstream.events.batch import DeadLetter, EventBatch, Ids, Numbers
from fraudstream.events.checks import Rejections, read_amounts, read_numbers, read_text, read_times
from fraudstream.events.extract import Extractor
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.mapping import Source
from fraudstream.events.schema import ID, PAYMENT_KINDS, ColumnType, Limits, Schema


class _Columns(NamedTuple):
    """The columns of n documents, those that are refused among them; an absent name has no value at all."""

    time_us: NDArray[np.int64]
    text: Mapping[str, Sequence[str | None]]
    numbers: Mapping[str, Numbers]


class DocumentDecoder:
    """Decodes any message by a schema and an optional field map, or says why it is no event."""

    def __init__(self, schema: Schema, texts: Interner, mapping: Mapping[str, Source] | None = None) -> None:
        self.schema = schema
        self._texts = texts
        self._extractor = Extractor(schema, mapping)

    def decode(
        self, values: Sequence[bytes | None], appends: Appends | None = None
    ) -> tuple[EventBatch, list[DeadLetter]]:
        """Return the valid events as columns, and a dead letter for each other message, by row.

        Without the `appends` of the messages an event may have any time.
        """
        limits = self.schema.limits
        documents, rows, dead = _parse_all(values, limits)
        long_text = max(len(value or b"") for value in values) > limits.text_chars_max if values else False
        columns, rejections = self._columns(documents, long_text)
        if appends is not None:
            appends.take(np.array(rows, np.int32)).reject(columns.time_us, rejections)
        if rejections:
            dead += [DeadLetter(rows[index], *why) for index, why in rejections.items()]
            dead.sort(key=lambda letter: letter.row)
        kept = [index for index in range(len(rows)) if index not in rejections]
        return self._batch(columns, np.array(rows, np.int32), np.array(kept, np.intp)), dead

    def _batch(self, columns: _Columns, rows: NDArray[np.int32], kept: NDArray[np.intp]) -> EventBatch:
        """Return the events of `kept`; a text of an event that was refused is given no code."""
        schema, events = self.schema, len(kept)
        codes = np.full((len(schema.texts), events), MISSING, np.int32)
        ints = np.zeros((len(schema.wholes), events), np.int64)
        floats = np.zeros((len(schema.reals), events), np.float64)
        ints_known, floats_known = np.zeros(ints.shape, np.bool_), np.zeros(floats.shape, np.bool_)
        picks = kept.tolist()
        if picks:
            self._texts.advance(int(columns.time_us[kept].max()))
        for name, texts in columns.text.items():
            if name != ID:
                codes[schema.row_of[name]] = self._texts.codes([texts[pick] for pick in picks])
        for name, numbers in columns.numbers.items():
            whole = name in schema.wholes
            row = schema.row_of[name]
            (ints if whole else floats)[row] = numbers.values[kept]
            (ints_known if whole else floats_known)[row] = numbers.present[kept]
        named = columns.text.get(ID, ())
        ids = Ids.of([named[pick] or "" for pick in picks])
        return EventBatch(
            schema,
            rows[kept],
            columns.time_us[kept],
            codes,
            ints,
            ints_known,
            floats,
            floats_known,
            ids,
            self._texts,
        )

    def _columns(self, documents: list[dict[str, Any]], long_text: bool) -> tuple[_Columns, Rejections]:
        rejections = Rejections(self.schema.limits.quote_chars_max)
        fields = self._extractor.extract(documents, rejections)
        text: dict[str, Sequence[str | None]] = {}
        numbers: dict[str, Numbers] = {}
        chars_max = self.schema.limits.text_chars_max if long_text else None
        time_us = np.zeros(len(documents), np.int64)
        for column in self.schema.columns:
            raw = fields[column.name]
            if raw is None:
                if column.required:
                    rejections.missing(column.name, range(len(documents)))
                continue
            if column.type is ColumnType.TEXT:
                text[column.name] = read_text(column, raw, chars_max, rejections)
            elif column.type is ColumnType.TIME:
                time_us = read_times(column, raw, self._extractor.zone(column.name), rejections)
            elif column.type is not ColumnType.MONEY:
                numbers[column.name] = read_numbers(column, raw, rejections)
        self._amounts(len(documents), fields["amount"], text, numbers, rejections)
        return _Columns(time_us, text, numbers), rejections

    def _amounts(
        self,
        events: int,
        raw: list[Any] | None,
        text: dict[str, Sequence[str | None]],
        numbers: dict[str, Numbers],
        rejections: Rejections,
    ) -> None:
        nothing: list[Any] = [None] * events
        raw = nothing if raw is None else raw
        currencies = text.get("currency", nothing)
        kinds = text.get("kind", nothing)
        for index, amount in enumerate(raw) if None in raw else ():
            if amount is None and kinds[index] in PAYMENT_KINDS:
                rejections.missing("amount", (index,))
        numbers["amount"] = read_amounts(raw, currencies, self.schema.limits.amount_minor_max, rejections)


def _parse_all(
    values: Sequence[bytes | None], limits: Limits
) -> tuple[list[dict[str, Any]], Sequence[int], list[DeadLetter]]:
    """Return the JSON objects, their rows, and a dead letter for every other message."""
    documents = _parse_flawless(values, limits)
    if documents is not None:
        return documents, range(len(values)), []
    documents, rows, dead = [], [], []
    for row, value in enumerate(values):
        parsed = _parse(value, limits)
        if isinstance(parsed, dict):
            documents.append(parsed)
            rows.append(row)
        else:
            dead.append(DeadLetter(row, parsed[0], "decode", parsed[1]))
    return documents, rows, dead


def _parse_flawless(values: Sequence[bytes | None], limits: Limits) -> list[dict[str, Any]] | None:
    """Return the objects of a batch in which all is well at first sight, None where a closer look is due."""
    brackets_max, bytes_max = limits.depth_max, limits.message_bytes_max
    for value in values:
        if value is None or len(value) > bytes_max:
            return None
        if value.count(b"{") + value.count(b"[") > brackets_max:
            return None
    try:
        documents = list(map(orjson.loads, values))  # type: ignore[arg-type]
    except orjson.JSONDecodeError:
        return None
    return documents if set(map(type, documents)) <= {dict} else None


def _parse(value: bytes | None, limits: Limits) -> dict[str, Any] | tuple[str, str]:
    """Return the JSON object, or (reason, detail)."""
    if value is None:
        return "tombstone", "the message has no value: send the event itself, deletions mean nothing here"
    if len(value) > limits.message_bytes_max:
        return "too_large", f"{len(value)} bytes: a message may have at most {limits.message_bytes_max}"
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return _why_not_json(value, error)
    if type(document) is not dict:
        return "not_an_object", f"the JSON is {_json_name(document)}: send one object per message"
    if value.count(b"{") + value.count(b"[") > limits.depth_max and _deeper_than(document, limits.depth_max):
        return "too_deep", f"objects are nested more than {limits.depth_max} deep: flatten the message"
    return document


def _why_not_json(value: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    if not value:
        return "not_json", "the message is empty: send one JSON object"
    try:
        value.decode()
    except UnicodeDecodeError as wrong:
        return "invalid_utf8", f"byte {wrong.start} is not UTF-8: encode the message as UTF-8"
    if b"NaN" in value or b"Infinity" in value:
        return (
            "not_json",
            "NaN and Infinity are no JSON numbers: leave the field out where there is no number",
        )
    return "not_json", f"{error.msg}, at character {error.pos}: send one JSON object per message"


def _json_name(document: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")


def _deeper_than(document: object, depth_max: int) -> bool:
    level = [document]
    for _ in range(depth_max):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)  # type: ignore[attr-defined]
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True

"""Pulls each column's raw values out of parsed JSON objects, by path or by the field map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

from fraudstream.events.checks import Rejections
from fraudstream.events.mapping import Source
from fraudstream.events.schema import ColumnType, Schema

_NOTHING: dict[str, Any] = {}


class Extractor:
    """Knows where every column of a schema stands in a message."""

    def __init__(self, schema: Schema, mapping: Mapping[str, Source] | None) -> None:
        self._schema = schema
        self._mapping = mapping

    def zone(self, column: str) -> str | None:
        """Return the time zone that the map gives to a column, if any."""
        source = (self._mapping or {}).get(column)
        return source.zone if source else None

    def extract(
        self, documents: Sequence[dict[str, Any]], rejections: Rejections
    ) -> dict[str, list[Any] | None]:
        """Return per column the raw values of all documents, or None where no document has any."""
        objects = _Objects(documents, rejections)
        if self._mapping is None:
            return {column.name: objects.values(column.name) for column in self._schema.columns}
        return {
            column.name: self._mapped(column.name, column.type, objects) for column in self._schema.columns
        }

    def _mapped(self, name: str, kind: ColumnType, objects: _Objects) -> list[Any] | None:
        source = (self._mapping or {}).get(name)
        if source is None:
            return None
        if source.const is not None:
            return [source.const] * objects.count
        if source.join is not None:
            parts = [objects.values(path) or [None] * objects.count for path in source.join]
            return [
                None if None in row else source.separator.join(map(str, row))
                for row in zip(*parts, strict=True)
            ]
        values = objects.values(source.from_ or "")
        if values is None:
            return None
        if kind is ColumnType.TEXT:
            # A topic that was not made for us often keeps identifiers as numbers.
            values = [str(value) if type(value) is int else value for value in values]
        if source.values is not None:
            words, other = source.values, source.other
            values = [words.get(value, other or value) if type(value) is str else value for value in values]
        return values


class _Objects:
    """The nested objects of a batch of documents, each level fetched once."""

    def __init__(self, documents: Sequence[dict[str, Any]], rejections: Rejections) -> None:
        self.count = len(documents)
        self._rejections = rejections
        self._levels: dict[str, Sequence[dict[str, Any]] | None] = {"": documents}

    def values(self, path: str) -> list[Any] | None:
        """Return the values at a dotted path, or None where no document has any."""
        parent, _, name = path.rpartition(".")
        objects = self._level(parent)
        if objects is None:
            return None
        values = list(map(dict.get, objects, repeat(name)))
        return values if values.count(None) < len(values) else None

    def _level(self, path: str) -> Sequence[dict[str, Any]] | None:
        if path not in self._levels:
            self._levels[path] = self._fetch(path)
        return self._levels[path]

    def _fetch(self, path: str) -> Sequence[dict[str, Any]] | None:
        values = self.values(path)
        if values is None:
            return None
        if not set(map(type, values)) <= {dict, type(None)}:
            for index, value in enumerate(values):
                if type(value) is not dict and value is not None:
                    self._rejections.add(index, "wrong_type", f"{path}: must be an object")
                    values[index] = None
        return [value or _NOTHING for value in values]

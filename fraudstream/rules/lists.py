"""Named lists of texts, schema `fraudstream.list/v1`: what is on them, from when to when, and who says so.

A list is a YAML file, or a CSV file for long ones: its provenance in leading lines `# key: value`, then a
header of `value` and any of `from`, `to`, `note`, then one entry a line. Both are checked alike.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from fraudstream.events.times import day_us
from fraudstream.rules.errors import Problem, RulesetError, did_you_mean
from fraudstream.rules.fields import Day, Strict
from fraudstream.rules.validation import validated
from fraudstream.rules.yaml_file import YamlFile, YamlPath, read_text, read_yaml

ENTRIES_MAX = 100_000
LIST_BYTES_MAX = 8 * 1_048_576
"""Bound on a CSV list; a YAML list is bound like every YAML file."""
_HEADER = ("value", "from", "to", "note")
_PROVENANCE = ("schema", "id", "title", "source", "retrieved", "owner")


class ListEntrySpec(Strict):
    """One entry: a text, the days of event time on which it is on the list (`to` exclusive), and why."""

    value: str = Field(min_length=1, max_length=1_024)
    from_: Day | None = Field(None, alias="from")
    to: Day | None = None
    note: str | None = None

    @field_validator("value")
    @classmethod
    def _has_no_blanks_around(cls, value: str) -> str:
        if value != value.strip():
            raise ValueError(f"{value!r} begins or ends with a blank: remove it")
        return value

    @model_validator(mode="after")
    def _rises(self) -> ListEntrySpec:
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise ValueError("`to` must lie after `from`: the entry would never be on the list")
        return self


class ListFile(Strict):
    """rules/lists/*.yml."""

    schema_: Literal["fraudstream.list/v1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$")
    title: str = Field(min_length=1)
    source: str = Field(min_length=1)
    """Who publishes the entries, and under which name."""
    retrieved: Day
    """The day on which the entries were taken from the source."""
    owner: str | None = None
    entries: list[ListEntrySpec] = Field(max_length=ENTRIES_MAX)


@dataclass(frozen=True)
class ListEntry:
    """An entry, on the list while `from_us <= t < to_us` of event time in microseconds; None = open."""

    value: str
    from_us: int | None
    to_us: int | None
    note: str | None


@dataclass(frozen=True)
class NamedList:
    """One list with its provenance."""

    id: str
    title: str
    source: str
    retrieved: date
    entries: tuple[ListEntry, ...]
    file: YamlFile
    owner: str | None = None

    @cached_property
    def entries_of(self) -> Mapping[str, tuple[ListEntry, ...]]:
        """The entries of each value, which never overlap in time."""
        grouped: dict[str, tuple[ListEntry, ...]] = {}
        for entry in self.entries:
            grouped[entry.value] = (*grouped.get(entry.value, ()), entry)
        return grouped


def named_lists(files: Iterable[YamlFile], problems: list[Problem]) -> list[NamedList]:
    """Build the lists of some files; what is wrong with the others is noted."""
    lists = []
    for file in files:
        try:
            lists.append(_named_list(file))
        except RulesetError as error:
            problems += error.problems
    return lists


def _named_list(file: YamlFile) -> NamedList:
    spec = validated(file, ListFile)
    entries = tuple(
        ListEntry(each.value, day_us(each.from_), day_us(each.to), each.note) for each in spec.entries
    )
    problems = list(_overlaps(entries, file))
    if problems:
        raise RulesetError(problems)
    return NamedList(spec.id, spec.title, spec.source, spec.retrieved, entries, file, spec.owner)


def read_list(name: str, content: bytes) -> YamlFile:
    """Read the data of a list from YAML or CSV, by the end of its name."""
    return _Csv(name, content).file() if name.endswith(".csv") else read_yaml(name, content)


def _overlaps(entries: Sequence[ListEntry], file: YamlFile) -> Iterator[Problem]:
    """Yield a problem for each entry of a value that begins before an earlier one has ended."""
    of_value: dict[str, list[tuple[float, float, int]]] = {}
    for index, entry in enumerate(entries):
        start = -inf if entry.from_us is None else entry.from_us
        end = inf if entry.to_us is None else entry.to_us
        of_value.setdefault(entry.value, []).append((start, end, index))
    for value, spans in of_value.items():
        spans.sort(key=lambda span: (span[0], span[2]))
        for (_, end, earlier), (start, _, later) in pairwise(spans):
            if start < end:
                message = (
                    f"{value!r} is on the list twice at the same time: keep one entry, or part their days"
                )
                yield file.problem(("entries", max(earlier, later)), message)


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


class _Csv:
    """Reads a CSV list into the data that a YAML list of the same content gives."""

    def __init__(self, name: str, content: bytes) -> None:
        self._name = name
        self._lines = _lines(read_text(name, content, LIST_BYTES_MAX))
        self._places: dict[YamlPath, tuple[int, int]] = {}

    def file(self) -> YamlFile:
        """Return the data and their places."""
        data: dict[str, Any] = {}
        row = 0
        while row < len(self._lines) and self._lines[row].startswith("#"):
            key, value = self._provenance(row)
            if key in data:
                raise self._error(row, 1, "the key stands twice: keep one of them")
            data[key] = value
            self._places[(key,)] = (row + 1, 1)
            row += 1
        data["entries"] = list(self._entries(row))
        return YamlFile(self._name, data, self._places)

    def _provenance(self, row: int) -> tuple[str, str]:
        key, colon, value = self._lines[row].removeprefix("#").partition(":")
        key = key.strip()
        if not colon or key not in _PROVENANCE:
            remedy = did_you_mean(key, _PROVENANCE) or f"known are {', '.join(_PROVENANCE)}"
            raise self._error(row, 3, f"{key!r} is no key of a list, written `# key: value`: {remedy}")
        return key, value.strip()

    def _entries(self, row: int) -> Iterator[dict[str, str]]:
        reader = csv.reader(self._lines[row:], strict=True)
        try:
            header = next(reader, [])
            self._check_header(header, row)
            for number, cells in enumerate(filter(None, reader)):
                line = row + reader.line_num
                if len(cells) != len(header):
                    message = (
                        f"{len(cells)} cells under {len(header)} headings: quote commas, or add the missing"
                    )
                    raise self._error(line - 1, 1, message)
                self._note(number, header, cells, line)
                yield {key: cell for key, cell in zip(header, cells, strict=True) if cell or key == "value"}
        except csv.Error as error:
            raise self._error(row + reader.line_num - 1, 1, f"no CSV: {error}: correct the quotes") from None

    def _check_header(self, header: Sequence[str], row: int) -> None:
        for cell in header:
            if cell not in _HEADER or header.count(cell) > 1:
                remedy = did_you_mean(cell, _HEADER) or f"write {','.join(_HEADER)}"
                raise self._error(row, 1, f"{cell!r} is no heading of a list: {remedy}")
        if "value" not in header:
            raise self._error(row, 1, f"there is no heading `value`: write {','.join(_HEADER)}")

    def _note(self, number: int, header: Sequence[str], cells: Sequence[str], line: int) -> None:
        self._places[("entries", number)] = (line, 1)
        column = 1
        for key, cell in zip(header, cells, strict=True):
            self._places[("entries", number, key)] = (line, column)
            column += len(cell) + 1

    def _error(self, row: int, column: int, message: str) -> RulesetError:
        return RulesetError([Problem(self._name, row + 1, column, message)])

"""Reads one YAML file into plain data that remembers where everything stands.

YAML 1.2: `no`, `on` and `NO` are texts, so Norway stays a country. Duplicate keys, anchors and aliases are
refused: the first hide a mistake, the others can make a small file huge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent

from fraudstream.rules.errors import Problem, RulesetError

FILE_BYTES_MAX = 262_144
DEPTH_MAX = 50
NUMBER_MAX = 2**63
_Model = TypeVar("_Model", bound=BaseModel)
YamlPath = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""


@dataclass(frozen=True)
class YamlFile:
    """The data of a file, and the place of every key and item by its path."""

    name: str
    data: Mapping[str, Any]
    places: Mapping[YamlPath, tuple[int, int]]

    def problem(self, path: YamlPath, message: str, shift: int = 0) -> Problem:
        """Describe a fault at a path, or at the nearest part of the file that encloses it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                line, column = self.places[path[:length]]
                return Problem(self.name, line, column + (shift if length == len(path) else 0), message)
        return Problem(self.name, 1, 1, message)


def read_yaml(name: str, content: bytes) -> YamlFile:
    """Parse a file whose top level is a mapping; RulesetError says where it is not well-formed."""
    if len(content) > FILE_BYTES_MAX:
        raise _error(
            name, 1, 1, f"the file has {len(content)} bytes, at most {FILE_BYTES_MAX} are read: split it"
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(name, line, 1, f"byte {error.start} is not UTF-8: save the file as UTF-8") from None
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    try:
        _refuse_what_is_not_plain(name, text)
        data = yaml.load(text)
    except RulesetError:
        raise
    except DuplicateKeyError as error:
        raise _marked(name, error, "the key stands twice: keep one of them") from None
    except MarkedYAMLError as error:
        raise _marked(name, error, f"not well-formed YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise _error(name, 1, 1, f"not well-formed YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(data, CommentedMap):
        raise _error(name, 1, 1, "the file must be a mapping of keys to values")
    reader = _Reader(name)
    return YamlFile(name, reader.plain(data, ()), reader.places)


def _refuse_what_is_not_plain(name: str, text: str) -> None:
    """Raise RulesetError at the first anchor, alias, tag or merge key, or where nesting goes too deep."""
    depth = 0
    for event in YAML(typ="rt", pure=True).parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        message = _why_not_plain(event, depth)
        if message is not None:
            mark = event.start_mark
            raise _error(name, mark.line + 1, mark.column + 1, message)


def _why_not_plain(event: Any, depth: int) -> str | None:
    if depth > DEPTH_MAX:
        return f"nested more than {DEPTH_MAX} deep: flatten the file"
    if getattr(event, "anchor", None) is not None:
        return "anchors and aliases are not read: write the value out"
    if getattr(event, "tag", None) is not None:
        return "tags are not read: write the plain value"
    if isinstance(event, ScalarEvent) and event.value == "<<" and event.style is None:
        return "merge keys are not read: write the values out"
    return None


def _error(name: str, line: int, column: int, message: str) -> RulesetError:
    return RulesetError([Problem(name, line, column, message)])


def _marked(name: str, error: MarkedYAMLError, message: str) -> RulesetError:
    mark = error.problem_mark or error.context_mark
    return _error(name, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, message)


class _Reader:
    """Turns the parser's containers and scalars into plain ones, and notes where they stand."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.places: dict[YamlPath, tuple[int, int]] = {}

    def plain(self, value: Any, path: YamlPath) -> Any:
        """Return the plain form of a value."""
        if isinstance(value, CommentedMap):
            for key in value:
                self._note((*path, key), value.lc.key(key) if value[key] is None else value.lc.value(key))
            return {str(key): self.plain(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, CommentedSeq):
            for index in range(len(value)):
                self._note((*path, index), value.lc.item(index))
            return [self.plain(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, float | int) and not isinstance(value, bool):
            return self._number(value, path)
        if isinstance(value, datetime | date):
            return value.isoformat()
        return str(value) if isinstance(value, str) else value

    def _note(self, path: YamlPath, place: tuple[int, int]) -> None:
        self.places[path] = (place[0] + 1, place[1] + 1)

    def _number(self, value: float | int, path: YamlPath) -> float | int:
        if not isfinite(value) or abs(value) >= NUMBER_MAX:
            message = "no finite number of 64 bits: write a smaller one"
            raise _error(self._name, *self.places[path], message)
        return int(value) if isinstance(value, int) else float(value)


def _message(fault: ErrorDetails) -> str:
    """Say what is wrong with a field, in our words where the validator's name no remedy."""
    words = _MESSAGES.get(fault["type"])
    if words is None:
        return fault["msg"].removeprefix("Value error, ")
    return words.format(**fault.get("ctx", {}), given=repr(fault["input"])[:60])


_MESSAGES = {
    "missing": "the key is missing: add it",
    "extra_forbidden": "there is no such key: correct its spelling or remove it",
    "string_pattern_mismatch": "{given} does not fit {pattern}: correct it",
}


def validated(file: YamlFile, model: type[_Model]) -> _Model:
    """Build a model from a file's data; RulesetError lists every field that does not fit."""
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        problems = []
        for fault in error.errors():
            path = tuple(part for part in fault["loc"] if not str(part).startswith(("function-", "tagged-")))
            dotted = "".join(f"{part}." for part in path[:-1]) + f"{path[-1]}: " if path else ""
            problems.append(file.problem(path, dotted + _message(fault)))
        raise RulesetError(problems) from None
